//! The state file: one line that says what the resource is made of, then one line per change.
//!
//! Lines are only ever appended, so a process that is killed leaves at most a torn last line. That
//! line's request was never answered; it is cut off at the next start.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::change::Change;
use crate::resource::Resource;

/// A state file open for appending. It is locked: no second emulator can open it.
#[derive(Debug)]
pub struct Journal {
    file: File,
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

impl Journal {
    /// Opens a state file. A new one begins with the resource that `make` makes. On Unix only its
    /// owner may read it: it holds keys.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] when another process has it open, [`ErrorKind::InvalidData`]
    /// with the number of a line that is no line of a state file, whatever `make` and the file
    /// system say.
    pub fn open(path: &Path, make: impl FnOnce() -> io::Result<Resource>) -> io::Result<Opened> {
        let mut file = options().open(path)?;
        file.try_lock().map_err(io::Error::from)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        text.truncate(whole);
        file.set_len(whole as u64)?;
        file.seek(SeekFrom::End(0))?;

        let mut journal = Self { file };
        let mut lines = text.split_inclusive(|byte| *byte == b'\n').zip(1..);
        let resource = if let Some((line, number)) = lines.next() {
            parse(line, number)?
        } else {
            let resource = make()?;
            journal.write(&resource)?;
            resource
        };
        let changes = lines.map(|(line, number)| parse(line, number)).collect::<Result<_, _>>()?;
        Ok(Opened { journal, resource, changes })
    }

    /// Writes changes down. They survive the end of the process, not of the machine.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn append(&mut self, changes: &[Change]) -> io::Result<()> {
        changes.iter().try_for_each(|change| self.write(change))
    }

    fn write(&mut self, line: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.file.write_all(&text)
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn parse<T: DeserializeOwned>(line: &[u8], number: usize) -> io::Result<T> {
    serde_json::from_slice(line).map_err(|error| {
        // Serde's text may quote the line, and the first line holds keys.
        let (kind, column) = (error.classify(), error.column());
        let text = format!("line {number} of the state file: {kind:?} error at column {column}");
        io::Error::new(ErrorKind::InvalidData, text)
    })
}
