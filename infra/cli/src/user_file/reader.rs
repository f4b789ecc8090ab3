//! Reads an export: first all of it, to see that it is whole, then line by line.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::writer::hex;
use super::{End, FORMAT, Header, VERSION};

/// No record is as long as this.
const MAX_LINE_BYTES: u64 = 64 * 1024;

/// Is an export that is whole.
#[derive(Debug)]
pub(crate) struct WholeExport {
    pub(crate) header: Header,
    pub(crate) end: End,
}

/// Tells why a file is not a whole export.
#[derive(Debug, Error)]
pub(crate) enum ExportFileError {
    /// The file cannot be read.
    #[error("cannot be read")]
    Io(#[from] io::Error),
    /// The first line is not a header.
    #[error("line 1: is not the header of an export")]
    Header,
    /// Another version of this tool wrote the file.
    #[error("line 1: version: must be {VERSION}, and is {0}")]
    Version(u32),
    /// The last line is not an end: the file is cut off, or is not finished yet.
    #[error("line {0}: is not the end of an export: the file is cut off")]
    NoEnd(u64),
    /// The number of records differs from what the end says.
    #[error("the end says {said} records, and there are {found}")]
    Count { said: u64, found: u64 },
    /// The bytes differ from those that were written.
    #[error("the SHA-256 differs from the one at the end: the file was changed")]
    Changed,
    /// A line has no end.
    #[error("line {0}: is longer than any record")]
    LongLine(u64),
}

/// Reads the whole file.
///
/// # Errors
/// The file is not a whole export. Nothing of it may be used.
pub(crate) fn check(file: &Path) -> Result<WholeExport, ExportFileError> {
    let mut lines = Lines::open(file)?;
    let first = lines.next()?.ok_or(ExportFileError::Header)?;
    let header: Header = serde_json::from_slice(&first).map_err(|_| ExportFileError::Header)?;
    if header.format != FORMAT {
        return Err(ExportFileError::Header);
    }
    if header.version != VERSION {
        return Err(ExportFileError::Version(header.version));
    }
    let mut hash = Sha256::new();
    let (mut last, mut found) = (first, 0);
    while let Some(line) = lines.next()? {
        hash.update(&last);
        last = line;
        found += 1;
    }
    // The end itself is not a record.
    let found = u64::saturating_sub(found, 1);
    let end = serde_json::from_slice::<End>(&last);
    let end = end.map_err(|_| ExportFileError::NoEnd(lines.number))?;
    if end.count != found {
        return Err(ExportFileError::Count { said: end.count, found });
    }
    if end.sha256 != hex(&hash.finalize()) {
        return Err(ExportFileError::Changed);
    }
    Ok(WholeExport { header, end })
}

/// Returns the records of an export that was checked, with the numbers of their lines.
pub(crate) fn records(
    file: &Path,
) -> Result<impl Iterator<Item = (u64, Vec<u8>)> + use<>, ExportFileError> {
    let mut lines = Lines::open(file)?;
    lines.next()?;
    let mut ahead = lines.next()?;
    Ok(std::iter::from_fn(move || {
        let line = ahead.take()?;
        let number = lines.number;
        // The last line is the end. A file that cannot be read any more ends there.
        ahead = lines.next().ok().flatten();
        ahead.is_some().then_some((number, line))
    }))
}

struct Lines {
    file: BufReader<File>,
    number: u64,
}

impl Lines {
    fn open(file: &Path) -> io::Result<Self> {
        Ok(Self { file: BufReader::new(File::open(file)?), number: 0 })
    }

    /// Returns the next line with its line break.
    fn next(&mut self) -> Result<Option<Vec<u8>>, ExportFileError> {
        let mut line = Vec::new();
        self.file.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        if u64::try_from(line.len()).is_ok_and(|length| length >= MAX_LINE_BYTES) {
            return Err(ExportFileError::LongLine(self.number));
        }
        Ok(Some(line))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use acs_broker_core::{Record, RecordKey};
    use tempfile::NamedTempFile;

    use super::*;
    use crate::testing::now;
    use crate::user_file::writer::UserFileWriter;

    fn header(version: u32) -> Header {
        Header {
            format: FORMAT.to_owned(),
            version,
            issuer: "https://idp.example".to_owned(),
            resource: None,
            table: "users".to_owned(),
            exported_at: now(),
            after: None,
        }
    }

    fn export(version: u32) -> String {
        let mut file = Vec::new();
        let mut writer = UserFileWriter::begin(&mut file, &header(version)).unwrap();
        for subject in ["alice", "bob"] {
            let issuer = "https://idp.example".parse().unwrap();
            let key = RecordKey::user(issuer, subject.parse().unwrap());
            writer.record(&key, &Record::default()).unwrap();
        }
        writer.end(None).unwrap();
        String::from_utf8(file).unwrap()
    }

    fn file(text: &str) -> NamedTempFile {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    /// A whole export is read back, each record with the number of its line.
    #[test]
    fn whole_export_is_read() {
        let file = file(&export(VERSION));
        assert_eq!(check(file.path()).unwrap().end.count, 2);
        let lines: Vec<_> = records(file.path()).unwrap().map(|(line, _)| line).collect();
        assert_eq!(lines, [2, 3]);
    }

    /// A file that lost a part, or that somebody has changed, is refused as a whole.
    #[test]
    fn damaged_export_is_refused() {
        let whole = export(VERSION);
        let lines: Vec<_> = whole.lines().collect();
        for (text, rule) in [
            (String::new(), "line 1: is not the header of an export"),
            (lines[1..].join("\n"), "line 1: is not the header of an export"),
            (export(2), "line 1: version: must be 1, and is 2"),
            (lines[..3].join("\n"), "line 3: is not the end of an export: the file is cut off"),
            ([lines[0], lines[1], lines[3]].join("\n"), "the end says 2 records, and there are 1"),
            (
                whole.replace("bob", "eve"),
                "the SHA-256 differs from the one at the end: the file was changed",
            ),
            ("x".repeat(70_000), "line 1: is longer than any record"),
        ] {
            let error = check(file(&text).path()).unwrap_err();
            assert_eq!(error.to_string(), rule);
        }
    }
}
