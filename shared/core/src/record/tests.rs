//! What a record becomes, change by change.

mod any_order;
mod completion;
mod creation;
mod deletion;
mod global_cutoff;
mod not_found;
mod revocation;
mod session;
mod suspension;
mod time;

use std::time::Duration;

use identity_client::IdentityId;
use jiff::Timestamp;

use super::transitions::OperationRequest;
use super::{BoundIdentity, IdentityState, Lease, PendingKind, PendingOperation, Record, UniqueId};
use crate::initiator::Initiator;
use crate::time::EpochSeconds;

const RETENTION: Duration = Duration::from_hours(1000);
/// The pending operations that the tests ask for carry this id.
const REQUESTED: u128 = 9;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn id(bits: u128) -> UniqueId {
    UniqueId::from_bits(bits)
}

fn identity(name: &str) -> IdentityId {
    format!("8:acs:resource_{name}").parse().unwrap()
}

fn user(signed_in: i64) -> Initiator {
    Initiator::User { signed_in: EpochSeconds(signed_in) }
}

fn event(second: i64) -> Initiator {
    Initiator::IdentityProvider { occurred_at: at(second) }
}

fn request(initiator: Initiator, second: i64) -> OperationRequest {
    OperationRequest {
        initiator,
        global_cutoff: None,
        id: id(REQUESTED),
        now: at(second),
        retention: RETENTION,
    }
}

fn pending(kind: PendingKind, owner: u128, second: i64) -> PendingOperation {
    PendingOperation::accept(kind, id(owner), at(second))
}

fn requested(kind: PendingKind, second: i64) -> PendingOperation {
    pending(kind, REQUESTED, second)
}

/// A lease for a session that signed in at second 100.
fn lease(owner: u128, expires_at: i64) -> Lease {
    let sign_in = EpochSeconds(100);
    Lease { id: id(owner), expires_at: at(expires_at), sign_in, cancelled: false }
}

fn creating(lease: Lease) -> Record {
    Record { identity: IdentityState::Creating(lease), ..Record::default() }
}

fn bound(pending: Option<PendingOperation>) -> Record {
    let bound = BoundIdentity::new(identity("a"), EpochSeconds(100));
    let identity = IdentityState::Bound(BoundIdentity { pending, ..bound });
    Record { identity, ..Record::default() }
}

/// A user who signed in at second 100, and has an identity since.
fn bound_at_100() -> Record {
    bound(None)
}

fn with_cutoff(record: Record, second: i64) -> Record {
    Record { sessions_valid_after: Some(EpochSeconds(second)), ..record }
}

fn cutoff(record: &Record) -> Option<i64> {
    record.sessions_valid_after.map(|EpochSeconds(second)| second)
}

fn revoke(record: &Record, initiator: Initiator, second: i64) -> Option<Record> {
    record.revoke(false, &request(initiator, second))
}

fn delete(record: &Record, initiator: Initiator, second: i64) -> Option<Record> {
    record.delete(&request(initiator, second))
}

fn complete(record: &Record, operation: PendingOperation, second: i64) -> Option<Record> {
    record.complete(operation, &identity("a"), RETENTION, at(second))
}

fn retained_until(second: i64) -> EpochSeconds {
    at(second).checked_add(RETENTION).unwrap().into()
}
