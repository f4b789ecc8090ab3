//! Okta's System Log, whose form and names are those of Okta's System Log API and event types.

use acs_broker_store_dynamodb::Subject;
use serde_json::Value;

use crate::envelope::{Envelope, subject};
use crate::event::Action::{self, Delete, Revoke, Suspend, Unsuspend};
use crate::finding::{Finding, row};
use crate::ignored::Reason;
use crate::sources::OktaSubject;
use crate::unusable::Unusable;

pub(crate) const KINDS: &[(&str, Action)] = &[
    ("user.account.expire_password", Revoke),
    ("user.account.reset_password", Revoke),
    ("user.account.update_password", Revoke),
    ("user.authentication.universal_logout", Revoke),
    ("user.lifecycle.activate", Unsuspend),
    ("user.lifecycle.deactivate", Suspend),
    ("user.lifecycle.delete.initiated", Delete),
    ("user.lifecycle.reactivate", Unsuspend),
    ("user.lifecycle.suspend", Suspend),
    ("user.lifecycle.unsuspend", Unsuspend),
    ("user.session.clear", Revoke),
];

/// A lock is what failed sign-ins cause. As it is not followed, nor is its end: that would lift a
/// suspension that has nothing to do with it.
const IGNORED: &[(&str, Reason)] = &[
    ("user.account.lock", Reason::Lockout),
    ("user.account.unlock", Reason::Lockout),
    ("user.session.end", Reason::OneSession),
];

pub(crate) fn read(which: OktaSubject, envelope: &Envelope) -> Result<Finding<'_>, Unusable> {
    let detail_type = envelope.text("/detail-type")?;
    if detail_type != "SystemLog" {
        return Ok(Finding::Ignored { kind: detail_type, reason: Reason::UnknownKind });
    }
    let kind = envelope.text("/detail/eventType")?;
    let Some((kind, action)) = row(KINDS, kind) else {
        let reason = row(IGNORED, kind).map_or(Reason::UnknownKind, |(_, reason)| reason);
        return Ok(Finding::Ignored { kind, reason });
    };
    if envelope.text("/detail/outcome/result")? != "SUCCESS" {
        return Ok(Finding::Ignored { kind, reason: Reason::Failed });
    }
    Ok(Finding::Change {
        kind,
        action,
        id: envelope.id("/detail/uuid")?,
        subject: user(which, envelope)?,
        occurred_at: envelope.time("/detail/published")?,
    })
}

/// The one target that is a user: the actor of a reset is the administrator, other targets are apps.
/// With two users it cannot be told which of them is meant.
fn user(which: OktaSubject, envelope: &Envelope) -> Result<Option<Subject>, Unusable> {
    let target = "/detail/target";
    let member = match which {
        OktaSubject::Id => "id",
        OktaSubject::AlternateId => "alternateId",
    };
    let is_user = |value: &&Value| value.get("type").and_then(Value::as_str) == Some("User");
    let mut users = envelope.list(target)?.iter().filter(is_user);
    let (Some(user), None) = (users.next(), users.next()) else { return Ok(None) };
    let claim = user.get(member).and_then(Value::as_str);
    claim.map(|claim| subject(target, claim)).transpose()
}
