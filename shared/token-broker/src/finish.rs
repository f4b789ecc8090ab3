use user_table::{Record, RecordKey, Stored, UserTable, Work};

use crate::broker::TokenBroker;
use crate::call::Call;
use crate::error::WorkError;
use crate::rules;

impl<T: UserTable> TokenBroker<T> {
    /// Does at ACS what the record says is pending, and strikes it off. Doing it twice is harmless,
    /// so whoever finds pending work may finish it.
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
        match done {
            Err(error) if !error.is_no_such_identity() => return Err(error.into()),
            Ok(()) | Err(_) => {}
        }
        if work.work == Work::Delete {
            self.forget(key);
        }
        let retention = self.settings.tombstone_retention;
        let now = call.deadline.now();
        let rule = |record: &Record| rules::concluded(record, work, &identity, retention, now);
        Ok(self.apply(key, stored, call, rule).await?.stored)
    }
}
