//! The users that a file names, whatever its form.

use std::fs;
use std::io;
use std::path::Path;

use acs_broker_core::{Issuer, UniqueId};
use clap::ValueEnum;
use thiserror::Error;

use super::auth_hero;
use super::csv_file::{self, Columns};
use super::entry::Entry;
use crate::subject_file::SubjectFileError;
use crate::user_file::Header;
use crate::user_file::reader::{self, ExportFileError};
use crate::user_file::record_line::RecordLine;

/// Names a form that is not an export's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OtherForm {
    /// A table with a column of subjects and one of identities.
    Csv,
    /// Microsoft Graph's users with the open extension of Microsoft's authentication sample.
    AuthHero,
}

/// Says how a file is read.
#[derive(Debug)]
pub(crate) struct Form<'a> {
    /// `None` is an export.
    pub(crate) other: Option<OtherForm>,
    pub(crate) columns: &'a Columns,
    /// The issuer of users whose file does not name one.
    pub(crate) issuer: &'a Issuer,
}

/// Holds the users of a file.
pub(crate) struct Entries<'a> {
    pub(crate) total: u64,
    pub(crate) users: Box<dyn Iterator<Item = Entry> + 'a>,
    /// What the operator should know about the file.
    pub(crate) notice: Option<String>,
    /// Where an export comes from, as a clause.
    pub(crate) origin: String,
}

/// Tells why a file cannot be imported. Nothing was changed.
#[derive(Debug, Error)]
pub(crate) enum EntriesError {
    /// The file cannot be read.
    #[error("cannot be read")]
    Io(#[from] io::Error),
    /// An export comes through a pipe.
    #[error("is not a regular file: an export is read twice, so write it to a file first")]
    NotAFile,
    /// It is not a whole export.
    #[error(transparent)]
    Export(#[from] ExportFileError),
    /// It is not the CSV that the options describe.
    #[error(transparent)]
    Csv(#[from] SubjectFileError),
    /// It is not what Microsoft Graph returns.
    #[error("is not the JSON of Microsoft Graph's users: {0}")]
    AuthHero(#[from] serde_json::Error),
}

impl EntriesError {
    /// Returns whether the file itself is to blame.
    pub(crate) const fn is_usage(&self) -> bool {
        !matches!(self, Self::Io(_) | Self::Export(ExportFileError::Io(_)))
    }
}

/// Reads a file. An export is checked to its end first.
///
/// # Errors
/// The file as a whole is unusable. A single user who is unusable is an entry.
pub(crate) fn read<'a>(
    file: &Path,
    form: &Form<'a>,
    ids: &'a (dyn Fn() -> UniqueId + Sync),
) -> Result<Entries<'a>, EntriesError> {
    match form.other {
        None => {
            if !fs::metadata(file)?.is_file() {
                return Err(EntriesError::NotAFile);
            }
            let whole = reader::check(file)?;
            let notice = whole.end.next.is_some().then(|| {
                "The file is a part of an export: import the parts that follow, too.".to_owned()
            });
            let entries = reader::records(file)?.map(|(line, text)| {
                let row = RecordLine::parse(&text).and_then(|line| line.into_row(ids()));
                Entry { line, content: row.map_err(|error| error.to_string()) }
            });
            let Header { table, exported_at, .. } = whole.header;
            let origin = format!(", exported from {table} at {exported_at:.0},");
            Ok(Entries { total: whole.end.count, users: Box::new(entries), notice, origin })
        }
        Some(OtherForm::Csv) => {
            let text = fs::read_to_string(file)?;
            Ok(all(csv_file::parse(&text, form.columns, form.issuer)?, None))
        }
        Some(OtherForm::AuthHero) => {
            let text = fs::read(file)?;
            let users = auth_hero::parse(&text, form.issuer)?;
            let notice = users.notice();
            Ok(all(users.entries, Some(notice)))
        }
    }
}

fn all(entries: Vec<Entry>, notice: Option<String>) -> Entries<'static> {
    let total = u64::try_from(entries.len()).unwrap_or(u64::MAX);
    Entries { total, users: Box::new(entries.into_iter()), notice, origin: String::new() }
}
