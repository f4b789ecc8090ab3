//! How a user gets an identity: one request takes the lease, asks ACS, and binds what it got.
//! Whatever comes between, the identity ends up bound, deleted, journaled or counted.

use std::time::Duration;

use identity_client::IdentityId;
use user_table::{Lease, Nonce, Record, RecordKey, Stored, TableError, UserTable, Work};

use crate::broker::TokenBroker;
use crate::call::{Call, Happening};
use crate::error::IssueError;
use crate::issue::Issued;
use crate::policy::Grant;
use crate::rules;
use crate::session::Session;

/// The right to create, and the record in which it stands.
pub(crate) struct Claim {
    owner: Nonce,
    stored: Stored,
}

enum Unbound {
    /// A deletion or another request took the lease away.
    LeaseGone,
    Table(TableError),
}

/// How much longer than its request a lease lives.
const LEASE_MARGIN: Duration = Duration::from_secs(2);
/// What is kept of a request's time to bind what ACS has made, or to clean it up.
const KEPT_FOR_BINDING: Duration = Duration::from_secs(2);
/// The least time in which it makes sense to ask ACS for an identity.
const LEAST_FOR_CREATING: Duration = Duration::from_millis(500);
const RETRY_AFTER: Duration = Duration::from_secs(1);
const BIND_ATTEMPTS: usize = 3;

impl<T: UserTable> TokenBroker<T> {
    /// Takes the lease, or tells what the record has become instead.
    ///
    /// An identity that ACS calls non-existent is deleted before it is given up: should ACS be wrong
    /// about it, its tokens would otherwise outlive every later revocation.
    pub(crate) async fn claim(
        &self,
        session: &Session,
        stored: Stored,
        dead: Option<&IdentityId>,
        call: &Call<'_>,
    ) -> Result<Result<Claim, Stored>, IssueError> {
        if call.deadline.remaining() < KEPT_FOR_BINDING + LEAST_FOR_CREATING {
            return Err(IssueError::Busy { retry_after: RETRY_AFTER });
        }
        if let Some(binding) = &stored.record.binding {
            let deleted = self.acs.delete_user(&binding.identity, &call.deadline).await;
            match deleted {
                Err(error) if !error.is_no_such_identity() => return Err(error.into()),
                Ok(()) | Err(_) => {}
            }
        }
        let owner = self.nonce();
        let now = call.deadline.now();
        let life = call.deadline.remaining() + LEASE_MARGIN;
        let until = now.checked_add(life).unwrap_or(now);
        let lease = Lease { owner, until, void: false };
        let rule = |record: &Record| rules::claimed(record, session.sign_in, dead, lease, now);
        let applied = self.apply(&session.user, stored, call, rule).await?;
        let Some(before) = applied.before else {
            return Ok(Err(applied.stored));
        };
        if before.lease.is_some() {
            call.saw(Happening::IdentityPossiblyLost);
        }
        if before.binding.is_some() {
            call.saw(Happening::IdentityReplaced);
        }
        Ok(Ok(Claim { owner, stored: applied.stored }))
    }

    /// Asks ACS for an identity with its first token, under a lease.
    pub(crate) async fn create(
        &self,
        session: &Session,
        grant: &Grant,
        claim: Claim,
        call: &Call<'_>,
    ) -> Result<Issued, IssueError> {
        let user = &session.user;
        let time_for_acs = call.deadline.remaining().saturating_sub(KEPT_FOR_BINDING);
        let deadline = call.deadline.sooner(time_for_acs);
        let made = self.acs.create_user_with_token(&grant.scopes, grant.lifetime, &deadline).await;
        let token = match made {
            Ok(token) => token,
            Err(error) => {
                if error.is_ambiguous() {
                    call.saw(Happening::IdentityPossiblyLost);
                }
                self.release(user, claim, error.is_ambiguous(), call).await;
                return Err(error.into());
            }
        };
        call.saw(Happening::IdentityCreated);
        match self.bind(session, &claim, &token.identity, call).await {
            Ok(record) => {
                let admitted = rules::admit(&record, session.sign_in);
                if admitted.is_ok() && rules::holds(&record, &token.identity) {
                    self.remember(user, &token.identity);
                    return Ok(Issued { token, created: true });
                }
                call.saw(Happening::TokenDropped);
                admitted?;
                Err(IssueError::Busy { retry_after: RETRY_AFTER })
            }
            Err(why) => {
                call.saw(Happening::TokenDropped);
                let is_lost = !self.discard(&token.identity, call).await;
                self.release(user, claim, is_lost, call).await;
                Err(match why {
                    Unbound::LeaseGone => IssueError::Busy { retry_after: RETRY_AFTER },
                    Unbound::Table(error) => error.into(),
                })
            }
        }
    }

    /// Binds the identity and returns the record that holds it. An answer that is lost is read up
    /// on, for the write may have happened.
    async fn bind(
        &self,
        session: &Session,
        claim: &Claim,
        identity: &IdentityId,
        call: &Call<'_>,
    ) -> Result<Record, Unbound> {
        let user = &session.user;
        let rule = |record: &Record| rules::bound(record, claim.owner, identity, session.sign_in);
        let mut stored = Ok(claim.stored.clone());
        let mut attempt = 0;
        loop {
            attempt += 1;
            let outcome = match stored {
                Ok(stored) => self.apply(user, stored, call, rule).await,
                Err(error) => Err(error),
            };
            match outcome {
                Ok(applied) => {
                    let record = applied.stored.record;
                    let is_bound =
                        record.binding.as_ref().is_some_and(|bound| bound.identity == *identity);
                    return if is_bound { Ok(record) } else { Err(Unbound::LeaseGone) };
                }
                Err(error) if attempt == BIND_ATTEMPTS => return Err(Unbound::Table(error)),
                Err(_) => stored = self.read(user, call).await,
            }
        }
    }

    /// Deletes an identity that could not be bound, or writes it down for `sweep`. Tells whether
    /// either was possible.
    async fn discard(&self, identity: &IdentityId, call: &Call<'_>) -> bool {
        let half = call.deadline.sooner(call.deadline.remaining() / 2);
        let gone = match self.acs.delete_user(identity, &half).await {
            Ok(()) => true,
            Err(error) => error.is_no_such_identity(),
        };
        let is_known = gone || self.journal(identity, call).await.is_ok();
        call.saw(match (gone, is_known) {
            (true, _) => Happening::IdentityDiscarded,
            (false, true) => Happening::OrphanJournaled,
            (false, false) => Happening::IdentityLost(identity.clone()),
        });
        is_known
    }

    async fn journal(&self, identity: &IdentityId, call: &Call<'_>) -> Result<(), TableError> {
        let work = self.work(Work::Delete, call);
        let key = RecordKey::Orphan(identity.clone());
        let rule = |record: &Record| rules::orphaned(record, identity, work);
        self.apply(&key, Stored::default(), call, rule).await.map(drop)
    }

    /// Gives the lease back so that the next request need not wait for its end. Should that fail,
    /// it ends by itself, and `sweep` counts the identity that may have come of it.
    async fn release(&self, user: &RecordKey, claim: Claim, is_lost: bool, call: &Call<'_>) {
        let retention = self.settings.tombstone_retention;
        let now = call.deadline.now();
        let rule = |record: &Record| rules::released(record, claim.owner, is_lost, retention, now);
        let released = self.apply(user, claim.stored, call, rule).await;
        drop(released);
    }
}
