//! The state file: one line that says what the resource is made of, then one line per change.
//!
//! Lines are only ever appended, so a process that is killed leaves at most a torn last line. That
//! line's request was never answered; it is cut off at the next start.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::change::Change;
use crate::resource::{Resource, ResourceError};

/// A state file open for appending. It is locked: no second emulator can open it.
#[derive(Debug)]
pub struct Journal {
    file: File,
    /// The bytes of the whole lines.
    length: u64,
    /// Whether half a line may stand behind them, which a further line would make unreadable.
    torn: bool,
    /// The empty file that this one took the place of. Another emulator may have opened it just
    /// before, so its lock is kept too.
    _replaced: Option<File>,
}

/// What a state file held.
#[derive(Debug)]
pub struct Opened {
    /// Where further changes go.
    pub journal: Journal,
    /// What the resource is made of.
    pub resource: Resource,
    /// What has happened to it since, for [`Emulator::replay`](crate::Emulator::replay).
    pub changes: Vec<Change>,
}

/// A state file cannot be opened; it is left as it was.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process has it open.
    #[error("another process uses the state file {}", .0.display())]
    Locked(PathBuf),
    /// A line is none of a state file. What is in the line is not told: the first holds keys.
    #[error(
        "{} is not a state file or is damaged: line {line}, column {column}: {category:?} error",
        path.display()
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// What kind of mistake.
        category: Category,
    },
    /// What the file system says.
    #[error("the state file {} cannot be used", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// There is no resource to begin a new file with.
    #[error("a new resource cannot be made")]
    Make(#[source] ResourceError),
}

impl JournalError {
    /// Whether another process has the file open.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        matches!(self, Self::Locked(_))
    }
}

impl Journal {
    /// Opens a state file. A new or empty one begins with the resource that `make` makes. On Unix
    /// only its owner may read it: it holds keys.
    ///
    /// # Errors
    /// [`JournalError`]. A file that is not a state file is never changed.
    pub fn open(
        path: &Path,
        make: impl FnOnce() -> Result<Resource, ResourceError>,
    ) -> Result<Opened, JournalError> {
        let failed = |source| JournalError::File(path.to_owned(), source);
        let mut file = options().open(path).map_err(failed)?;
        file.try_lock().map_err(|error| match error {
            std::fs::TryLockError::WouldBlock => JournalError::Locked(path.to_owned()),
            std::fs::TryLockError::Error(source) => failed(source),
        })?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(failed)?;
        if text.is_empty() {
            let resource = make().map_err(JournalError::Make)?;
            let journal = begin(path, &resource, file).map_err(failed)?;
            return Ok(Opened { journal, resource, changes: Vec::new() });
        }

        let mut lines = text.split_inclusive(|byte| *byte == b'\n').zip(1..);
        let first = lines.next().map_or(&[][..], |(line, _)| line);
        // Without its end the first line may be anybody's text.
        let resource = parse(first.strip_suffix(b"\n").unwrap_or_default(), 1, path)?;
        let mut length = first.len() as u64;
        let mut changes = Vec::new();
        for (line, number) in lines {
            let Some(whole) = line.strip_suffix(b"\n") else { break };
            changes.push(parse(whole, number, path)?);
            length += line.len() as u64;
        }
        file.set_len(length).map_err(failed)?;
        #[cfg(unix)]
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .map_err(failed)?;
        let journal = Self { file, length, torn: false, _replaced: None };
        Ok(Opened { journal, resource, changes })
    }

    /// Writes changes down, all or none. They survive the end of the process, not of the machine.
    ///
    /// # Errors
    /// Whatever the file system says. If half a line cannot be taken back, every further change is
    /// refused: it would be unreadable at the next start.
    pub fn append(&mut self, changes: &[Change]) -> io::Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        if self.torn {
            return Err(io::Error::other("half a line of an earlier change is in the way"));
        }
        let mut text = Vec::new();
        for change in changes {
            text.extend(line(change)?);
        }
        if let Err(error) = self.file.write_all(&text) {
            self.torn = self.file.set_len(self.length).is_err();
            return Err(error);
        }
        self.length += text.len() as u64;
        Ok(())
    }
}

/// Begins a state file in the place of an empty one: with its whole first line or not at all.
fn begin(path: &Path, resource: &Resource, empty: File) -> io::Result<Journal> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    // On Unix only its owner may read it.
    let mut unfinished = tempfile::Builder::new()
        .prefix(".acs-emulator-")
        .append(true)
        .tempfile_in(folder.unwrap_or(Path::new(".")))?;
    let text = line(resource)?;
    unfinished.write_all(&text)?;
    unfinished.as_file().try_lock()?;
    let file = unfinished.persist(path).map_err(|error| error.error)?;
    Ok(Journal { file, length: text.len() as u64, torn: false, _replaced: Some(empty) })
}

/// Appending, so that a line goes behind the last whole one after another was taken back.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn line(content: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(content)?;
    text.push(b'\n');
    Ok(text)
}

fn parse<T: DeserializeOwned>(text: &[u8], line: usize, path: &Path) -> Result<T, JournalError> {
    serde_json::from_slice(text).map_err(|error| JournalError::Malformed {
        path: path.to_owned(),
        line,
        column: error.column(),
        category: error.classify(),
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn behind_half_a_line_that_stays_nothing_is_written() {
        // Neither takes a byte nor can be cut.
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut journal = Journal { file: full, length: 0, torn: false, _replaced: None };
        let change = [Change::ClockAdvanced { seconds: 1 }];
        assert_eq!(journal.append(&change).unwrap_err().kind(), io::ErrorKind::StorageFull);

        journal.file = tempfile::tempfile().unwrap();

        assert!(journal.append(&change).is_err());
        assert_eq!(journal.file.metadata().unwrap().len(), 0);
        assert!(journal.append(&[]).is_ok(), "who only reads is served");
    }
}
