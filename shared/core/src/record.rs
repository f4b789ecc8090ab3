//! One user's record, and every change that it can go through.
//!
//! The changes are in `transitions/`. Each is a function from the record to the record that it
//! becomes, or to `None` where there is nothing to change. It reads no table, no clock and no
//! network. The store's conditional write makes each change atomic, so a change may decide by
//! everything in the record.

mod identity_state;
mod key;
pub(crate) mod pause;
mod pending_operation;
mod suspension;
pub(crate) mod transitions;
mod unique_id;

#[cfg(test)]
mod tests;

use std::time::Duration;

use identity_client::IdentityId;
use jiff::Timestamp;

use crate::time::{EpochSeconds, later};

pub use self::identity_state::{BoundIdentity, IdentityState, Lease};
pub use self::key::{Issuer, KeyError, RecordKey, Subject};
pub use self::pause::{Attempt, CreationPause};
pub use self::pending_operation::{PendingKind, PendingOperation};
pub use self::suspension::{SuspendedBy, Suspension};
pub use self::unique_id::UniqueId;

/// Everything that is known about one user, about one orphan, or about all users.
///
/// Stores keep its instants cut to whole milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Whether the user has an ACS identity, or is about to get one.
    pub identity: IdentityState,
    /// The cutoff: a session that signed in at or before this second gets no token.
    ///
    /// In a user's own record it also says that the tokens from before it are revoked, or that
    /// their revocation is pending: it is raised only together with a pending revocation or
    /// deletion, or while there is no identity.
    pub sessions_valid_after: Option<EpochSeconds>,
    /// The last decision about a suspension. A lifted suspension is remembered, so that an older
    /// event that arrives late does not bring it back.
    pub suspension: Option<Suspension>,
    /// How many identities ACS may have created for the user whose ids are unknown: leases that
    /// ended without a reported outcome.
    pub unconfirmed_identities: u32,
    /// The pause before the next attempt to create an identity.
    pub creation_pause: Option<CreationPause>,
    /// When the row expires. A row with an identity, a lease or a suspension in force never does.
    pub expires_at: Option<EpochSeconds>,
}

/// Why a session gets no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionRejection {
    /// The session signed in at or before a cutoff.
    SignInAgain,
    /// The user is suspended.
    Suspended,
}

/// What an admitted session needs next to have an identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NextStep {
    /// Ask ACS for a token for this identity.
    UseIdentity(IdentityId),
    /// Complete the pending operation first.
    CompletePending(PendingOperation),
    /// Wait for the request that holds the lease.
    WaitForLease,
    /// Acquire the lease.
    ClaimLease,
    /// Come back after this time: an attempt to create the identity has an unknown outcome.
    PauseCreation(Duration),
}

impl Record {
    /// Returns the user's identity, if there is one.
    #[must_use]
    pub fn bound(&self) -> Option<&BoundIdentity> {
        match &self.identity {
            IdentityState::Bound(bound) => Some(bound),
            IdentityState::None | IdentityState::Creating(_) => None,
        }
    }

    /// Returns the lease under which the identity is being created, if there is one.
    #[must_use]
    pub fn lease(&self) -> Option<&Lease> {
        match &self.identity {
            IdentityState::Creating(lease) => Some(lease),
            IdentityState::None | IdentityState::Bound(_) => None,
        }
    }

    /// Returns the operation that is accepted and not known to be complete, if there is one.
    #[must_use]
    pub fn pending(&self) -> Option<PendingOperation> {
        self.bound().and_then(|bound| bound.pending)
    }

    /// Returns when `sweep` should look at this record, if ever.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        match &self.identity {
            IdentityState::None => None,
            IdentityState::Creating(lease) => Some(lease.expires_at),
            IdentityState::Bound(bound) => bound.pending.map(|pending| pending.retry_at),
        }
    }

    /// Returns whether the row has expired. DynamoDB removes such rows late, so readers must ask.
    #[must_use]
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= EpochSeconds::from(now))
    }

    /// Returns the cutoff that counts: the user's own or the global one, whichever is later.
    #[must_use]
    pub fn cutoff(&self, global_cutoff: Option<EpochSeconds>) -> Option<EpochSeconds> {
        self.sessions_valid_after.max(global_cutoff)
    }

    /// Checks whether a session that signed in at `sign_in` may have a token.
    ///
    /// # Errors
    /// The reason why the session gets none.
    pub fn check_session(
        &self,
        global_cutoff: Option<EpochSeconds>,
        sign_in: EpochSeconds,
    ) -> Result<(), SessionRejection> {
        if self.is_suspended() {
            return Err(SessionRejection::Suspended);
        }
        if self.cutoff(global_cutoff).is_some_and(|cutoff| sign_in <= cutoff) {
            return Err(SessionRejection::SignInAgain);
        }
        Ok(())
    }

    /// Returns whether `identity` is the user's.
    pub(crate) fn is_bound_to(&self, identity: &IdentityId) -> bool {
        self.bound().is_some_and(|bound| bound.id == *identity)
    }

    /// Returns whether `identity` is the user's and a token for it will live: no pending operation
    /// would kill the token.
    pub(crate) fn is_usable(&self, identity: &IdentityId) -> bool {
        self.pending().is_none() && self.is_bound_to(identity)
    }

    /// Returns the next step towards an identity. `missing` is an identity that ACS has just
    /// reported not to exist. It is given up only if the earlier report still stands: another
    /// request, for which ACS has done something with the identity meanwhile, clears it.
    ///
    /// A pending operation comes first: a revocation that ACS carries out later would kill the
    /// token of a session that began after it.
    pub(crate) fn next_step(&self, missing: Option<&IdentityId>, now: Timestamp) -> NextStep {
        if let Some(operation) = self.pending() {
            return NextStep::CompletePending(operation);
        }
        let is_missing = |identity: &IdentityId| {
            missing == Some(identity) && self.is_not_found_confirmed(identity, now)
        };
        match &self.identity {
            IdentityState::Bound(bound) if !is_missing(&bound.id) => {
                NextStep::UseIdentity(bound.id.clone())
            }
            IdentityState::Creating(lease) if lease.is_live(now) => NextStep::WaitForLease,
            IdentityState::Bound(_) | IdentityState::Creating(_) | IdentityState::None => {
                let pause = self.creation_pause.and_then(|pause| pause.remaining(now));
                pause.map_or(NextStep::ClaimLease, NextStep::PauseCreation)
            }
        }
    }

    /// Returns the record with its expiry set as its content demands: a record without an
    /// identity, a lease and a suspension in force ends after `retention`, when no session that
    /// it speaks of can exist any more.
    pub(crate) fn with_expiry(self, retention: Duration, now: Timestamp) -> Self {
        let expires = self.identity == IdentityState::None && !self.is_suspended();
        let expires_at = expires.then(|| later(now, retention).into());
        Self { expires_at, ..self }
    }

    /// Returns `next` if it differs from this record by more than its expiry. That a record is
    /// only kept longer does not justify a write.
    pub(crate) fn if_changed(&self, next: Self) -> Option<Self> {
        let is_same = next == Self { expires_at: next.expires_at, ..self.clone() };
        (!is_same).then_some(next)
    }
}
