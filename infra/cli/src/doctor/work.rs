//! The checks of work that is left.

use acs_broker_config::error_chain;
use acs_broker_core::{Record, RecordKey};

use super::Tools;
use super::check::{Check, Finding, Group};
use super::facts::Facts;
use crate::import::owners::Owners;
use crate::text_table::duration;
use crate::unreadable::UnreadableRow;

/// An outage of ACS is shorter, as a rule.
const MAX_PENDING_SECONDS: i64 = 3600;
/// The sweep runs each minute.
const MAX_OVERDUE_SECONDS: i64 = 300;
/// `list` names them all.
const MAX_NAMED_ROWS: usize = 3;

/// Counts what is left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) pending: usize,
    pub(super) oldest_seconds: i64,
    pub(super) overdue_seconds: i64,
    pub(super) orphans: usize,
    pub(super) unconfirmed: u32,
}

/// Returns the checks of work that is left; they read the table once.
pub(super) fn checks<'a>(facts: &'a Facts, tools: &'a Tools) -> Vec<Check<'a>> {
    vec![Check::new(Group::Work, "work.pending", async move {
        let now = (tools.clock)().as_second();
        let mut left = Left::default();
        let (mut owners, mut shared) = (Owners::default(), Vec::new());
        let count = |key: RecordKey, record: Record| {
            left.count(&key, &record, now);
            let identity = record.bound().map(|bound| &bound.id);
            shared.extend(identity.filter(|id| !owners.claim(id, &key)).map(ToString::to_string));
            None::<()>
        };
        match facts.records.scan(count).await {
            Ok(scanned) => match scanned.unreadable.as_slice() {
                [] if !shared.is_empty() => shared_identities(&shared, &facts.command),
                [] => judge(left, &facts.command),
                unreadable => unreadable_rows(unreadable),
            },
            Err(error) => Finding::fail(
                error_chain(&error),
                "The table cannot be read.",
                "Give this identity dynamodb:Scan on the table.",
            ),
        }
    })]
}

impl Left {
    pub(super) fn count(&mut self, key: &RecordKey, record: &Record, now: i64) {
        self.unconfirmed += record.unconfirmed_identities;
        if let Some(due) = record.due_at() {
            self.overdue_seconds = self.overdue_seconds.max(now - due.as_second());
        }
        let Some(pending) = record.pending() else { return };
        self.pending += 1;
        self.oldest_seconds = self.oldest_seconds.max(now - pending.accepted_at.as_second());
        self.orphans += usize::from(matches!(key, RecordKey::Orphan(_)));
    }
}

/// Judges identities that several rows have.
pub(super) fn shared_identities(identities: &[String], command: &str) -> Finding {
    let named: Vec<_> = identities.iter().take(MAX_NAMED_ROWS).map(String::as_str).collect();
    Finding::fail(
        format!("{} identities have two users each: {}", identities.len(), named.join(", ")),
        "Each of the two can read and delete the chats of the other.",
        format!("{command}list --search IDENTITY, then delete both users: each gets a new one."),
    )
}

/// Judges rows that cannot be read.
pub(super) fn unreadable_rows(rows: &[UnreadableRow]) -> Finding {
    let named = rows.iter().take(MAX_NAMED_ROWS).map(|row| format!("{}: {}", row.key, row.why));
    let named = named.collect::<Vec<_>>().join("; ");
    Finding::fail(
        format!("{} rows of the table are unreadable: {named}", rows.len()),
        "Their users get no token, and no revocation of all users reaches them.",
        "A newer version wrote them, or somebody by hand: deploy that version, or mend the rows.",
    )
}

/// Judges what is left.
pub(super) fn judge(left: Left, command: &str) -> Finding {
    let Left { pending, oldest_seconds, overdue_seconds, orphans, unconfirmed } = left;
    let found = format!("{pending} operations pending, {orphans} of them orphans");
    if overdue_seconds > MAX_OVERDUE_SECONDS {
        return Finding::fail(
            format!("{found}; the sweep is {} late", duration(overdue_seconds)),
            "The sweep does not run: what ACS refused once is never tried again.",
            "Look at the function sweep: its schedule and its log (docs/runbook.md).",
        );
    }
    if oldest_seconds > MAX_PENDING_SECONDS {
        return Finding::warn(
            format!("{found}; the oldest for {}", duration(oldest_seconds)),
            "Tokens that should be dead live until then.",
            format!("{command}list --state revocation-pending --state deletion-pending"),
        );
    }
    if unconfirmed > 0 {
        return Finding::warn(
            format!("{found}; {unconfirmed} identities may have been lost"),
            "ACS may keep identities that nobody knows.",
            format!("{command}orphans"),
        );
    }
    Finding::ok(found)
}
