//! What becomes of a line of a file.

use super::decide::Decision;

/// Says what became of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LineOutcome {
    Created,
    Updated,
    /// The user has the new issuer now.
    CarriedOver,
    Equal,
    Kept,
    Conflict(String),
    Refused(String),
    Failed(String),
    /// The row got an identity that another row got at the same time, and gave it back.
    TakenBack {
        was: Box<Self>,
        why: String,
    },
}

/// Is a line with its outcome.
#[derive(Debug)]
pub(crate) struct ImportedLine {
    pub(crate) line: u64,
    pub(crate) outcome: LineOutcome,
}

/// Returns the outcome of a decision that changes nothing.
pub(super) fn unchanged(decision: &Decision) -> LineOutcome {
    match decision {
        Decision::Equal => LineOutcome::Equal,
        Decision::Conflict(why) => LineOutcome::Conflict((*why).to_owned()),
        Decision::Kept | Decision::Create(_) | Decision::Update { .. } => LineOutcome::Kept,
    }
}
