//! A token for a signed-in user.
//!
//! The token is minted first (I), and the record is read after it (R). `execute.rs` has the proof
//! that this order loses no revocation; here it means: no path returns a token without a strongly
//! consistent read that began after ACS had responded.

use identity_client::{CreatedIdentity, IdentityId, UserToken};

use crate::broker::TokenBroker;
use crate::call_context::CallContext;
use crate::error::BrokerError;
use crate::event::BrokerEvent;
use crate::operation::Completion;
use crate::operations::create_identity::ClaimOutcome;
use crate::operations::issued::{Issued, TokenSource};
use crate::operations::reuse::Reuse;
use crate::operations::wait::{MAX_STEPS, Wait};
use crate::policy::Grant;
use crate::record::{NextStep, Record};
use crate::session::Session;
use crate::store::{UserSnapshot, UserStore};

/// What one attempt begins with.
#[expect(clippy::large_enum_variant, reason = "there is one at a time, on the stack")]
enum Start {
    /// An identity that this process remembers: it need not be read before ACS is asked.
    Remembered(IdentityId),
    /// The record, and an identity that ACS has confirmed not to exist.
    Read { snapshot: UserSnapshot, missing: Option<IdentityId> },
}

/// What the record leads to.
enum Resolved {
    /// An identity that needs a token.
    Identity {
        identity: IdentityId,
        /// Whether it was created just now, and ACS has left its first token out.
        created: bool,
    },
    /// A new identity with its first token.
    Created(Issued),
}

impl Resolved {
    fn of(created: CreatedIdentity) -> Self {
        let CreatedIdentity { identity, token } = created;
        match token {
            Ok(token) => {
                let token = UserToken { identity, token };
                Self::Created(Issued { token, source: TokenSource::Created })
            }
            // The identity is bound, so that it is issued a token as any other one.
            Err(_) => Self::Identity { identity, created: true },
        }
    }
}

/// What the read after the minting says about the token.
enum Verdict {
    /// The token may be handed out.
    Valid(UserSnapshot),
    /// The record changed meanwhile. The next attempt begins with what it says now.
    Stale(UserSnapshot),
}

/// How often the record may change under one request before it gives up.
const MAX_ATTEMPTS: usize = 5;

impl<S: UserStore> TokenBroker<S> {
    /// Returns a token for the session's user, whose identity is created at the first time.
    ///
    /// # Errors
    /// [`BrokerError`]. A token that was minted on the way is discarded and in nobody's hands.
    pub async fn issue(
        &self,
        session: &Session,
        grant: &Grant,
        ctx: &CallContext<'_>,
    ) -> Result<Issued, BrokerError> {
        self.check_age(session.sign_in, ctx)?;
        let issued = self.issue_any(session, grant, ctx).await?;
        // A refresher that is handed an expired token asks again at once, without end.
        let (expires_on, now) = (issued.token.token.expires_on(), ctx.deadline.now());
        if expires_on <= now {
            return Err(BrokerError::TokenExpired { expires_on, now });
        }
        Ok(issued)
    }

