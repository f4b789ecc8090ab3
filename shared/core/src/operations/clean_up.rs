//! How an identity ends that no user may have.

use identity_client::IdentityId;

use crate::broker::TokenBroker;
use crate::call_context::CallContext;
use crate::event::BrokerEvent;
use crate::record::{PendingKind, PendingOperation, Record, RecordKey};
use crate::store::{Stored, UserStore};
use crate::store_error::StoreError;

impl<S: UserStore> TokenBroker<S> {
    /// Deletes an identity that nobody has, or journals it for `sweep`. Returns whether either
    /// succeeded.
    pub(super) async fn discard(&self, identity: &IdentityId, ctx: &CallContext<'_>) -> bool {
        let half = ctx.deadline.capped_at(ctx.deadline.remaining() / 2);
        let is_deleted = self.acs.delete_user(identity, &half).await.is_ok();
        let is_known = is_deleted || self.journal(identity, ctx).await.is_ok();
        ctx.emit(match (is_deleted, is_known) {
            (true, _) => BrokerEvent::IdentityDiscarded,
            (false, true) => BrokerEvent::OrphanJournaled,
            (false, false) => BrokerEvent::IdentityLost(identity.clone()),
        });
        is_known
    }

    /// Deletes an identity when the store does not say whether it is bound. If it is bound, the
    /// user gets another one in time. It is not journaled: `sweep` must not delete an identity that
    /// a user may have.
    pub(super) async fn delete_unknown(&self, identity: &IdentityId, ctx: &CallContext<'_>) {
        let deleted = self.acs.delete_user(identity, &ctx.deadline).await;
        ctx.emit(match deleted {
            Ok(()) => BrokerEvent::IdentityDiscarded,
            Err(_) => BrokerEvent::IdentityLost(identity.clone()),
        });
    }

    /// Records an identity that `sweep` is to delete.
    async fn journal(
        &self,
        identity: &IdentityId,
        ctx: &CallContext<'_>,
    ) -> Result<(), StoreError> {
        let now = ctx.deadline.now();
        let deletion = PendingOperation::accept(PendingKind::Delete, self.unique_id(), now);
        let key = RecordKey::Orphan(identity.clone());
        let change = |record: &Record| record.journal_orphan(identity, deletion);
        self.commit(&key, Stored::default(), ctx, change).await.map(drop)
    }
}
