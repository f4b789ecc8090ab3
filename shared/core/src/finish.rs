use acs_broker_store_dynamodb::{Record, RecordKey, Stored, UserTable, Work};
use identity_client::IdentityId;

use crate::broker::TokenBroker;
use crate::call::Call;
use crate::error::WorkError;
use crate::rules;

impl<T: UserTable> TokenBroker<T> {
    /// Does at ACS what the record says is pending, and strikes it off. Doing it twice is harmless,
    /// so whoever finds pending work may finish it.
    ///
    /// That the identity does not exist is as good as done, once it is certain.
    pub(crate) async fn finish(
        &self,
        key: &RecordKey,
        stored: Stored,
        call: &Call<'_>,
    ) -> Result<Stored, WorkError> {
        let (Some(work), Some(binding)) = (stored.record.pending, stored.record.binding.clone())
        else {
            return Ok(stored);
        };
        let identity = binding.identity;
        let done = match work.work {
            Work::Revoke => self.acs.revoke_tokens(&identity, &call.deadline).await,
            Work::Delete => self.acs.delete_user(&identity, &call.deadline).await,
        };
        let stored = match done {
            Ok(()) => stored,
            Err(error) if !error.is_no_such_identity() => return Err(error.into()),
            Err(_) if rules::was_tried(work, call.deadline.now()) => stored,
            Err(error) => self.doubt(key, stored, &identity, error, call).await?,
        };
        if work.work == Work::Delete {
            self.forget(key);
        }
        let retention = self.settings.tombstone_retention;
        let now = call.deadline.now();
        let rule = |record: &Record| rules::concluded(record, work, &identity, retention, now);
        Ok(self.apply(key, stored, call, rule).await?.stored)
    }

    /// Comes back when `identity` is certainly no more, or is not the record's any longer. Else the
    /// doubt is written down, and ACS's word is the error.
    pub(crate) async fn doubt(
        &self,
        key: &RecordKey,
        stored: Stored,
        identity: &IdentityId,
        word: identity_client::Error,
        call: &Call<'_>,
    ) -> Result<Stored, WorkError> {
        let now = call.deadline.now();
        if rules::is_dead(&stored.record, identity, now) {
            return Ok(stored);
        }
        let rule = |record: &Record| rules::doubted(record, identity, now);
        let stored = self.apply(key, stored, call, rule).await?.stored;
        if rules::is_bound(&stored.record, identity) { Err(word.into()) } else { Ok(stored) }
    }

    /// Finishes work for somebody to whom it is enough that nothing can be lost: should ACS say that
    /// the identity does not exist, the work stays written down until that is certain.
    pub(crate) async fn finish_or_leave(
        &self,
        key: &RecordKey,
        stored: Stored,
        call: &Call<'_>,
    ) -> Result<(), WorkError> {
        match self.finish(key, stored, call).await {
            Err(WorkError::Acs(error)) if error.is_no_such_identity() => Ok(()),
            finished => finished.map(drop),
        }
    }
}
