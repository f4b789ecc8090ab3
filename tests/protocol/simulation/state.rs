//! The states of a record, coarse enough to be counted.

use std::fmt;

use acs_broker_core::{IdentityState, PendingKind, Record};
use identity_client::Timestamp;

/// What a record says about the identity, and whether the user is suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct State {
    pub(crate) identity: Identity,
    pub(crate) is_suspended: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Identity {
    None,
    Creating,
    Expired,
    Cancelled,
    Bound,
    ReportedMissing,
    Revoking,
    RevokingMissing,
    Deleting,
    DeletingMissing,
}

/// A write: who made it, and from which state to which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Change {
    pub(crate) request: &'static str,
    pub(crate) before: State,
    pub(crate) after: State,
}

pub(crate) const IDENTITIES: [Identity; 10] = [
    Identity::None,
    Identity::Creating,
    Identity::Expired,
    Identity::Cancelled,
    Identity::Bound,
    Identity::ReportedMissing,
    Identity::Revoking,
    Identity::RevokingMissing,
    Identity::Deleting,
    Identity::DeletingMissing,
];

impl State {
    pub(crate) fn of(record: &Record, now: Timestamp) -> Self {
        let identity = match &record.identity {
            IdentityState::None => Identity::None,
            IdentityState::Creating(lease) if lease.cancelled => Identity::Cancelled,
            IdentityState::Creating(lease) if !lease.is_live(now) => Identity::Expired,
            IdentityState::Creating(_) => Identity::Creating,
            IdentityState::Bound(bound) => {
                let is_missing = bound.not_found_since.is_some();
                match bound.pending.map(|pending| pending.kind) {
                    None if is_missing => Identity::ReportedMissing,
                    None => Identity::Bound,
                    Some(PendingKind::Revoke) if is_missing => Identity::RevokingMissing,
                    Some(PendingKind::Revoke) => Identity::Revoking,
                    Some(PendingKind::Delete) if is_missing => Identity::DeletingMissing,
                    Some(PendingKind::Delete) => Identity::Deleting,
                }
            }
        };
        Self { identity, is_suspended: record.is_suspended() }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}{}", self.identity, if self.is_suspended { " (suspended)" } else { "" })
    }
}
