//! How a user gets an identity: one request acquires the lease, asks ACS, and binds what it got.
//!
//! ACS has no list of identities and takes no idempotency key, so an identity whose id is lost is
//! lost for good. Every step here therefore ends with the identity bound, deleted, journaled or
//! counted:
//!
//! 1. Claim (C): a write that takes the lease, if the session may still have a token.
//! 2. Create (I): ACS creates the identity with its first token, in one call that is never
//!    repeated. ACS may leave the token out; the identity is bound all the same.
//! 3. Bind (B): a write that turns the lease into the identity, if the lease is still ours.
//!
//! A revocation or deletion W that arrives between C and B has no identity to act on yet. It is
//! safe all the same, because B is a conditional write on the whole record. If W came first, B
//! reads W's cutoff with the record it replaces, and the token is discarded; if W was a deletion,
//! it cancelled the lease, and B does not happen. If B came first, W finds the identity.

use std::time::Duration;

use futures_util::future::join;
use identity_client::{CreatedIdentity, IdentityId};
use jiff::Timestamp;

use crate::broker::TokenBroker;
use crate::call_context::CallContext;
use crate::error::BrokerError;
use crate::event::BrokerEvent;
use crate::policy::Grant;
use crate::record::{CreationPause, Lease, Record, RecordKey, UniqueId};
use crate::session::Session;
use crate::store::{Stored, UserSnapshot, UserStore};
use crate::store_error::StoreError;
use crate::time::EpochSeconds;

/// The right to create the identity, and the record in which it stands.
pub(super) struct LeaseGuard {
    id: UniqueId,
    stored: Stored,
}

/// How a claim ended.
pub(super) enum ClaimOutcome {
    /// This request holds the lease.
    Acquired(LeaseGuard),
    /// Another request was first, or the session is refused. Contains what the record says now.
    Lost(UserSnapshot),
}

/// How a binding ended.
#[expect(clippy::large_enum_variant, reason = "there is one at a time, on the stack")]
enum BindOutcome {
    /// The identity is the user's.
    Bound(Stored),
    /// The identity is not the user's and never will be.
    NotBound,
    /// The store does not say.
    Unknown(StoreError),
}

/// How much longer than its request a lease lives.
const LEASE_MARGIN: Duration = Duration::from_secs(2);
/// What is kept of a request's time to bind what ACS has created, or to clean it up.
const BIND_RESERVE: Duration = Duration::from_secs(2);
/// The least time in which it makes sense to ask ACS for an identity.
const MIN_CREATE_BUDGET: Duration = Duration::from_millis(500);
const MAX_BIND_ATTEMPTS: usize = 3;

impl<S: UserStore> TokenBroker<S> {
    /// Acquires the creation lease, or returns the current record if another request was first.
    /// Drops a bound identity that ACS has confirmed to be `missing`.
    pub(super) async fn claim(
        &self,
        session: &Session,
        snapshot: UserSnapshot,
        missing: Option<&IdentityId>,
        ctx: &CallContext<'_>,
    ) -> Result<ClaimOutcome, BrokerError> {
        if ctx.deadline.remaining() < BIND_RESERVE + MIN_CREATE_BUDGET {
            return Err(BrokerError::IdentityBusy);
        }
        let id = self.unique_id();
        let now = ctx.deadline.now();
        let life = ctx.deadline.remaining() + LEASE_MARGIN;
        let expires_at = now.checked_add(life).unwrap_or(now);
        let lease = Lease { id, expires_at, sign_in: session.sign_in, cancelled: false };
        let UserSnapshot { stored, global_cutoff } = snapshot;
        let change = |record: &Record| record.claim_lease(global_cutoff, missing, lease, now);
        let committed = self.commit(&session.user, stored, ctx, change).await?;
        let stored = committed.stored;
        let Some(before) = committed.before else {
            // The record may hold our own lease: the store told so in a reply that was lost.
            let is_ours =
                stored.record.lease().is_some_and(|held| held.id == id && !held.cancelled);
            return Ok(if is_ours {
                ClaimOutcome::Acquired(LeaseGuard { id, stored })
            } else {
                ClaimOutcome::Lost(UserSnapshot { stored, global_cutoff })
            });
        };
        if before.lease().is_some() {
            ctx.emit(BrokerEvent::IdentityUnconfirmed);
        }
        if let Some(bound) = before.bound() {
            ctx.emit(BrokerEvent::IdentityReplaced);
            self.discard(&bound.id, ctx).await;
        }
        Ok(ClaimOutcome::Acquired(LeaseGuard { id, stored }))
    }

    /// Creates the identity with its first token, under a lease, and binds it. If ACS has left the
    /// token out, the caller issues another one.
    ///
    /// # Errors
    /// ACS or the store fails, or the record changed meanwhile: the identity is then cleaned up.
    pub(super) async fn create_identity(
        &self,
        session: &Session,
        grant: &Grant,
        lease: LeaseGuard,
        ctx: &CallContext<'_>,
    ) -> Result<CreatedIdentity, BrokerError> {
        let user = &session.user;
        // Step 2 (I). Time is kept to bind the identity or to clean it up.
        let acs_budget = ctx.deadline.remaining().saturating_sub(BIND_RESERVE);
        let deadline = ctx.deadline.capped_at(acs_budget);
        let created =
            self.acs.create_user_with_token(&grant.scopes, grant.lifetime, &deadline).await;
        let created = match created {
            Ok(created) => created,
            Err(error) => {
                // The reply is lost: ACS may have created an identity whose id nobody knows. To
                // ask again would lose another one.
                if error.is_ambiguous() {
                    ctx.emit(BrokerEvent::IdentityUnconfirmed);
                }
                let pause = lease.stored.record.creation_pause;
                self.release(user, lease, error.is_ambiguous(), ctx).await;
                return Err(failed_creation(error, pause, ctx.deadline.now()));
            }
        };
        ctx.emit(BrokerEvent::IdentityCreated);
        self.bind_created(session, grant, lease, created, ctx).await
    }