    async fn issue_any(
        &self,
        session: &Session,
        grant: &Grant,
        ctx: &CallContext<'_>,
    ) -> Result<Issued, BrokerError> {
        let user = &session.user;
        self.tokens.note_request(user, grant, ctx.deadline.now());
        let mut start = match self.remembered(user) {
            Some(identity) => Start::Remembered(identity),
            None => Start::Read { snapshot: self.snapshot(user, ctx).await?, missing: None },
        };
        let mut source = TokenSource::Minted;
        for _ in 0..MAX_ATTEMPTS {
            // Step 1: an identity. A new one brings its first token along, as a rule.
            let identity = match start {
                Start::Remembered(identity) => identity,
                Start::Read { snapshot, missing } => {
                    // Boxed, like all that few requests need: the path of every token stays small.
                    let resolve = self.resolve(session, grant, snapshot, missing.as_ref(), ctx);
                    match Box::pin(resolve).await? {
                        Resolved::Identity { identity, created } => {
                            if created {
                                source = TokenSource::Created;
                            }
                            identity
                        }
                        Resolved::Created(issued) => return Ok(issued),
                    }
                }
            };
            match self.reuse(session, grant, ctx).await? {
                Reuse::Token(token) => return Ok(Issued { token, source: TokenSource::Reused }),
                Reuse::Changed(snapshot) => {
                    start = Start::Read { snapshot, missing: None };
                    continue;
                }
                Reuse::Nothing => {}
            }
            // Step 2 (I): ACS mints the token. If the reply is lost, nobody holds the token.
            self.check_mint_rate(session, ctx).await?;
            let minted =
                self.acs.issue_token(&identity, &grant.scopes, grant.lifetime, &ctx.deadline).await;
            let token = match minted {
                Ok(token) => token,
                Err(error) if error.is_no_such_identity() => {
                    let found = self.after_not_found(session, identity, error, ctx);
                    start = Box::pin(found).await?;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            // Step 3 (R): the record, read after ACS has responded, decides about the token.
            match self.check_minted(session, &identity, ctx).await? {
                Verdict::Valid(snapshot) => {
                    self.remember_token(session, grant, &token, &snapshot, ctx);
                    return Ok(Issued { token, source });
                }
                Verdict::Stale(snapshot) => start = Start::Read { snapshot, missing: None },
            }
        }
        Err(BrokerError::IdentityBusy)
    }

    /// Reads the record after the minting, and says whether it still allows the token.
    ///
    /// # Errors
    /// The session is refused, or the store does not respond: the token is discarded.
    async fn check_minted(
        &self,
        session: &Session,
        identity: &IdentityId,
        ctx: &CallContext<'_>,
    ) -> Result<Verdict, BrokerError> {
        let user = &session.user;
        let UserSnapshot { stored, global_cutoff } = self.snapshot(user, ctx).await?;
        let record = &stored.record;
        if let Err(rejection) = record.check_session(global_cutoff, session.sign_in) {
            ctx.emit(BrokerEvent::TokenDiscarded);
            self.forget(user);
            return Err(rejection.into());
        }
        // The scan of `revoke_all` has not reached this user. It would kill this token, so its work
        // is done first, and the next attempt mints another token.
        if let Some(cutoff) = record.global_cutoff_to_enforce(global_cutoff) {
            ctx.emit(BrokerEvent::TokenDiscarded);
            let accepted = Box::pin(self.enforce_cutoff(user, cutoff, ctx)).await?;
            if let Completion::Deferred(error) = accepted.completion
                && !error.is_not_found()
            {
                return Err(error);
            }
            return Ok(Verdict::Stale(self.snapshot(user, ctx).await?));
        }
        if !record.is_usable(identity) {
            ctx.emit(BrokerEvent::TokenDiscarded);
            self.forget(user);
            return Ok(Verdict::Stale(UserSnapshot { stored, global_cutoff }));
        }
        self.remember(user, identity);
        let snapshot = UserSnapshot { stored: stored.clone(), global_cutoff };
        if record.clear_not_found(identity).is_some() {
            // Without this write the report counts for up to three hours, and a second report
            // within them would confirm it.
            let change = |record: &Record| record.clear_not_found(identity);
            let write = self.commit_optional("clear_not_found", user, stored, ctx, change);
            Box::pin(write).await;
        }
        Ok(Verdict::Valid(snapshot))
    }

    /// Returns where to begin after ACS has reported that `identity` does not exist.
    ///
    /// # Errors
    /// The session is refused, or the report is the first of its kind and not yet believed.
    async fn after_not_found(
        &self,
        session: &Session,
        identity: IdentityId,
        report: identity_client::Error,
        ctx: &CallContext<'_>,
    ) -> Result<Start, BrokerError> {
        let user = &session.user;
        self.forget(user);
        let UserSnapshot { stored, global_cutoff } = self.snapshot(user, ctx).await?;
        stored.record.check_session(global_cutoff, session.sign_in)?;
        // With an operation pending ACS may well be right, and the operation comes first.
        if !stored.record.is_usable(&identity) {
            return Ok(Start::Read {
                snapshot: UserSnapshot { stored, global_cutoff },
                missing: None,
            });
        }
        let stored = self.confirm_not_found(user, stored, &identity, report, ctx).await?;
        let snapshot = UserSnapshot { stored, global_cutoff };
        Ok(Start::Read { snapshot, missing: Some(identity) })
    }

    /// Goes from what the record says to an identity that the user has, or to a new one with its
    /// token.
    ///
    /// # Errors
    /// The session is refused, or a step fails.
    async fn resolve(
        &self,
        session: &Session,
        grant: &Grant,
        mut snapshot: UserSnapshot,
        missing: Option<&IdentityId>,
        ctx: &CallContext<'_>,
    ) -> Result<Resolved, BrokerError> {
        let user = &session.user;
        let mut wait = Wait::default();
        for _ in 0..MAX_STEPS {
            let UserSnapshot { stored, global_cutoff } = snapshot;
            stored.record.check_session(global_cutoff, session.sign_in)?;
            snapshot = match stored.record.next_step(missing, ctx.deadline.now()) {
                NextStep::UseIdentity(identity) => {
                    return Ok(Resolved::Identity { identity, created: false });
                }
                NextStep::CompletePending(operation) => {
                    match self.complete_once(user, stored, operation, ctx).await? {
                        Some(stored) => UserSnapshot { stored, global_cutoff },
                        None => self.read_after(&mut wait, user, ctx).await?,
                    }
                }
                NextStep::PauseCreation(retry_after) => {
                    return Err(BrokerError::Paused { retry_after, source: None });
                }
                NextStep::WaitForLease => {
                    ctx.emit(BrokerEvent::LeaseWait);
                    self.read_after(&mut wait, user, ctx).await?
                }
                NextStep::ClaimLease => {
                    let snapshot = UserSnapshot { stored, global_cutoff };
                    match self.claim(session, snapshot, missing, ctx).await? {
                        ClaimOutcome::Acquired(claim) => {
                            let created = self.create_identity(session, grant, claim, ctx).await?;
                            return Ok(Resolved::of(created));
                        }
                        ClaimOutcome::Lost(current) => current,
                    }
                }
            };
        }
        Err(BrokerError::IdentityBusy)
    }
}
