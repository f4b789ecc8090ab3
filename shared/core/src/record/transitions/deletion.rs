//! How a deletion enters a record, and when a user still has something to delete.

use super::request::OperationRequest;
use crate::initiator::Initiator;
use crate::record::Record;
use crate::record::identity_state::{BoundIdentity, IdentityState, Lease};
use crate::record::pending_operation::PendingKind;

impl Record {
    /// Writes the tombstone: raises the cutoff, cancels a lease, and adds the pending deletion.
    ///
    /// An event that is older than the sign-in for which the present identity was created is about
    /// a former life of the user: the identity stays, and only the sessions of that life end. The
    /// sign-in decides, and not the moment of the creation: a session of the former life may have
    /// created the identity after the user was deleted and before the event arrived.
    pub(crate) fn delete(&self, request: &OperationRequest) -> Option<Self> {
        let OperationRequest { initiator, global_cutoff, now, retention, .. } = *request;
        let cutoff = self.cutoff(global_cutoff);
        if initiator.has_ended(cutoff) {
            if self.is_retained() {
                return None;
            }
            // The caller will hear that the user is deleted. So the cutoff rises: an older
            // session must not create the user again.
            let gone = Self { sessions_valid_after: cutoff, ..self.clone() };
            return self.if_changed(gone.with_expiry(retention, now));
        }
        let asked = initiator.cutoff(now);
        let suspension = self.suspension_after_deletion(initiator, now);
        let is_event = matches!(initiator, Initiator::IdentityProvider { .. });
        if is_event && self.bound().is_some_and(|bound| bound.sign_in > asked) {
            // The sessions of the former life may hold tokens of the present identity.
            let revoked = self.revoke(false, request).unwrap_or_else(|| self.clone());
            return self.if_changed(Self { suspension, ..revoked }.with_expiry(retention, now));
        }
        let identity = match &self.identity {
            IdentityState::None => IdentityState::None,
            IdentityState::Creating(lease) => {
                // For an event the sign-in decides here too, and not whether the cutoff moves: a
                // revocation may have raised the cutoff further and left the lease alone.
                let ends = !is_event || lease.sign_in <= asked;
                IdentityState::Creating(Lease { cancelled: lease.cancelled || ends, ..*lease })
            }
            IdentityState::Bound(bound) => {
                let earlier = bound.pending.filter(|pending| pending.kind == PendingKind::Delete);
                let pending =
                    earlier.unwrap_or_else(|| request.pending(PendingKind::Delete, bound.pending));
                IdentityState::Bound(BoundIdentity { pending: Some(pending), ..bound.clone() })
            }
        };
        let sessions_valid_after = self.sessions_valid_after.max(Some(asked));
        let next = Self { identity, sessions_valid_after, suspension, ..self.clone() };
        self.if_changed(next.with_expiry(retention, now))
    }

    /// Returns whether the user has an identity, or is about to get one, whose deletion nobody has
    /// requested.
    pub(crate) fn is_retained(&self) -> bool {
        match &self.identity {
            IdentityState::None => false,
            IdentityState::Creating(lease) => !lease.cancelled,
            IdentityState::Bound(bound) => {
                bound.pending.is_none_or(|pending| pending.kind != PendingKind::Delete)
            }
        }
    }
}
