use std::time::Duration;

use acs_broker_store_dynamodb::{Record, RecordKey, Standing, UserTable};
use identity_client::{IdentityId, UserToken};

use crate::broker::TokenBroker;
use crate::call::{Call, Happening};
use crate::error::{IssueError, WorkError};
use crate::policy::Grant;
use crate::rules::{self, Step};
use crate::session::Session;

/// A token that was handed out.
#[derive(Debug)]
pub struct Issued {
    /// The token and the identity it speaks for.
    pub token: UserToken,
    /// Whether the identity was created for it.
    pub created: bool,
}

enum Found {
    Identity(IdentityId),
    Created(Issued),
}

/// How often the record may change under one request before it gives up.
const MOST_TURNS: usize = 5;
const SHORTEST_PAUSE: Duration = Duration::from_millis(25);
const LONGEST_PAUSE: Duration = Duration::from_millis(400);
/// What a waiting request keeps for itself, to get its own token once the wait is over.
const KEPT_FROM_WAITING: Duration = Duration::from_secs(2);

impl<T: UserTable> TokenBroker<T> {
    /// A token for the session's user, whose identity is created at the first time.
    ///
    /// The record is read *after* ACS has minted the token, and the token is dropped if the record
    /// no longer allows it: a revocation writes the watermark before it asks ACS, so either this
    /// read sees the watermark, or the token was minted before ACS revokes and dies with the rest.
    ///
    /// # Errors
    /// [`IssueError`]; no token that was minted on the way is in anybody's hands then.
    pub async fn issue(
        &self,
        session: &Session,
        grant: &Grant,
        call: &Call<'_>,
    ) -> Result<Issued, IssueError> {
        let user = &session.user;
        let mut known = self.remembered(user);
        let mut seen = None;
        let mut dead = None;
        for _ in 0..MOST_TURNS {
            let identity = match known.take() {
                Some(identity) => identity,
                None => match self.find(session, grant, seen.take(), dead.as_ref(), call).await? {
                    Found::Identity(identity) => identity,
                    Found::Created(issued) => return Ok(issued),
                },
            };
            let scopes = &grant.scopes;
            let minted =
                self.acs.issue_token(Some(&identity), scopes, grant.lifetime, &call.deadline).await;
            let token = match minted {
                Ok(token) => token,
                Err(error) if error.is_no_such_identity() => {
                    self.forget(user);
                    let Standing { mut stored, everybody } = self.standing(user, call).await?;
                    rules::admit(&stored.record, everybody, session.sign_in)?;
                    // With work pending ACS may well be right, and the work comes first.
                    if rules::holds(&stored.record, &identity) {
                        stored = self.doubt(user, stored, &identity, error, call).await?;
                        dead = Some(identity);
                    }
                    seen = Some(Standing { stored, everybody });
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let Standing { stored, everybody } = self.standing(user, call).await?;
            let admitted = rules::admit(&stored.record, everybody, session.sign_in);
            if admitted.is_ok()
                && let Some(mark) = rules::not_carried_out(&stored.record, everybody)
            {
                call.saw(Happening::TokenDropped);
                self.revoke_until(user, mark, call).await?;
                continue;
            }
            if admitted.is_ok() && rules::holds(&stored.record, &identity) {
                self.remember(user, &identity);
                if rules::trusted(&stored.record, &identity).is_some() {
                    let rule = |record: &Record| rules::trusted(record, &identity);
                    // Should this fail, the doubt fades by itself.
                    drop(self.apply(user, stored, call, rule).await);
                }
                return Ok(Issued { token, created: false });
            }
            call.saw(Happening::TokenDropped);
            self.forget(user);
            admitted?;
            seen = Some(Standing { stored, everybody });
        }
        Err(IssueError::Busy)
    }

    /// Goes from what the record says to an identity the user has, or to a new one with its token.
    async fn find(
        &self,
        session: &Session,
        grant: &Grant,
        seen: Option<Standing>,
        dead: Option<&IdentityId>,
        call: &Call<'_>,
    ) -> Result<Found, IssueError> {
        let user = &session.user;
        let mut standing = match seen {
            Some(standing) => standing,
            None => self.standing(user, call).await?,
        };
        let mut pause = SHORTEST_PAUSE;
        loop {
            let (record, everybody) = (&standing.stored.record, standing.everybody);
            rules::admit(record, everybody, session.sign_in)?;
            standing = match rules::next_step(record, dead, call.deadline.now()) {
                Step::Use(identity) => return Ok(Found::Identity(identity)),
                Step::FinishWork => match self.finish(user, standing.stored, call).await {
                    Ok(stored) => Standing { stored, everybody },
                    // Most likely another request has just deleted it, and is about to say so.
                    Err(WorkError::Acs(error)) if error.is_no_such_identity() => {
                        self.read_after(&mut pause, user, call).await?
                    }
                    Err(error) => return Err(error.into()),
                },
                Step::WaitForLease => {
                    call.saw(Happening::WaitedForLease);
                    self.read_after(&mut pause, user, call).await?
                }
                Step::Claim => match self.claim(session, standing, dead, call).await? {
                    Ok(claim) => {
                        let issued = self.create(session, grant, claim, call).await?;
                        return Ok(Found::Created(issued));
                    }
                    Err(current) => current,
                },
            };
        }
    }

    /// Gives another request some time for its work; ever more, as long as there is some.
    async fn read_after(
        &self,
        pause: &mut Duration,
        user: &RecordKey,
        call: &Call<'_>,
    ) -> Result<Standing, IssueError> {
        if call.deadline.remaining() < KEPT_FROM_WAITING + *pause {
            return Err(IssueError::Busy);
        }
        tokio::time::sleep(*pause).await;
        *pause = (*pause * 2).min(LONGEST_PAUSE);
        Ok(self.standing(user, call).await?)
    }
}
