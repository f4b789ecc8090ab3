//! A record as a DynamoDB item and back; the table of attributes is in the crate's documentation.

use std::time::Duration;

use acs_broker_core::{
    Attempt, BoundIdentity, CreationPause, EpochSeconds, IdentityState, Lease, PendingKind,
    PendingOperation, Record, RecordKey, StoreError, Stored, SuspendedBy, Suspension, UniqueId,
};
use aws_sdk_dynamodb::types::AttributeValue;

use crate::attribute::{Attribute, AttributeError, Item, Row, instant, number, parsed, text};

pub(crate) const ID: &str = "id";
pub(crate) const DUE: &str = "due";
pub(crate) const DUE_AT_MS: &str = "due_at_ms";
pub(crate) const EXPIRES_AT: Attribute = Attribute::new("expires_at");
pub(crate) const DUE_INDEX: &str = "due";
pub(crate) const DUE_PARTITION: &str = "due";
pub(crate) const REVISION: Attribute = Attribute::new("revision");

const IDENTITY: Attribute = Attribute::new("identity");
const IDENTITY_SIGN_IN: Attribute = Attribute::new("identity_sign_in");
const SESSIONS_VALID_AFTER: Attribute =
    Attribute::renamed("sessions_valid_after", "sign_in_not_before");
const SUSPENDED: Attribute = Attribute::new("suspended");
const SUSPENSION_BY: Attribute = Attribute::new("suspension_by");
const SUSPENSION_AT_MS: Attribute = Attribute::new("suspension_at_ms");
const LEASE_ID: Attribute = Attribute::renamed("lease_id", "lease_owner");
const LEASE_EXPIRES_AT_MS: Attribute = Attribute::renamed("lease_expires_at_ms", "lease_until_ms");
const LEASE_SIGN_IN: Attribute = Attribute::new("lease_sign_in");
const LEASE_CANCELLED: Attribute = Attribute::renamed("lease_cancelled", "lease_void");
const PENDING: Attribute = Attribute::new("pending");
const PENDING_ID: Attribute = Attribute::renamed("pending_id", "pending_owner");
const PENDING_ACCEPTED_AT_MS: Attribute =
    Attribute::renamed("pending_accepted_at_ms", "pending_since_ms");
const PENDING_RETRY_AT_MS: Attribute = Attribute::new("pending_retry_at_ms");
const PENDING_ATTEMPTED_AT_MS: Attribute = Attribute::new("pending_attempted_at_ms");
const PENDING_ATTEMPT_FAILED: Attribute = Attribute::new("pending_attempt_failed");
const CREATION_PAUSE_UNTIL_MS: Attribute = Attribute::new("creation_pause_until_ms");
const CREATION_PAUSE_MS: Attribute = Attribute::new("creation_pause_ms");
const NOT_FOUND_SINCE_MS: Attribute = Attribute::renamed("not_found_since_ms", "doubted_since_ms");
const UNCONFIRMED_IDENTITIES: Attribute =
    Attribute::renamed("unconfirmed_identities", "possibly_lost");

/// Returns the row's primary key.
pub(crate) fn primary_key(key: &RecordKey) -> Item {
    Item::from([(ID.to_owned(), text(key.to_text()))])
}

/// Returns the row for a record.
pub(crate) fn write(key: &RecordKey, record: &Record, revision: UniqueId) -> Item {
    let mut item = primary_key(key);
    let mut put = |attribute: Attribute, value| item.insert(attribute.name.to_owned(), value);
    put(REVISION, text(revision.to_string()));
    put(SUSPENDED, AttributeValue::Bool(record.is_suspended()));
    if let Some(suspension) = &record.suspension {
        put(SUSPENSION_BY, text(suspended_by_name(suspension.by)));
        put(SUSPENSION_AT_MS, instant(suspension.decided_at));
    }
    if let Some(EpochSeconds(cutoff)) = record.sessions_valid_after {
        put(SESSIONS_VALID_AFTER, number(cutoff));
    }
    match &record.identity {
        IdentityState::None => {}
        IdentityState::Creating(lease) => {
            put(LEASE_ID, text(lease.id.to_string()));
            put(LEASE_EXPIRES_AT_MS, instant(lease.expires_at));
            put(LEASE_SIGN_IN, number(lease.sign_in.0));
            put(LEASE_CANCELLED, AttributeValue::Bool(lease.cancelled));
        }
        IdentityState::Bound(bound) => {
            put(IDENTITY, text(bound.id.as_ref()));
            put(IDENTITY_SIGN_IN, number(bound.sign_in.0));
            if let Some(since) = bound.not_found_since {
                put(NOT_FOUND_SINCE_MS, instant(since));
            }
            if let Some(pending) = &bound.pending {
                put(PENDING, text(pending_name(pending.kind)));
                put(PENDING_ID, text(pending.id.to_string()));
                put(PENDING_ACCEPTED_AT_MS, instant(pending.accepted_at));
                put(PENDING_RETRY_AT_MS, instant(pending.retry_at));
                put(PENDING_ATTEMPTED_AT_MS, instant(pending.attempt.began_at));
                put(PENDING_ATTEMPT_FAILED, AttributeValue::Bool(pending.attempt.failed));
            }
        }
    }
    if record.unconfirmed_identities > 0 {
        put(UNCONFIRMED_IDENTITIES, number(record.unconfirmed_identities.into()));
    }
    if let Some(pause) = &record.creation_pause {
        let length = i64::try_from(pause.length.as_millis()).unwrap_or(i64::MAX);
        put(CREATION_PAUSE_UNTIL_MS, instant(pause.until));
        put(CREATION_PAUSE_MS, number(length));
    }
    if let Some(EpochSeconds(end)) = record.expires_at {
        put(EXPIRES_AT, number(end));
    }
    if let Some(due_at) = record.due_at() {
        put(Attribute::new(DUE), text(DUE_PARTITION));
        put(Attribute::new(DUE_AT_MS), instant(due_at));
    }
    item
}

