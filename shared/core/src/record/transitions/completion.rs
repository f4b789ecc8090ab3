//! How a record forgets a pending operation, or tries it again later.

use std::time::Duration;

use identity_client::IdentityId;
use jiff::Timestamp;

use crate::record::Record;
use crate::record::identity_state::{BoundIdentity, IdentityState};
use crate::record::pause::{Attempt, AttemptState};
use crate::record::pending_operation::{PendingKind, PendingOperation};

impl Record {
    /// Completes `operation`, which ACS has done to `identity`. A later operation stays.
    pub(crate) fn complete(
        &self,
        operation: PendingOperation,
        identity: &IdentityId,
        retention: Duration,
        now: Timestamp,
    ) -> Option<Self> {
        let bound = self.bound()?;
        let pending = bound.pending?;
        match operation.kind {
            // Two revocations overlap. The end of the earlier one must not clear the later one:
            // tokens that were minted between the two are still alive.
            PendingKind::Revoke => (pending.id == operation.id).then(|| {
                let bound = BoundIdentity { pending: None, ..bound.clone() };
                Self { identity: IdentityState::Bound(bound), ..self.clone() }
            }),
            // A deleted identity is gone, also if another request asked for it.
            PendingKind::Delete => {
                let is_gone = pending.kind == PendingKind::Delete && bound.id == *identity;
                let empty = Self { identity: IdentityState::None, ..self.clone() };
                is_gone.then(|| empty.with_expiry(retention, now))
            }
        }
    }

    /// Begins an attempt to carry out `operation`, unless another one is under way or has just
    /// failed.
    pub(crate) fn begin_attempt(
        &self,
        operation: PendingOperation,
        now: Timestamp,
    ) -> Option<Self> {
        let bound = self.bound()?;
        let pending = bound.pending.filter(|pending| pending.id == operation.id)?;
        if pending.attempt.state(now) != AttemptState::Free {
            return None;
        }
        Some(self.with_attempt(bound, pending, Attempt::begin(now)))
    }

    /// Notes that an attempt to carry out `operation` has failed.
    pub(crate) fn fail_attempt(&self, operation: PendingOperation) -> Option<Self> {
        let bound = self.bound()?;
        let pending = bound.pending.filter(|pending| pending.id == operation.id)?;
        let attempt = Attempt { failed: true, ..pending.attempt };
        (!pending.attempt.failed).then(|| self.with_attempt(bound, pending, attempt))
    }

    fn with_attempt(
        &self,
        bound: &BoundIdentity,
        pending: PendingOperation,
        attempt: Attempt,
    ) -> Self {
        let pending = Some(PendingOperation { attempt, ..pending });
        let identity = IdentityState::Bound(BoundIdentity { pending, ..bound.clone() });
        Self { identity, ..self.clone() }
    }

    /// Reschedules `operation`, which has just failed once more.
    pub(crate) fn reschedule(&self, operation: PendingOperation, now: Timestamp) -> Option<Self> {
        let bound = self.bound()?;
        let pending = bound.pending.filter(|pending| pending.id == operation.id)?;
        let bound = BoundIdentity { pending: Some(pending.reschedule(now)), ..bound.clone() };
        Some(Self { identity: IdentityState::Bound(bound), ..self.clone() })
    }

    /// Adds a pending revocation of the identity, if there is one. It keeps the age of an older
    /// revocation that it replaces. A pending deletion stays: it kills the tokens too, and it must
    /// not be forgotten.
    pub(super) fn with_pending_revocation(self, operation: PendingOperation) -> Self {
        debug_assert_eq!(operation.kind, PendingKind::Revoke);
        let IdentityState::Bound(bound) = self.identity else { return self };
        let accepted_at = bound
            .pending
            .map_or(operation.accepted_at, |older| older.accepted_at.min(operation.accepted_at));
        let pending = match bound.pending {
            Some(deletion) if deletion.kind == PendingKind::Delete => deletion,
            _ => PendingOperation { accepted_at, ..operation },
        };
        let bound = BoundIdentity { pending: Some(pending), ..bound };
        Self { identity: IdentityState::Bound(bound), ..self }
    }
}
