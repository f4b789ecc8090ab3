//! How a pending operation is carried out at ACS and cleared from its record.

use identity_client::IdentityId;

use crate::broker::TokenBroker;
use crate::call_context::CallContext;
use crate::error::BrokerError;
use crate::operation::Completion;
use crate::operations::wait::{MAX_STEPS, Wait};
use crate::record::pause::{ATTEMPT_INTERVAL, AttemptState};
use crate::record::{PendingKind, PendingOperation, Record, RecordKey};
use crate::store::{Stored, UserStore};

impl<S: UserStore> TokenBroker<S> {
    /// Does at ACS what the record says is pending, and clears it. To do it twice is harmless, so
    /// any request that finds a pending operation may complete it. Returns the record afterwards.
    ///
    /// An identity that is confirmed not to exist needs no revocation and no deletion.
    ///
    /// # Errors
    /// [`BrokerError::Acs`] or [`BrokerError::Store`]; the operation stays pending.
    pub(crate) async fn complete(
        &self,
        key: &RecordKey,
        stored: Stored,
        ctx: &CallContext<'_>,
    ) -> Result<Stored, BrokerError> {
        let Some(bound) = stored.record.bound().cloned() else { return Ok(stored) };
        let Some(operation) = bound.pending else { return Ok(stored) };
        let identity = bound.id;
        let response = match operation.kind {
            PendingKind::Revoke => self.acs.revoke_tokens(&identity, &ctx.deadline).await,
            PendingKind::Delete => self.acs.delete_user(&identity, &ctx.deadline).await,
        };
        let stored = match response {
            Ok(()) => stored,
            Err(error) if !error.is_no_such_identity() => return Err(error.into()),
            Err(_) if operation.explains_not_found(ctx.deadline.now()) => stored,
            Err(error) => self.confirm_not_found(key, stored, &identity, error, ctx).await?,
        };
        if operation.kind == PendingKind::Delete {
            self.forget(key);
        }
        let retention = self.settings.tombstone_retention;
        let now = ctx.deadline.now();
        let change = |record: &Record| record.complete(operation, &identity, retention, now);
        Ok(self.commit(key, stored, ctx, change).await?.stored)
    }

    /// Completes what is pending, for a caller to whom it is enough that it cannot be lost.
    /// `may_attempt` says of an operation that this request may carry it out without a look at
    /// other attempts: it has just accepted it.
    ///
    /// # Errors
    /// [`BrokerError::Store`]; the operation stays pending.
    pub(crate) async fn complete_or_defer(
        &self,
        key: &RecordKey,
        mut stored: Stored,
        may_attempt: impl Fn(&PendingOperation) -> bool + Send + Sync,
        ctx: &CallContext<'_>,
    ) -> Result<Completion, BrokerError> {
        let mut wait = Wait::default();
        for _ in 0..MAX_STEPS {
            let Some(operation) = stored.record.pending() else { return Ok(Completion::Done) };
            if may_attempt(&operation) {
                let completed = self.complete_attempted(key, stored, operation, ctx).await;
                return completed.map_or_else(Completion::defer, |_| Ok(Completion::Done));
            }
            stored = match self.complete_once(key, stored, operation, ctx).await {
                Ok(Some(stored)) => stored,
                // Another request attempts it, so this one waits for the result.
                Ok(None) => match self.read_after(&mut wait, key, ctx).await {
                    Ok(snapshot) => snapshot.stored,
                    Err(error) => return Completion::defer(error),
                },
                Err(error) => return Completion::defer(error),
            };
        }
        Completion::defer(BrokerError::IdentityBusy)
    }

    /// Completes a pending operation for a request that needs it done. It attempts the operation at
    /// most once, and not if another request attempts it or has just failed.
    ///
    /// Returns `None` while another request attempts it.
    ///
    /// # Errors
    /// [`BrokerError::Paused`] after a failed attempt, with the time after which the next one may
    /// begin; [`BrokerError::Store`].
    pub(crate) async fn complete_once(
        &self,
        key: &RecordKey,
        stored: Stored,
        operation: PendingOperation,
        ctx: &CallContext<'_>,
    ) -> Result<Option<Stored>, BrokerError> {
        let now = ctx.deadline.now();
        match operation.attempt.state(now) {
            AttemptState::UnderWay => return Ok(None),
            // Why that attempt failed is not known here. A report that the identity does not exist
            // may be in the record, but this failure need not be that one.
            AttemptState::Paused(retry_after) => {
                return Err(BrokerError::Paused { retry_after, source: None });
            }
            AttemptState::Free => {}
        }
        // The write decides which of several requests makes the attempt.
        let change = |record: &Record| record.begin_attempt(operation, now);
        let committed = self.commit(key, stored, ctx, change).await?;
        if committed.before.is_none() {
            return Ok(Some(committed.stored));
        }
        match self.complete_attempted(key, committed.stored, operation, ctx).await {
            Ok(stored) => Ok(Some(stored)),
            Err(BrokerError::Acs(error)) => {
                let retry_after = error.retry_after().unwrap_or_default().max(ATTEMPT_INTERVAL);
                Err(BrokerError::Paused { retry_after, source: Some(error) })
            }
            Err(error) => Err(error),
        }
    }

    /// Completes an operation whose attempt is noted in the record, and notes it if it fails.
    async fn complete_attempted(
        &self,
        key: &RecordKey,
        stored: Stored,
        operation: PendingOperation,
        ctx: &CallContext<'_>,
    ) -> Result<Stored, BrokerError> {
        let completed = self.complete(key, stored.clone(), ctx).await;
        if matches!(completed, Err(BrokerError::Acs(_))) {
            // Without this write the attempt counts as under way for five seconds, and other
            // requests wait for it.
            let change = |record: &Record| record.fail_attempt(operation);
            self.commit_optional("fail_attempt", key, stored, ctx, change).await;
        }
        completed
    }

    /// Returns the record if ACS has now confirmed that `identity` does not exist, or if the
    /// identity is no longer the record's.
    ///
    /// # Errors
    /// `report`, if it is the first: it is noted, and a second one must confirm it.
    pub(crate) async fn confirm_not_found(
        &self,
        key: &RecordKey,
        stored: Stored,
        identity: &IdentityId,
        report: identity_client::Error,
        ctx: &CallContext<'_>,
    ) -> Result<Stored, BrokerError> {
        let now = ctx.deadline.now();
        if stored.record.is_not_found_confirmed(identity, now) {
            return Ok(stored);
        }
        let change = |record: &Record| record.note_not_found(identity, now);
        let stored = self.commit(key, stored, ctx, change).await?.stored;
        if stored.record.is_bound_to(identity) { Err(report.into()) } else { Ok(stored) }
    }
}
