//! How a user is suspended, and how the suspension ends.
//!
//! Decisions of the identity provider may arrive late, twice and in any order. The latest counts,
//! and of two at the same instant the one that suspends. Only an operator lifts an operator's
//! suspension.

use std::time::Duration;

use jiff::Timestamp;

use super::request::OperationRequest;
use crate::initiator::{Initiator, limit_clock_skew};
use crate::record::Record;
use crate::record::pending_operation::PendingKind;
use crate::record::suspension::{SuspendedBy, Suspension};
use crate::time::later;

impl Record {
    /// Returns whether the user is suspended.
    #[must_use]
    pub fn is_suspended(&self) -> bool {
        self.suspension.is_some_and(|suspension| !suspension.lifted)
    }

    /// Suspends the user and adds the pending revocation, in one change.
    ///
    /// A suspension that comes into force revokes in any case: a session that signed in after a
    /// late event's cutoff may hold a token too.
    pub(crate) fn suspend(&self, request: &OperationRequest) -> Option<Self> {
        let mut next = self.revoke(false, request).unwrap_or_else(|| self.clone());
        if let Some(suspension) = self.decide(request.initiator, false, request.now) {
            next = Self { suspension: Some(suspension), ..next }
                .with_pending_revocation(request.pending(PendingKind::Revoke, self.pending()));
        }
        self.if_changed(next.with_expiry(request.retention, request.now))
    }

    /// Lifts the user's suspension. For a user who is not suspended it notes the decision, so that
    /// an older event that arrives late does not suspend them.
    pub(crate) fn unsuspend(&self, request: &OperationRequest) -> Option<Self> {
        let suspension = self.decide(request.initiator, true, request.now)?;
        let next = Self { suspension: Some(suspension), ..self.clone() };
        self.if_changed(next.with_expiry(request.retention, request.now))
    }

    /// Returns what is left of a suspension when the user is deleted.
    ///
    /// A deletion event lifts the provider's earlier suspensions, those of the same second
    /// included: some providers have whole seconds. Otherwise the row of each user who is first
    /// suspended and then deleted would never expire. The lifting is noted also for a user who was
    /// never suspended, because an older event may be on its way. An operator's suspension stays.
    pub(super) fn suspension_after_deletion(
        &self,
        initiator: Initiator,
        now: Timestamp,
    ) -> Option<Suspension> {
        let lifted = match initiator {
            Initiator::IdentityProvider { occurred_at } => {
                let last = Timestamp::from_millisecond(occurred_at.as_second() * 1000 + 999);
                let occurred_at = last.unwrap_or(occurred_at);
                self.decide(Initiator::IdentityProvider { occurred_at }, true, now)
            }
            Initiator::User { .. } | Initiator::Operator => None,
        };
        lifted.or(self.suspension)
    }

    /// Returns the decision of `initiator`, or `None` where an earlier decision outweighs it.
    fn decide(&self, initiator: Initiator, lifted: bool, now: Timestamp) -> Option<Suspension> {
        let earlier = self.suspension;
        match initiator {
            Initiator::Operator => {
                // Later than what it outweighs, which an issuer with a fast clock may have dated
                // ahead.
                let moment = Duration::from_millis(1);
                let decided_at =
                    earlier.map_or(now, |earlier| now.max(later(earlier.decided_at, moment)));
                Some(Suspension { by: SuspendedBy::Operator, lifted, decided_at })
            }
            Initiator::IdentityProvider { occurred_at } => {
                let at = limit_clock_skew(occurred_at, now);
                // As stores keep it: the same event must not look newer when it arrives again.
                let decided_at = Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at);
                let decision = Suspension { by: SuspendedBy::IdentityProvider, lifted, decided_at };
                earlier.is_none_or(|earlier| decision.outweighs(earlier)).then_some(decision)
            }
            // `Operation::permits` keeps users from here.
            Initiator::User { .. } => None,
        }
    }
}
