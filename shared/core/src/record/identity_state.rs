//! Whether a user has an identity: none, one that is being created under a lease, or a bound one.
//!
//! The type holds two promises that the protocol rests on: a lease and a bound identity exclude
//! each other, and a pending operation has an identity that it is about.

use identity_client::IdentityId;
use jiff::Timestamp;

use super::pending_operation::PendingOperation;
use super::unique_id::UniqueId;
use crate::time::EpochSeconds;

/// The state of a user's ACS identity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum IdentityState {
    /// The user has no identity.
    #[default]
    None,
    /// A request holds the right to create the identity.
    Creating(Lease),
    /// The user has an identity.
    Bound(BoundIdentity),
}

/// An ACS identity that belongs to a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundIdentity {
    /// The identity.
    pub id: IdentityId,
    /// When the session signed in for which the identity was created.
    pub sign_in: EpochSeconds,
    /// When ACS first reported that the identity does not exist. A second report a while later
    /// confirms it.
    pub not_found_since: Option<Timestamp>,
    /// The operation that is accepted and not known to be complete at ACS.
    pub pending: Option<PendingOperation>,
}

/// The right of one request to create the user's identity, for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Names the request that holds it.
    pub id: UniqueId,
    /// When other requests may take it.
    pub expires_at: Timestamp,
    /// When the session signed in that the request serves.
    pub sign_in: EpochSeconds,
    /// Whether the right to bind was taken away. A cancelled lease stays until its holder has
    /// discarded the identity that it created, so that the death of the holder is noticed.
    pub cancelled: bool,
}

impl BoundIdentity {
    /// Returns an identity with nothing pending.
    #[must_use]
    pub const fn new(id: IdentityId, sign_in: EpochSeconds) -> Self {
        Self { id, sign_in, not_found_since: None, pending: None }
    }
}

impl Lease {
    /// Returns whether other requests must still wait.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}
