//! The state file: one line with the resource, then one line per change.
//!
//! Lines are only ever appended, so a process that is killed leaves at most a torn last line. That
//! line's request never got a response. The next start cuts the line off.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::state::journal_entry::JournalEntry;
use crate::state::resource::{Resource, ResourceError};

/// A state file open for appending. It is locked: no second emulator can open it.
#[derive(Debug)]
pub struct Journal {
    file: File,
    /// The number of bytes in whole lines.
    length: u64,
    /// Whether a partial line may follow them. A further line after it would be unreadable.
    torn: bool,
    /// The empty file that this one replaced. Another emulator may have opened it just before, so
    /// its lock is kept too.
    _replaced: Option<File>,
}

/// An open state file and its contents.
#[derive(Debug)]
pub struct OpenedJournal {
    /// The file, ready for further entries.
    pub journal: Journal,
    /// The resource of the file's first line.
    pub resource: Resource,
    /// The entries since, for [`Emulator::replay`](crate::Emulator::replay).
    pub entries: Vec<JournalEntry>,
}

/// A state file cannot be opened. It is left as it was.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process has it open.
    #[error("another process uses the state file {}", .0.display())]
    Locked(PathBuf),
    /// A line does not belong into a state file. The error does not quote the line: the first
    /// holds keys.
    #[error(
        "{} is not a state file or is damaged: line {line}, column {column}: {category:?} error",
        path.display()
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
        /// The kind of mistake.
        category: Category,
    },
    /// The file system reports an error.
    #[error("the state file {} cannot be used", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// The resource for a new file cannot be made.
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
    ) -> Result<OpenedJournal, JournalError> {
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
            return Ok(OpenedJournal { journal, resource, entries: Vec::new() });
        }

        let mut lines = text.split_inclusive(|byte| *byte == b'\n').zip(1..);
        let first = lines.next().map_or(&[][..], |(line, _)| line);
        // A first line without its end may be some other file's text, so it does not parse.
        let resource = parse(first.strip_suffix(b"\n").unwrap_or_default(), 1, path)?;
        let mut length = first.len() as u64;
        let mut entries = Vec::new();
        for (line, number) in lines {
            // Only the last line can be torn; its request never got a response.
            let Some(whole) = line.strip_suffix(b"\n") else { break };
            entries.push(parse(whole, number, path)?);
            length += line.len() as u64;
        }
        file.set_len(length).map_err(failed)?;
        // The file may have come from elsewhere with wider permissions.
        #[cfg(unix)]
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .map_err(failed)?;
        let journal = Self { file, length, torn: false, _replaced: None };
        Ok(OpenedJournal { journal, resource, entries })
    }

    /// Writes all entries or none. They survive a crash of the process, not of the machine.
    ///
    /// # Errors
    /// The file system's error. If a partial line cannot be removed, every further entry is
    /// refused: it would be unreadable at the next start.
    pub fn append(&mut self, entries: &[JournalEntry]) -> io::Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        if self.torn {
            return Err(io::Error::other("the file ends with a partial line of an earlier change"));
        }
        let mut text = Vec::new();
        for entry in entries {
            text.extend(line(entry)?);
        }
        if let Err(error) = self.file.write_all(&text) {
            self.torn = self.file.set_len(self.length).is_err();
            return Err(error);
        }
        self.length += text.len() as u64;
        Ok(())
    }
}

/// Replaces an empty file with a state file: with its whole first line or not at all.
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

/// Options for appending, so that a line follows the last whole one after a partial line was cut.
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

    /// After a partial line that cannot be removed, further entries are refused.
    #[test]
    fn partial_line_blocks_further_entries() {
        // This file takes no bytes and cannot be cut.
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut journal = Journal { file: full, length: 0, torn: false, _replaced: None };
        let entry = [JournalEntry::ClockAdvanced { seconds: 1 }];
        assert_eq!(journal.append(&entry).unwrap_err().kind(), io::ErrorKind::StorageFull);

        journal.file = tempfile::tempfile().unwrap();

        assert!(journal.append(&entry).is_err());
        assert_eq!(journal.file.metadata().unwrap().len(), 0);
        assert!(journal.append(&[]).is_ok(), "requests that change nothing still succeed");
    }
}
