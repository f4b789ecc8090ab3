//! Rows that this version cannot read: what a report says of them.

use std::fmt;

use serde::Serialize;

use crate::exit::Exit;
use crate::text_table::columns;

/// The table lists so many rows; JSON has them all.
const MAX_LISTED: usize = 20;
const REMEDY: &str = "\
A newer version wrote them, or somebody by hand: use that version of the tool, or mend the rows.";

/// Is a row that a command passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct UnreadableRow {
    pub(crate) key: String,
    pub(crate) why: String,
}

impl From<acs_broker_core::UnreadableRow> for UnreadableRow {
    fn from(row: acs_broker_core::UnreadableRow) -> Self {
        Self { key: row.key.to_text(), why: row.why }
    }
}

/// Returns the exit code of a command that would end with `exit` if it could read every row.
pub(crate) fn exit_with(unreadable: &[UnreadableRow], exit: Exit) -> Exit {
    if exit == Exit::Done && !unreadable.is_empty() { Exit::Partial } else { exit }
}

/// Is the paragraph of a report about the rows that were passed over; empty without any.
#[derive(Debug)]
pub(crate) struct Paragraph<'a>(pub(crate) &'a [UnreadableRow]);

impl fmt::Display for Paragraph<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        if count == 0 {
            return Ok(());
        }
        let rows = self.0.iter().take(MAX_LISTED).map(|row| [row.key.clone(), row.why.clone()]);
        write!(f, "\n{}", columns(Some(["UNREADABLE ROW", "WHY"]), rows))?;
        let more = count.saturating_sub(MAX_LISTED);
        if more > 0 {
            writeln!(f, "… and {more} more")?;
        }
        writeln!(f, "\n{count} unreadable, and passed over. {REMEDY}")
    }
}
