//! How a pending operation is carried out at ACS and cleared from its record.

use identity_client::IdentityId;

use crate::broker::TokenBroker;
use crate::call_context::CallContext;
use crate::error::BrokerError;
use crate::operation::Completion;
use crate::record::{PendingKind, Record, RecordKey};
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
    ///
    /// # Errors
    /// [`BrokerError::Store`]; the operation stays pending.
    pub(crate) async fn complete_or_defer(
        &self,
        key: &RecordKey,
        stored: Stored,
        ctx: &CallContext<'_>,
    ) -> Result<Completion, BrokerError> {
        match self.complete(key, stored, ctx).await {
            Ok(_) => Ok(Completion::Done),
            Err(BrokerError::Acs(error)) => Ok(Completion::Deferred(error)),
            Err(error) => Err(error),
        }
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
