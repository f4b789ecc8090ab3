//! Auth0, which says things twice: in its tenant's log (`Auth0 log`) and in event streams
//! (`CloudEvents`).
//!
//! The log's form is that of Auth0's published log schemas (github.com/auth0/auth0-log-schemas), the
//! streams' that of its Management API (`EventStreamCloudEvent…`).

use acs_broker_store_dynamodb::Subject;

use crate::envelope::Envelope;
use crate::event::Action::{self, Delete, Revoke, Suspend, Unsuspend};
use crate::finding::{Finding, row};
use crate::ignored::Reason;
use crate::unusable::Unusable;

/// Types of log entries: a password was changed, a user was deleted.
pub(crate) const LOG_KINDS: &[(&str, Action)] = &[("scp", Revoke), ("sdu", Delete)];

/// Types of a stream's events, and the `blocked` that each needs. A changed password is no member of
/// the user in `user.updated`: only the log tells of it.
pub(crate) const STREAM_KINDS: &[(&str, Option<bool>, Action)] = &[
    ("user.deleted", None, Delete),
    ("user.updated", Some(true), Suspend),
    ("user.updated", Some(false), Unsuspend),
];

const IGNORED: &[(&str, Reason)] = &[
    ("pwd_leak", Reason::Lockout),
    ("sce", Reason::NoCredential),
    ("scpn", Reason::NoCredential),
    ("scpr", Reason::OnlyAsked),
    ("scu", Reason::NoCredential),
    ("slo", Reason::OneSession),
];

pub(crate) fn read(envelope: &Envelope) -> Result<Finding<'_>, Unusable> {
    let detail_type = envelope.text("/detail-type")?;
    if detail_type == "Auth0 log" {
        return log_entry(envelope);
    }
    if envelope.optional_text("/detail/specversion")?.is_some() {
        return stream_event(envelope);
    }
    Ok(Finding::Ignored { kind: detail_type, reason: Reason::UnknownKind })
}

fn log_entry(envelope: &Envelope) -> Result<Finding<'_>, Unusable> {
    let kind = envelope.text("/detail/data/type")?;
    let Some((kind, action)) = row(LOG_KINDS, kind) else {
        return Ok(Finding::Ignored { kind, reason: reason_to_ignore(kind) });
    };
    Ok(Finding::Change {
        kind,
        action,
        id: envelope.id("/detail/log_id")?,
        subject: user_of_log_entry(envelope)?,
        occurred_at: envelope.time("/detail/data/date")?,
    })
}

/// `limit_…` blocks who fails too often; every type that begins with `f` is a failure.
fn reason_to_ignore(kind: &str) -> Reason {
    if let Some((_, reason)) = row(IGNORED, kind) {
        return reason;
    }
    match kind {
        kind if kind.starts_with("limit_") => Reason::Lockout,
        kind if kind.starts_with('f') => Reason::Failed,
        _ => Reason::UnknownKind,
    }
}

/// `user_id` may be left out or be empty where a machine changed the password. Of `details` the
/// schemas say little more than that they have a `body`, so what stands there is believed only if it
/// has the form of a user's id.
fn user_of_log_entry(envelope: &Envelope) -> Result<Option<Subject>, Unusable> {
    if let Some(user) = envelope.subject("/detail/data/user_id")? {
        return Ok(Some(user));
    }
    for pointer in [
        "/detail/data/details/user_id",
        "/detail/data/details/body/user_id",
        "/detail/data/details/response/body/user_id",
    ] {
        let user = envelope.subject(pointer)?;
        if let Some(user) = user.filter(|user| user.as_str().contains('|')) {
            return Ok(Some(user));
        }
    }
    Ok(None)
}

fn stream_event(envelope: &Envelope) -> Result<Finding<'_>, Unusable> {
    let kind = envelope.text("/detail/type")?;
    if envelope.optional_text("/detail/a0purpose")? == Some("test") {
        return Ok(Finding::Ignored { kind, reason: Reason::Test });
    }
    let mut rows = STREAM_KINDS.iter().filter(|(known, ..)| *known == kind).peekable();
    if rows.peek().is_none() {
        return Ok(Finding::Ignored { kind, reason: Reason::UnknownKind });
    }
    let blocked = blocked(envelope)?;
    let fits = |needs: &Option<bool>| needs.is_none() || *needs == blocked;
    let Some(&(kind, _, action)) = rows.find(|(_, needs, _)| fits(needs)) else {
        return Ok(Finding::Ignored { kind, reason: Reason::NoCredential });
    };
    Ok(Finding::Change {
        kind,
        action,
        id: envelope.id("/detail/id")?,
        subject: envelope.subject("/detail/data/object/user_id")?,
        occurred_at: envelope.time("/detail/time")?,
    })
}

/// Whether the user is blocked now. An update carries the whole user, so one of a profile says
/// `false` as well: where Auth0 tells what was before, `false` counts only if the user was blocked.
fn blocked(envelope: &Envelope) -> Result<Option<bool>, Unusable> {
    let now = envelope.optional_flag("/detail/data/object/blocked")?;
    let is_before_told = envelope.optional_object("/detail/data/previous_object")?.is_some();
    let before = envelope.optional_flag("/detail/data/previous_object/blocked")?;
    let was_free = is_before_told && before != Some(true);
    Ok(now.filter(|blocked| *blocked || !was_free))
}
