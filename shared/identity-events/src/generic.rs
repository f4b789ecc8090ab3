//! This product's own form, for any other identity provider: `infra/aws/identity-event.schema.json`.
//! Only those who were told of it send it, so whatever is wrong with an event has to be seen.

use crate::envelope::{Envelope, broken, subject};
use crate::event::Action::{self, Delete, Revoke, Suspend, Unsuspend};
use crate::finding::{Finding, row};
use crate::unusable::Unusable;

pub(crate) const KINDS: &[(&str, Action)] = &[
    ("PasswordChanged", Revoke),
    ("SessionsRevoked", Revoke),
    ("UserDeleted", Delete),
    ("UserSuspended", Suspend),
    ("UserUnsuspended", Unsuspend),
];

const SUBJECT: &str = "/detail/subject";
const OCCURRED_AT: &str = "/detail/occurredAt";

pub(crate) fn read(envelope: &Envelope) -> Result<Finding<'_>, Unusable> {
    let rule = "must be PasswordChanged, SessionsRevoked, UserDeleted, UserSuspended or \
        UserUnsuspended";
    let known = row(KINDS, envelope.text("/detail-type")?);
    let (kind, action) = known.ok_or_else(|| broken("/detail-type", rule))?;
    let members = envelope.optional_object("/detail")?.into_iter().flat_map(|detail| detail.keys());
    for member in members {
        if !["subject", "occurredAt"].contains(&member.as_str()) {
            return Err(broken("/detail", "must have no member but subject and occurredAt"));
        }
    }
    let subject = subject(SUBJECT, envelope.text(SUBJECT)?)?;
    let (id, occurred_at) = (envelope.id("/id")?, envelope.time(OCCURRED_AT)?);
    Ok(Finding::Change { kind, action, id, subject: Some(subject), occurred_at })
}
