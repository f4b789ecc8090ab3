//! Auth0's tenant log (`Auth0 log`) and its event streams (`CloudEvents`).
//!
//! The log's form is that of Auth0's published log schemas (github.com/auth0/auth0-log-schemas),
//! the streams' that of its Management API (`EventStreamCloudEvent…`). The entry's or the event's
//! own type decides, whatever label (`detail-type`) the envelope carries.

mod skips;

use acs_broker_core::{Issuer, Operation, RecordKey, Subject};

use crate::envelope::Envelope;
use crate::error::EventError;
use crate::event::{Parsed, ProviderEvent};
use crate::kind::lookup;
use crate::provider::Provider;
use crate::skip::{SkipReason, Skipped};

/// The types of log entries from which an operation follows: password changed, user deleted.
pub(crate) const LOG_KINDS: &[(&str, Operation)] =
    &[("scp", Operation::REVOKE), ("sdu", Operation::Delete)];

/// The types of a stream's events, and the `blocked` that each needs. A changed password is not a
/// member of the user in `user.updated`: only the log reports it.
pub(crate) const STREAM_KINDS: &[(&str, Option<bool>, Operation)] = &[
    ("user.deleted", None, Operation::Delete),
    ("user.updated", Some(true), Operation::Suspend),
    ("user.updated", Some(false), Operation::Unsuspend),
];

/// Parses a log entry or a stream's event: the one has its type in `data`, the other beside it.
pub(crate) fn parse(issuer: &Issuer, envelope: &Envelope) -> Result<Parsed, EventError> {
    let log_type = envelope.optional_text("/detail/data/type")?;
    let stream_type = envelope.optional_text("/detail/type")?;
    match (log_type, stream_type) {
        (Some(kind), None) => log_entry(kind, issuer, envelope),
        (None, Some(kind)) => stream_event(kind, issuer, envelope),
        (None, None) => Err(EventError::malformed("/detail", "must have a type, or its data must")),
        // One of the two could be harmless and hide the other.
        (Some(_), Some(_)) => {
            Err(EventError::malformed("/detail", "must not have two types, its own and its data's"))
        }
    }
}

fn log_entry(kind: &str, issuer: &Issuer, envelope: &Envelope) -> Result<Parsed, EventError> {
    if let Some(reason) = skips::log_reason(kind) {
        return Ok(skip(kind, reason));
    }
    let known = lookup(LOG_KINDS, kind);
    let (kind, operation) = known.ok_or_else(|| EventError::unknown_kind(Provider::Auth0, kind))?;
    let subject = log_user(envelope)?;
    let subject = subject.ok_or_else(|| EventError::without_user(Provider::Auth0, kind))?;
    Ok(Parsed::Event(ProviderEvent {
        id: envelope.id("/detail/log_id")?,
        provider: Provider::Auth0,
        kind: kind.to_owned(),
        user: RecordKey::user(issuer.clone(), subject),
        operation,
        occurred_at: envelope.time("/detail/data/date")?,
    }))
}

/// Returns the user of a log entry. `user_id` may be absent or empty where a machine changed the
/// password. Of `details` the schemas define little more than a `body`, so a text there is taken
/// only if it has the form of a user's id.
fn log_user(envelope: &Envelope) -> Result<Option<Subject>, EventError> {
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

fn stream_event(kind: &str, issuer: &Issuer, envelope: &Envelope) -> Result<Parsed, EventError> {
    if envelope.optional_text("/detail/a0purpose")? == Some("test") {
        return Ok(skip(kind, SkipReason::Test));
    }
    if let Some(reason) = skips::stream_reason(kind) {
        return Ok(skip(kind, reason));
    }
    let mut rows = STREAM_KINDS.iter().filter(|(known, ..)| *known == kind).peekable();
    if rows.peek().is_none() {
        return Err(EventError::unknown_kind(Provider::Auth0, kind));
    }
    let blocked = blocked(envelope)?;
    let fits = |needs: &Option<bool>| needs.is_none() || *needs == blocked;
    let Some(&(kind, _, operation)) = rows.find(|(_, needs, _)| fits(needs)) else {
        return Ok(skip(kind, SkipReason::Irrelevant));
    };
    let subject = envelope.subject("/detail/data/object/user_id")?;
    let subject = subject.ok_or_else(|| EventError::without_user(Provider::Auth0, kind))?;
    Ok(Parsed::Event(ProviderEvent {
        id: envelope.id("/detail/id")?,
        provider: Provider::Auth0,
        kind: kind.to_owned(),
        user: RecordKey::user(issuer.clone(), subject),
        operation,
        occurred_at: envelope.time("/detail/time")?,
    }))
}

/// Whether the user is blocked now. An update carries the whole user, so one of a profile has
/// `false` as well: where Auth0 includes the former user, `false` counts only if that was blocked.
fn blocked(envelope: &Envelope) -> Result<Option<bool>, EventError> {
    let now = envelope.optional_flag("/detail/data/object/blocked")?;
    let has_former = envelope.optional_object("/detail/data/previous_object")?.is_some();
    let former = envelope.optional_flag("/detail/data/previous_object/blocked")?;
    let was_free = has_former && former != Some(true);
    Ok(now.filter(|blocked| *blocked || !was_free))
}

fn skip(kind: &str, reason: SkipReason) -> Parsed {
    Parsed::Skipped(Skipped::new(Provider::Auth0, kind, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A type from which an operation follows is not skipped by its name.
    #[test]
    fn operation_types_are_not_skipped() {
        assert!(LOG_KINDS.iter().all(|(kind, _)| skips::log_reason(kind).is_none()));
        assert!(STREAM_KINDS.iter().all(|(kind, ..)| skips::stream_reason(kind).is_none()));
    }
}
