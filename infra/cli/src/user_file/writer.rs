//! Writes an export, line by line.

use std::fmt::Write as _;
use std::io::{self, Write};

use acs_broker_core::{Record, RecordKey};
use sha2::{Digest as _, Sha256};

use super::record_line::RecordLine;
use super::{End, Header};

/// Writes an export, and counts and hashes what it writes.
pub(crate) struct UserFileWriter<W> {
    output: W,
    hash: Sha256,
    count: u64,
}

impl<W: Write> UserFileWriter<W> {
    /// Begins an export.
    pub(crate) fn begin(output: W, header: &Header) -> io::Result<Self> {
        let mut writer = Self { output, hash: Sha256::new(), count: 0 };
        writer.line(&serde_json::to_vec(header)?)?;
        Ok(writer)
    }

    /// Writes a record.
    pub(crate) fn record(&mut self, key: &RecordKey, record: &Record) -> io::Result<()> {
        self.count += 1;
        self.line(&serde_json::to_vec(&RecordLine::of(key, record))?)
    }

    /// Ends the export and returns the number of records. `next` is the key after which another
    /// part begins, where the export is not complete.
    pub(crate) fn end(mut self, next: Option<&RecordKey>) -> io::Result<u64> {
        let sha256 = hex(&self.hash.finalize());
        let next = next.map(RecordKey::to_text);
        let end = End { is_last: true, count: self.count, sha256, next };
        serde_json::to_writer(&mut self.output, &end)?;
        writeln!(self.output)?;
        self.output.flush()?;
        Ok(self.count)
    }

    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        for part in [line, b"\n"] {
            self.hash.update(part);
            self.output.write_all(part)?;
        }
        Ok(())
    }
}

/// Returns bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
