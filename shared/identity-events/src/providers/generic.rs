//! This product's own form, for any other provider: `infra/aws/identity-event.schema.json`.
//!
//! Only senders that were told of the form use it, so every deviation is an error.

use acs_broker_core::{Issuer, Operation, RecordKey};

use crate::envelope::{Envelope, subject};
use crate::error::EventError;
use crate::event::{Parsed, ProviderEvent};
use crate::kind::lookup;
use crate::provider::Provider;

/// The kinds, all of which call for an operation.
pub(crate) const KINDS: &[(&str, Operation)] = &[
    ("PasswordChanged", Operation::REVOKE),
    ("SessionsRevoked", Operation::REVOKE),
    ("UserDeleted", Operation::Delete),
    ("UserSuspended", Operation::Suspend),
    ("UserUnsuspended", Operation::Unsuspend),
];

const SUBJECT: &str = "/detail/subject";
const OCCURRED_AT: &str = "/detail/occurredAt";

/// Parses an event. Its kind is its `detail-type`, which is the sender's own name for it.
pub(crate) fn parse(issuer: &Issuer, envelope: &Envelope) -> Result<Parsed, EventError> {
    let rule = "must be PasswordChanged, SessionsRevoked, UserDeleted, UserSuspended or \
        UserUnsuspended";
    let known = lookup(KINDS, envelope.text("/detail-type")?);
    let (kind, operation) = known.ok_or_else(|| EventError::malformed("/detail-type", rule))?;
    refuse_other_members(envelope)?;
    let subject = subject(SUBJECT, envelope.text(SUBJECT)?)?;
    Ok(Parsed::Event(ProviderEvent {
        id: envelope.id("/id")?,
        provider: Provider::Generic,
        kind: kind.to_owned(),
        user: RecordKey::user(issuer.clone(), subject),
        operation,
        occurred_at: envelope.time(OCCURRED_AT)?,
    }))
}

/// A member that this version does not know may limit the event, to one device for example.
fn refuse_other_members(envelope: &Envelope) -> Result<(), EventError> {
    let detail = envelope.optional_object("/detail")?;
    for member in detail.into_iter().flat_map(|detail| detail.keys()) {
        if !["subject", "occurredAt"].contains(&member.as_str()) {
            let rule = "must have only the members subject and occurredAt";
            return Err(EventError::malformed("/detail", rule));
        }
    }
    Ok(())
}
