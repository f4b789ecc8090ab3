use user_table::{Record, RecordKey, UserTable, Work};

use crate::broker::TokenBroker;
use crate::call::Call;
use crate::error::WorkError;
use crate::order::Order;
use crate::rules;

impl<T: UserTable> TokenBroker<T> {
    /// Deletes a user's identity with everything ACS keeps about it, and ends their sessions.
    ///
    /// First the tombstone is written with the identity still in it, then ACS deletes, then the
    /// identity is struck off; what is left expires.
    ///
    /// # Errors
    /// [`WorkError`]. From the first write on nothing is lost: repeating the call finishes the
    /// work, and so does `sweep`.
    pub async fn delete(
        &self,
        user: &RecordKey,
        order: Order,
        call: &Call<'_>,
    ) -> Result<(), WorkError> {
        let stored = self.read(user, call).await?;
        let work = self.work(Work::Delete, call);
        let retention = self.settings.tombstone_retention;
        let rule = |record: &Record| rules::deleted(record, order, work, retention);
        let applied = self.apply(user, stored, call, rule).await?;
        self.finish(user, applied.stored, call).await.map(drop)
    }
}