/// Returns the record of a row; an empty one where there is no row.
pub(crate) fn read(row: Option<&dyn Row>) -> Result<Stored, StoreError> {
    row.map(stored).transpose().map(Option::unwrap_or_default).map_err(StoreError::corrupt)
}

/// Returns the key of a row, if this version writes such keys.
pub(crate) fn key(row: &dyn Row) -> Option<RecordKey> {
    row.value(ID).and_then(parsed)
}

/// Returns whether a row is the one of a key.
pub(crate) fn is_of(row: &dyn Row, key: &str) -> bool {
    row.value(ID).and_then(|id| id.as_s().ok()).is_some_and(|id| id == key)
}

/// Returns the record of a row that is there.
pub(crate) fn stored(row: &dyn Row) -> Result<Stored, AttributeError> {
    let record = Record {
        identity: identity_state(row)?,
        sessions_valid_after: SESSIONS_VALID_AFTER.seconds(row)?,
        suspension: suspension(row)?,
        unconfirmed_identities: UNCONFIRMED_IDENTITIES.count(row)?,
        creation_pause: creation_pause(row)?,
        expires_at: EXPIRES_AT.seconds(row)?,
    };
    Ok(Stored { record, revision: REVISION.unique_id(row)? })
}

/// No version writes a lease beside an identity, or a pending operation without one. Such a row is
/// an error: to choose between them could lose an identity or a revocation.
fn identity_state(row: &dyn Row) -> Result<IdentityState, AttributeError> {
    let (bound, lease, pending) = (bound(row)?, lease(row)?, pending(row)?);
    match (bound, lease) {
        (Some(_), Some(_)) => Err(LEASE_ID.must("not stand beside an identity")),
        (Some(bound), None) => Ok(IdentityState::Bound(BoundIdentity { pending, ..bound })),
        (None, _) if pending.is_some() => Err(PENDING.must("stand beside an identity")),
        (None, Some(lease)) => Ok(IdentityState::Creating(lease)),
        (None, None) => Ok(IdentityState::None),
    }
}

fn bound(row: &dyn Row) -> Result<Option<BoundIdentity>, AttributeError> {
    let id = IDENTITY.get(row, "be the id of an ACS identity", parsed)?;
    let sign_in = IDENTITY_SIGN_IN.seconds(row)?.unwrap_or(EpochSeconds(0));
    let not_found_since = NOT_FOUND_SINCE_MS.instant(row)?;
    Ok(id.map(|id| BoundIdentity { not_found_since, ..BoundIdentity::new(id, sign_in) }))
}

fn lease(row: &dyn Row) -> Result<Option<Lease>, AttributeError> {
    let expires_at = LEASE_EXPIRES_AT_MS.instant(row)?.unwrap_or_default();
    let sign_in = LEASE_SIGN_IN.seconds(row)?.unwrap_or(EpochSeconds(0));
    let cancelled = LEASE_CANCELLED.flag(row)?;
    let id = LEASE_ID.unique_id(row)?;
    Ok(id.map(|id| Lease { id, expires_at, sign_in, cancelled }))
}

fn pending(row: &dyn Row) -> Result<Option<PendingOperation>, AttributeError> {
    let kind = PENDING.get(row, "be revoke or delete", |value| pending_kind(value.as_s().ok()?))?;
    let id = PENDING_ID.unique_id(row)?.unwrap_or(UniqueId::from_bits(0));
    let accepted_at = PENDING_ACCEPTED_AT_MS.instant(row)?.unwrap_or_default();
    let retry_at = PENDING_RETRY_AT_MS.instant(row)?;
    let began_at = PENDING_ATTEMPTED_AT_MS.instant(row)?.unwrap_or(accepted_at);
    let attempt = Attempt { began_at, failed: PENDING_ATTEMPT_FAILED.flag(row)? };
    Ok(kind.map(|kind| {
        let accepted = PendingOperation::accept(kind, id, accepted_at);
        let retry_at = retry_at.unwrap_or(accepted.retry_at);
        PendingOperation { retry_at, attempt, ..accepted }
    }))
}

