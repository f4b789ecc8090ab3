//! Files of subjects: CSV, or one subject a line.

use acs_broker_core::{KeyError, Subject};
use csv::{ReaderBuilder, StringRecord};
use thiserror::Error;

/// Tells why a file of subjects is refused.
#[derive(Debug, Error)]
pub(crate) enum SubjectFileError {
    /// The file has no subject.
    #[error("there is no subject in the file")]
    Empty,
    /// The header does not have the column.
    #[error("there is no column {name}; the first line has {}", columns.join(", "))]
    NoColumn { name: String, columns: Vec<String> },
    /// The header has the column twice, so the subject's column is unknown.
    #[error("there are two columns {0}")]
    ColumnTwice(String),
    /// The CSV reader fails.
    #[error("is not CSV")]
    Csv(#[from] csv::Error),
    /// A line is not as the others are, or its subject is invalid.
    #[error("line {line}")]
    Line {
        line: usize,
        #[source]
        source: LineError,
    },
}

/// Tells why a line is refused.
#[derive(Debug, Error)]
pub(crate) enum LineError {
    /// A value without quotes has white space at its ends: it may belong to the subject, or not.
    #[error("white space stands around the value: remove it, or put quotes around the whole value")]
    Padding,
    /// The value is not a subject.
    #[error(transparent)]
    Subject(#[from] KeyError),
    /// A quote is neither around a whole value nor doubled inside one.
    #[error("a quote must stand around a whole value, and be doubled inside one")]
    Quote,
    /// The line has more or fewer values than the first one.
    #[error("has {found} columns and the first line {expected}; put quotes around a comma's value")]
    Columns { found: usize, expected: usize },
}

/// Holds the content of a file of subjects.
#[derive(Debug)]
pub(crate) struct SubjectFile {
    pub(crate) subjects: Vec<Subject>,
    /// The number of columns.
    pub(crate) columns: usize,
}

/// Is a line with its values.
pub(crate) struct Row {
    pub(crate) line: usize,
    pub(crate) values: Vec<Value>,
}

/// Is a value of a line.
pub(crate) struct Value {
    /// The value, without white space around it unless it was quoted.
    pub(crate) text: String,
    /// Whether white space was cut off.
    pub(crate) is_padded: bool,
}

impl SubjectFile {
    /// Parses the first column; or the column of this name, and then the first line is the header.
    pub(crate) fn parse(text: &str, column: Option<&str>) -> Result<Self, SubjectFileError> {
        let rows = rows(text)?;
        let columns = rows.first().map_or(0, |row| row.values.len());
        let (index, rows) = match (column, rows.split_first()) {
            (Some(name), Some((header, rows))) => (find_column(name, &header.values)?, rows),
            _ => (0, rows.as_slice()),
        };
        let mut subjects = Vec::new();
        for Row { line, values } in rows {
            let line_error = |source| SubjectFileError::Line { line: *line, source };
            if values.len() != columns {
                let (found, expected) = (values.len(), columns);
                return Err(line_error(LineError::Columns { found, expected }));
            }
            let value = values.get(index);
            if value.is_some_and(|value| value.is_padded) {
                return Err(line_error(LineError::Padding));
            }
            let value = value.map(|value| value.text.as_str()).unwrap_or_default();
            subjects.push(value.parse().map_err(|error| line_error(LineError::Subject(error)))?);
        }
        if subjects.is_empty() {
            return Err(SubjectFileError::Empty);
        }
        Ok(Self { subjects, columns })
    }
}

/// Returns the place of a column in the header.
pub(crate) fn find_column(name: &str, header: &[Value]) -> Result<usize, SubjectFileError> {
    let mut found = header.iter().enumerate().filter(|(_, column)| column.text == name);
    match (found.next(), found.next()) {
        (Some((index, _)), None) => Ok(index),
        (Some(_), Some(_)) => Err(SubjectFileError::ColumnTwice(name.to_owned())),
        (None, _) => {
            let columns = header.iter().map(|column| column.text.clone()).collect();
            Err(SubjectFileError::NoColumn { name: name.to_owned(), columns })
        }
    }
}

/// Returns the rows that are not empty, with the numbers of their lines.
pub(crate) fn rows(text: &str) -> Result<Vec<Row>, SubjectFileError> {
    // Editors and spreadsheets add a byte order mark, and end lines in three ways.
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let (mut rows, mut record) = (Vec::new(), StringRecord::new());
    let (mut start, mut lines_before) = (0, 0);
    while reader.read_record(&mut record)? {
        let end = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
        let chunk = text.get(start..end).unwrap_or_default();
        // The reader skips empty lines before a record without counting them.
        let empty_lines = chunk.len() - chunk.trim_start_matches('\n').len();
        let line = lines_before + empty_lines + 1;
        (start, lines_before) = (end, lines_before + chunk.matches('\n').count());
        let raw = chunk.trim_matches('\n');
        if raw.trim().is_empty() {
            continue;
        }
        let source = LineError::Quote;
        let values = values(raw, &record).ok_or(SubjectFileError::Line { line, source })?;
        rows.push(Row { line, values });
    }
    Ok(rows)
}

/// Returns the values of a record: a quoted one as it is, another without white space around it.
///
/// `None` if a quote stands anywhere else. The reader is lenient there: it takes `"alice"x` for
/// `alicex`, and a quote behind a blank for a part of the value, which are other users.
fn values(raw: &str, record: &StringRecord) -> Option<Vec<Value>> {
    let mut rest = raw;
    let mut values = Vec::new();
    for (index, field) in record.iter().enumerate() {
        if index > 0 {
            rest = rest.strip_prefix(',')?;
        }
        let quoted = format!("\"{}\"", field.replace('"', "\"\""));
        if let Some(after) = rest.strip_prefix(&quoted) {
            rest = after;
            values.push(Value { text: field.to_owned(), is_padded: false });
        } else {
            rest = rest.strip_prefix(field).filter(|_| !field.contains('"'))?;
            let text = field.trim().to_owned();
            values.push(Value { is_padded: text != *field, text });
        }
    }
    rest.is_empty().then_some(values)
}

#[cfg(test)]
mod tests;
