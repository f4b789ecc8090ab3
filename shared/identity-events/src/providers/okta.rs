//! Okta's System Log. Its form and names are those of Okta's System Log API and event types.
//! The `eventType` decides, whatever label (`detail-type`) the envelope carries.

mod skips;

use acs_broker_core::{Issuer, Operation, RecordKey, Subject};
use serde_json::Value;

use crate::envelope::{Envelope, subject};
use crate::error::EventError;
use crate::event::{Parsed, ProviderEvent};
use crate::kind::lookup;
use crate::provider::Provider;
use crate::skip::{SkipReason, Skipped};
use crate::sources::OktaSubject;

/// The event types from which an operation follows.
pub(crate) const KINDS: &[(&str, Operation)] = &[
    ("user.account.expire_password", Operation::REVOKE),
    ("user.account.reset_password", Operation::REVOKE),
    ("user.account.update_password", Operation::REVOKE),
    ("user.authentication.universal_logout", Operation::REVOKE),
    ("user.lifecycle.activate", Operation::Unsuspend),
    ("user.lifecycle.deactivate", Operation::Suspend),
    ("user.lifecycle.delete.initiated", Operation::Delete),
    ("user.lifecycle.reactivate", Operation::Unsuspend),
    ("user.lifecycle.suspend", Operation::Suspend),
    ("user.lifecycle.unsuspend", Operation::Unsuspend),
    ("user.session.clear", Operation::REVOKE),
];

/// Parses an entry of the System Log.
pub(crate) fn parse(
    claim: OktaSubject,
    issuer: &Issuer,
    envelope: &Envelope,
) -> Result<Parsed, EventError> {
    let skip = |kind, reason| Ok(Parsed::Skipped(Skipped::new(Provider::Okta, kind, reason)));
    let kind = envelope.text("/detail/eventType")?;
    if let Some(reason) = skips::reason(kind) {
        return skip(kind, reason);
    }
    let known = lookup(KINDS, kind);
    let (kind, operation) = known.ok_or_else(|| EventError::unknown_kind(Provider::Okta, kind))?;
    if envelope.text("/detail/outcome/result")? != "SUCCESS" {
        return skip(kind, SkipReason::Failed);
    }
    let subject = user(claim, envelope)?;
    let subject = subject.ok_or_else(|| EventError::without_user(Provider::Okta, kind))?;
    Ok(Parsed::Event(ProviderEvent {
        id: envelope.id("/detail/uuid")?,
        provider: Provider::Okta,
        kind: kind.to_owned(),
        user: RecordKey::user(issuer.clone(), subject),
        operation,
        occurred_at: envelope.time("/detail/published")?,
    }))
}

/// Returns the one user among the targets: the actor of a reset is the administrator, other targets
/// are apps. The same user may be there twice. With two users it is unclear which of them is meant.
fn user(claim: OktaSubject, envelope: &Envelope) -> Result<Option<Subject>, EventError> {
    let target = "/detail/target";
    let member = match claim {
        OktaSubject::Id => "id",
        OktaSubject::AlternateId => "alternateId",
    };
    let is_user = |value: &&Value| value.get("type").and_then(Value::as_str) == Some("User");
    let mut users = envelope.list(target)?.iter().filter(is_user);
    let Some(user) = users.next() else { return Ok(None) };
    // Both members must agree: a login may pass from one user to another, an id may not.
    let is_same =
        |other: &Value| ["id", member].iter().all(|name| other.get(name) == user.get(name));
    if !users.all(is_same) {
        return Ok(None);
    }
    let claim = user.get(member).and_then(Value::as_str);
    claim.map(|claim| subject(target, claim)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A type from which an operation follows is not skipped by its name.
    #[test]
    fn operation_types_are_not_skipped() {
        assert!(KINDS.iter().all(|(kind, _)| skips::reason(kind).is_none()));
    }
}