fn creation_pause(row: &dyn Row) -> Result<Option<CreationPause>, AttributeError> {
    let until = CREATION_PAUSE_UNTIL_MS.instant(row)?;
    let length = Duration::from_millis(CREATION_PAUSE_MS.count(row)?.into());
    Ok(until.map(|until| CreationPause { until, length }))
}

fn suspension(row: &dyn Row) -> Result<Option<Suspension>, AttributeError> {
    let lifted = !SUSPENDED.flag(row)?;
    let by = SUSPENSION_BY
        .get(row, "be operator or identity_provider", |value| suspended_by(value.as_s().ok()?))?;
    let decided_at = SUSPENSION_AT_MS.instant(row)?.unwrap_or_default();
    if lifted && by.is_none() {
        return Ok(None);
    }
    Ok(Some(Suspension { by: by.unwrap_or(SuspendedBy::Operator), lifted, decided_at }))
}

fn pending_kind(name: &str) -> Option<PendingKind> {
    [PendingKind::Revoke, PendingKind::Delete].into_iter().find(|kind| pending_name(*kind) == name)
}

const fn pending_name(kind: PendingKind) -> &'static str {
    match kind {
        PendingKind::Revoke => "revoke",
        PendingKind::Delete => "delete",
    }
}

/// `provider` is what the first version wrote.
fn suspended_by(name: &str) -> Option<SuspendedBy> {
    match name {
        "operator" => Some(SuspendedBy::Operator),
        "identity_provider" | "provider" => Some(SuspendedBy::IdentityProvider),
        _ => None,
    }
}

const fn suspended_by_name(by: SuspendedBy) -> &'static str {
    match by {
        SuspendedBy::Operator => "operator",
        SuspendedBy::IdentityProvider => "identity_provider",
    }
}

#[cfg(test)]
mod tests {
    mod row {
        use std::error::Error as _;

        use jiff::Timestamp;

        use super::super::*;

        /// An operator who mends a row must learn which attribute breaks which rule.
        #[test]
        fn names_an_unreadable_attribute() {
            let wrong = [
                (REVISION, text("not hexadecimal")),
                (IDENTITY, text("8:orgid:somebody")),
                (IDENTITY_SIGN_IN, text("1")),
                (SESSIONS_VALID_AFTER, AttributeValue::N("1.5".to_owned())),
                (SUSPENDED, text("true")),
                (SUSPENSION_BY, text("Operator")),
                (SUSPENSION_AT_MS, text("1")),
                (LEASE_ID, number(1)),
                (LEASE_EXPIRES_AT_MS, number(i64::MAX)),
                (LEASE_SIGN_IN, text("1")),
                (LEASE_CANCELLED, number(0)),
                (PENDING, text("Revoke")),
                (PENDING, text("revoke")),
                (PENDING_ID, AttributeValue::Null(true)),
                (PENDING_ACCEPTED_AT_MS, AttributeValue::N("1e3".to_owned())),
                (PENDING_RETRY_AT_MS, AttributeValue::Bool(true)),
                (PENDING_ATTEMPTED_AT_MS, text("now")),
                (PENDING_ATTEMPT_FAILED, number(1)),
                (CREATION_PAUSE_UNTIL_MS, text("1")),
                (CREATION_PAUSE_MS, number(-1)),
                (NOT_FOUND_SINCE_MS, text("1")),
                (UNCONFIRMED_IDENTITIES, AttributeValue::N("-1".to_owned())),
                (EXPIRES_AT, text("1")),
            ];
            for (Attribute { name, .. }, value) in wrong {
                let error = read(Some(&Item::from([(name.to_owned(), value)]))).unwrap_err();
                assert!(error.is_corrupt(), "{name}");
                let cause = error.source().unwrap().to_string();
                assert!(cause.starts_with(&format!("{name}: must ")), "{cause}");
            }
        }

        /// A row with a lease beside an identity could hide either.
        #[test]
        fn refuses_lease_beside_identity() {
            let both = [(IDENTITY, text("8:acs:a_b")), (LEASE_ID, text("1"))];
            let row = both.map(|(attribute, value)| (attribute.name.to_owned(), value));
            assert!(read(Some(&Item::from(row))).unwrap_err().is_corrupt());
        }

        /// A row without anything due must not cost the sweep a read.
        #[test]
        fn is_indexed_only_while_due() {
            let key = "user https://idp.example alice".parse().unwrap();
            let idle = write(&key, &Record::default(), UniqueId::from_bits(1));
            assert!(!idle.contains_key(DUE) && !idle.contains_key(DUE_AT_MS));

            let now = Timestamp::from_second(1000).unwrap();
            let id = UniqueId::from_bits(2);
            let pending = Some(PendingOperation::accept(PendingKind::Revoke, id, now));
            let bound = BoundIdentity::new("8:acs:a_b".parse().unwrap(), EpochSeconds(1));
            let identity = IdentityState::Bound(BoundIdentity { pending, ..bound });
            let busy = Record { identity, ..Record::default() };
            let busy = write(&key, &busy, UniqueId::from_bits(1));
            assert_eq!(busy.get(DUE), Some(&text(DUE_PARTITION)));
            assert_eq!(busy.get(DUE_AT_MS), Some(&number(1_060_000)));
        }
    }
}
