//! Users from CSV: a column of subjects and one of identities.

use acs_broker_core::{BoundIdentity, EpochSeconds, IdentityState, Issuer, Record, RecordKey};
use clap::Args;

use super::entry::Entry;
use crate::subject_file::{LineError, Row, SubjectFileError, find_column, rows};

/// Maps a CSV file's columns.
#[derive(Clone, Debug, Args)]
pub(crate) struct Columns {
    /// The column of a CSV file with the subjects
    #[arg(long, value_name = "NAME", default_value = "subject")]
    pub(crate) subject_column: String,

    /// The column of a CSV file with the ACS identities
    #[arg(long, value_name = "NAME", default_value = "identity")]
    pub(crate) identity_column: String,
}

/// Returns the users of a CSV file whose first line names the columns.
///
/// # Errors
/// The file is not CSV, or lacks a column.
pub(crate) fn parse(
    text: &str,
    columns: &Columns,
    issuer: &Issuer,
) -> Result<Vec<Entry>, SubjectFileError> {
    let rows = rows(text)?;
    let Some((header, rows)) = rows.split_first() else { return Err(SubjectFileError::Empty) };
    let subject = find_column(&columns.subject_column, &header.values)?;
    let identity = find_column(&columns.identity_column, &header.values)?;
    let entry = |Row { line, values }: &Row| {
        let value =
            |index: usize| values.get(index).map(|value| value.text.as_str()).unwrap_or_default();
        let is_padded = |index: usize| values.get(index).is_some_and(|value| value.is_padded);
        let content = if is_padded(subject) {
            Err(LineError::Padding.to_string())
        } else if values.len() == header.values.len() {
            row(issuer, value(subject), value(identity))
        } else {
            let (found, expected) = (values.len(), header.values.len());
            Err(format!("has {found} columns and the first line {expected}"))
        };
        Entry { line: u64::try_from(*line).unwrap_or(u64::MAX), content }
    };
    Ok(rows.iter().map(entry).collect())
}

/// Returns the row of a user of whom only the identity is known. The sign-in behind it counts as
/// older than every event.
pub(super) fn row(
    issuer: &Issuer,
    subject: &str,
    identity: &str,
) -> Result<(RecordKey, Record), String> {
    let subject = subject.parse().map_err(|error| format!("{error}"))?;
    let identity = identity.parse().map_err(|error| format!("identity: {error}"))?;
    let bound = BoundIdentity::new(identity, EpochSeconds(0));
    let record = Record { identity: IdentityState::Bound(bound), ..Record::default() };
    Ok((RecordKey::user(issuer.clone(), subject), record))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::subject;

    fn columns() -> Columns {
        Columns { subject_column: "user_id".to_owned(), identity_column: "acs_id".to_owned() }
    }

    fn issuer() -> Issuer {
        "https://idp.example".parse().unwrap()
    }

    /// A table that another service kept becomes users, whatever else it has.
    #[test]
    fn columns_are_found_by_name() {
        let text = "name,acs_id,user_id\n\"A, B\",8:acs:a_b,alice\nC,,bob\nD,8:acs:a_d\n";
        let entries = parse(text, &columns(), &issuer()).unwrap();
        let (key, record) = entries[0].content.as_ref().unwrap();
        assert_eq!(*key, RecordKey::user(issuer(), subject("alice")));
        assert_eq!(record.bound().unwrap().id.as_ref(), "8:acs:a_b");
        let rules: Vec<_> = entries[1..]
            .iter()
            .map(|e| (e.line, e.content.as_ref().unwrap_err().as_str()))
            .collect();
        assert_eq!(rules[0].0, 3);
        assert!(rules[0].1.starts_with("identity: an identity id is"), "{rules:?}");
        assert_eq!(rules[1], (4, "has 2 columns and the first line 3"));
    }

    /// A blank may belong to the subject, and then it is another user.
    #[test]
    fn padded_subject_is_refused() {
        let entries = parse("acs_id,user_id\n8:acs:a_b, alice\n", &columns(), &issuer()).unwrap();
        let rule = entries[0].content.as_ref().unwrap_err();
        assert!(rule.starts_with("white space stands around"), "{rule}");
    }

    /// A column that is not there is named, with those that are.
    #[test]
    fn missing_column_is_named() {
        let error = parse("a,b\n1,2\n", &columns(), &issuer()).unwrap_err();
        assert_eq!(error.to_string(), "there is no column user_id; the first line has a, b");
    }
}
