use acs_broker_store_dynamodb::Subject;
use jiff::Timestamp;

use crate::event::Action;
use crate::ignored::Reason;

/// What a provider's own form of event says; what holds for all of them is still to be checked.
pub(crate) enum Finding<'a> {
    Change {
        kind: &'static str,
        action: Action,
        id: &'a str,
        /// `None` when the event does not say whom it is about.
        subject: Option<Subject>,
        occurred_at: Timestamp,
    },
    Ignored {
        kind: &'a str,
        reason: Reason,
    },
}

/// The row of a table of kinds.
pub(crate) fn row<T: Copy>(
    table: &'static [(&'static str, T)],
    kind: &str,
) -> Option<(&'static str, T)> {
    table.iter().find(|(known, _)| *known == kind).copied()
}