    /// Binds what ACS has created, or cleans it up.
    ///
    /// # Errors
    /// The session is refused meanwhile, or the identity could not be bound.
    async fn bind_created(
        &self,
        session: &Session,
        grant: &Grant,
        lease: LeaseGuard,
        created: CreatedIdentity,
        ctx: &CallContext<'_>,
    ) -> Result<CreatedIdentity, BrokerError> {
        let user = &session.user;
        let discard_token = || {
            if created.token.is_ok() {
                ctx.emit(BrokerEvent::TokenDiscarded);
            }
        };
        // Step 3 (B), and at the same time the read of the global cutoff: the binding itself shows
        // the user's own cutoff.
        let bind = self.bind(user, &lease, &created.identity, ctx);
        let (outcome, snapshot) = join(bind, self.snapshot(user, ctx)).await;
        let outcome = match outcome {
            BindOutcome::Bound(stored) => {
                let admitted = snapshot.map_err(BrokerError::from).and_then(|snapshot| {
                    stored.record.check_session(snapshot.global_cutoff, session.sign_in)?;
                    Ok(snapshot.global_cutoff)
                });
                // A global cutoff that came after the claim is still to be carried out for this user,
                // and would kill the token.
                let survives = |cutoff: &Option<EpochSeconds>| {
                    stored.record.is_usable(&created.identity)
                        && stored.record.global_cutoff_to_enforce(*cutoff).is_none()
                };
                if let Ok(global_cutoff) = admitted.as_ref()
                    && survives(global_cutoff)
                {
                    self.remember(user, &created.identity);
                    let snapshot = UserSnapshot { stored, global_cutoff: *global_cutoff };
                    self.remember_created(session, grant, &created, &snapshot, ctx);
                    return Ok(created);
                }
                discard_token();
                admitted?;
                return Err(BrokerError::IdentityBusy);
            }
            other => other,
        };
        discard_token();
        match outcome {
            BindOutcome::Unknown(error) => {
                self.delete_unknown(&created.identity, ctx).await;
                Err(error.into())
            }
            BindOutcome::Bound(_) | BindOutcome::NotBound => {
                let is_known = self.discard(&created.identity, ctx).await;
                self.release(user, lease, !is_known, ctx).await;
                Err(BrokerError::IdentityBusy)
            }
        }
    }

    /// Binds the identity. When the reply is lost the record is read, for the write may have
    /// happened. Before the identity is given up the lease is cancelled, so that a write that is
    /// still on its way cannot bind it.
    async fn bind(
        &self,
        user: &RecordKey,
        lease: &LeaseGuard,
        identity: &IdentityId,
        ctx: &CallContext<'_>,
    ) -> BindOutcome {
        let bind = |record: &Record| record.bind(lease.id, identity);
        let mut stored = Ok(lease.stored.clone());
        for _ in 0..MAX_BIND_ATTEMPTS {
            if let Ok(stored) = stored
                && let Ok(committed) = self.commit(user, stored, ctx, bind).await
            {
                return BindOutcome::of(committed.stored, identity);
            }
            stored = self.snapshot(user, ctx).await.map(|snapshot| snapshot.stored);
        }
        let cancel = |record: &Record| record.cancel_lease(lease.id);
        let stored = stored.unwrap_or_else(|_| lease.stored.clone());
        match self.commit(user, stored, ctx, cancel).await {
            Ok(committed) => BindOutcome::of(committed.stored, identity),
            Err(error) => BindOutcome::Unknown(error),
        }
    }

    /// Releases the lease, so that the next request need not wait for its end. If this write fails,
    /// the lease expires, and `sweep` counts the identity that may have come of it.
    async fn release(
        &self,
        user: &RecordKey,
        lease: LeaseGuard,
        is_unconfirmed: bool,
        ctx: &CallContext<'_>,
    ) {
        let retention = self.settings.tombstone_retention;
        let now = ctx.deadline.now();
        let LeaseGuard { id, stored } = lease;
        let change = |record: &Record| record.release_lease(id, is_unconfirmed, retention, now);
        self.commit_optional("release_lease", user, stored, ctx, change).await;
    }
}

/// Returns the error of a creation. After an unknown outcome the next attempt must wait.
fn failed_creation(
    error: identity_client::Error,
    earlier: Option<CreationPause>,
    now: Timestamp,
) -> BrokerError {
    if !error.is_ambiguous() {
        return error.into();
    }
    let retry_after = CreationPause::after(earlier, now).length;
    BrokerError::Paused { retry_after, source: Some(error) }
}

impl BindOutcome {
    fn of(stored: Stored, identity: &IdentityId) -> Self {
        if stored.record.is_bound_to(identity) { Self::Bound(stored) } else { Self::NotBound }
    }
}
