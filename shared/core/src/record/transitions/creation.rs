//! How a record gets an identity: a lease is claimed, then bound, released or expired.

use std::time::Duration;

use identity_client::IdentityId;
use jiff::Timestamp;

use crate::record::identity_state::{BoundIdentity, IdentityState, Lease};
use crate::record::pause::CreationPause;
use crate::record::pending_operation::{PendingKind, PendingOperation};
use crate::record::unique_id::UniqueId;
use crate::record::{NextStep, Record};
use crate::time::EpochSeconds;

impl Record {
    /// Acquires the right to create the user's identity, for a session that may still have one.
    ///
    /// The claim itself checks the cutoff: a deletion that was written a moment ago must stop it,
    /// or an old session gives a deleted user a new identity. `missing` is an identity that ACS
    /// has confirmed not to exist; it gives way to the lease.
    pub(crate) fn claim_lease(
        &self,
        global_cutoff: Option<EpochSeconds>,
        missing: Option<&IdentityId>,
        lease: Lease,
        now: Timestamp,
    ) -> Option<Self> {
        self.check_session(global_cutoff, lease.sign_in).ok()?;
        if self.next_step(missing, now) != NextStep::ClaimLease {
            return None;
        }
        // The previous holder never reported its outcome, so one identity may be unknown.
        let expired_leases = u32::from(self.lease().is_some());
        Some(Self {
            identity: IdentityState::Creating(lease),
            // Without an identity there is no token that the global cutoff would have to end.
            sessions_valid_after: self.cutoff(global_cutoff),
            unconfirmed_identities: self.unconfirmed_identities + expired_leases,
            expires_at: None,
            ..self.clone()
        })
    }

    /// Binds the identity that the holder of the lease has created, unless the lease was taken
    /// over or cancelled.
    pub(crate) fn bind(&self, lease: UniqueId, identity: &IdentityId) -> Option<Self> {
        let lease = self.lease_of(lease).filter(|lease| !lease.cancelled)?;
        let bound = BoundIdentity::new(identity.clone(), lease.sign_in);
        let identity = IdentityState::Bound(bound);
        Some(Self { identity, creation_pause: None, ..self.clone() })
    }

    /// Cancels the lease, so that a write that is still on its way cannot bind by it.
    pub(crate) fn cancel_lease(&self, lease: UniqueId) -> Option<Self> {
        let lease = self.lease_of(lease).filter(|lease| !lease.cancelled)?;
        let cancelled = Lease { cancelled: true, ..*lease };
        Some(Self { identity: IdentityState::Creating(cancelled), ..self.clone() })
    }

    /// Releases the lease. `is_unconfirmed` says that ACS may have created an identity whose id is
    /// unknown.
    pub(crate) fn release_lease(
        &self,
        lease: UniqueId,
        is_unconfirmed: bool,
        retention: Duration,
        now: Timestamp,
    ) -> Option<Self> {
        self.lease_of(lease)?;
        Some(self.without_lease(u32::from(is_unconfirmed), retention, now))
    }

    /// Ends a lease that has expired: its holder is dead, and its outcome unknown.
    pub(crate) fn expire_lease(&self, retention: Duration, now: Timestamp) -> Option<Self> {
        self.lease().filter(|lease| !lease.is_live(now))?;
        Some(self.without_lease(1, retention, now))
    }

    /// Journals an identity that belongs to no user and is to be deleted.
    pub(crate) fn journal_orphan(
        &self,
        identity: &IdentityId,
        deletion: PendingOperation,
    ) -> Option<Self> {
        debug_assert_eq!(deletion.kind, PendingKind::Delete);
        if self.bound().is_some() {
            return None;
        }
        let sign_in = deletion.accepted_at.into();
        let bound = BoundIdentity {
            pending: Some(deletion),
            ..BoundIdentity::new(identity.clone(), sign_in)
        };
        Some(Self { identity: IdentityState::Bound(bound), ..Self::default() })
    }

    fn lease_of(&self, holder: UniqueId) -> Option<&Lease> {
        self.lease().filter(|lease| lease.id == holder)
    }

    fn without_lease(&self, unconfirmed: u32, retention: Duration, now: Timestamp) -> Self {
        let unconfirmed_identities = self.unconfirmed_identities + unconfirmed;
        let creation_pause = match unconfirmed {
            0 => self.creation_pause,
            _ => Some(CreationPause::after(self.creation_pause, now)),
        };
        let identity = IdentityState::None;
        let next = Self { identity, unconfirmed_identities, creation_pause, ..self.clone() };
        next.with_expiry(retention, now)
    }
}
