//! How a user gets an identity: one request takes the lease, asks ACS, and binds what it got.
//! Whatever comes between, the identity ends up bound, deleted, journaled or counted.

use std::time::Duration;

use acs_broker_store_dynamodb::{
    Lease, Nonce, Record, RecordKey, Standing, Stored, TableError, UserTable, Work,
};
use futures_util::future::join;
use identity_client::IdentityId;

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

/// What has become of an identity that was to be bound.
enum Fate {
    Bound(Record),
    /// It is not the user's and never will be.
    Unbound,
    /// The table does not say.
    Unknown(TableError),
}

/// How much longer than its request a lease lives.
const LEASE_MARGIN: Duration = Duration::from_secs(2);
/// What is kept of a request's time to bind what ACS has made, or to clean it up.
const KEPT_FOR_BINDING: Duration = Duration::from_secs(2);
/// The least time in which it makes sense to ask ACS for an identity.
const LEAST_FOR_CREATING: Duration = Duration::from_millis(500);
const BIND_ATTEMPTS: usize = 3;

impl<T: UserTable> TokenBroker<T> {
    /// Takes the lease, or tells what the record has become instead. An identity that is certainly
    /// no more gives way to it.
    pub(crate) async fn claim(
        &self,
        session: &Session,
        standing: Standing,
        dead: Option<&IdentityId>,
        call: &Call<'_>,
    ) -> Result<Result<Claim, Standing>, IssueError> {
        if call.deadline.remaining() < KEPT_FOR_BINDING + LEAST_FOR_CREATING {
            return Err(IssueError::Busy);
        }
        let owner = self.nonce();
        let now = call.deadline.now();
        let life = call.deadline.remaining() + LEASE_MARGIN;
        let until = now.checked_add(life).unwrap_or(now);
        let lease = Lease { owner, until, sign_in: session.sign_in, void: false };
        let Standing { stored, everybody } = standing;
        let rule = |record: &Record| rules::claimed(record, everybody, dead, lease, now);
        let applied = self.apply(&session.user, stored, call, rule).await?;
        let stored = applied.stored;
        let Some(before) = applied.before else {
            // Our own lease, should the table have said so in an answer that was lost.
            let is_ours = stored.record.lease.is_some_and(|held| held.owner == owner && !held.void);
            return Ok(if is_ours {
                Ok(Claim { owner, stored })
            } else {
                Err(Standing { stored, everybody })
            });
        };
        if before.lease.is_some() {
            call.saw(Happening::IdentityPossiblyLost);
        }
        if let Some(binding) = &before.binding {
            call.saw(Happening::IdentityReplaced);
            self.discard(&binding.identity, call).await;
        }
        Ok(Ok(Claim { owner, stored }))
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
        // At once: the binding shows the user's own watermark, this read shows everybody's.
        let bind = self.bind(user, &claim, &token.identity, call);
        let (fate, standing) = join(bind, self.standing(user, call)).await;
        if let Fate::Bound(record) = &fate {
            let admitted =
                standing.map_err(IssueError::from).and_then(|Standing { everybody, .. }| {
                    Ok(rules::admit(record, everybody, session.sign_in)?)
                });
            if admitted.is_ok() && rules::holds(record, &token.identity) {
                self.remember(user, &token.identity);
                return Ok(Issued { token, created: true });
            }
            admitted.inspect_err(|_| call.saw(Happening::TokenDropped))?;
        }
        call.saw(Happening::TokenDropped);
        match fate {
            Fate::Bound(_) => Err(IssueError::Busy),
            Fate::Unbound => {
                let is_known = self.discard(&token.identity, call).await;
                self.release(user, claim, !is_known, call).await;
                Err(IssueError::Busy)
            }
            Fate::Unknown(error) => {
                self.delete_unknown(&token.identity, call).await;
                Err(error.into())
            }
        }
    }

    /// Binds the identity. An answer that is lost is read up on, for the write may have happened;
    /// and before the identity is given up, no write on its way may bind it any more.
    async fn bind(
        &self,
        user: &RecordKey,
        claim: &Claim,
        identity: &IdentityId,
        call: &Call<'_>,
    ) -> Fate {
        let bind = |record: &Record| rules::bound(record, claim.owner, identity);
        let mut stored = Ok(claim.stored.clone());
        for _ in 0..BIND_ATTEMPTS {
            if let Ok(stored) = stored
                && let Ok(applied) = self.apply(user, stored, call, bind).await
            {
                return Fate::of(applied.stored, identity);
            }
            stored = self.standing(user, call).await.map(|standing| standing.stored);
        }
        let void = |record: &Record| rules::voided(record, claim.owner);
        let stored = stored.unwrap_or_else(|_| claim.stored.clone());
        match self.apply(user, stored, call, void).await {
            Ok(applied) => Fate::of(applied.stored, identity),
            Err(error) => Fate::Unknown(error),
        }
    }

    /// Deletes an identity that nobody has, or writes it down for `sweep`. Tells whether either was
    /// possible.
    async fn discard(&self, identity: &IdentityId, call: &Call<'_>) -> bool {
        let half = call.deadline.sooner(call.deadline.remaining() / 2);
        let is_gone = self.acs.delete_user(identity, &half).await.is_ok();
        let is_known = is_gone || self.journal(identity, call).await.is_ok();
        call.saw(match (is_gone, is_known) {
            (true, _) => Happening::IdentityDiscarded,
            (false, true) => Happening::OrphanJournaled,
            (false, false) => Happening::IdentityLost(identity.clone()),
        });
        is_known
    }

    /// Deletes an identity of which the table does not say whether it is bound. If it is, the user
    /// gets another one in time; `sweep` must not find it in the journal, though.
    async fn delete_unknown(&self, identity: &IdentityId, call: &Call<'_>) {
        let deleted = self.acs.delete_user(identity, &call.deadline).await;
        call.saw(match deleted {
            Ok(()) => Happening::IdentityDiscarded,
            Err(_) => Happening::IdentityLost(identity.clone()),
        });
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

impl Fate {
    fn of(stored: Stored, identity: &IdentityId) -> Self {
        match stored.record {
            record if rules::is_bound(&record, identity) => Self::Bound(record),
            _ => Self::Unbound,
        }
    }
}
