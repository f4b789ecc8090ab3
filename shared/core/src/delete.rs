use acs_broker_store_dynamodb::{Record, RecordKey, Standing, UserTable, Work};

use crate::broker::TokenBroker;
use crate::call::Call;
use crate::error::WorkError;
use crate::order::Order;
use crate::rules;

/// What became of a request to delete a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// It is done, or written down to be done.
    Ordered,
    /// The session that asks has ended, and nobody has ordered what it asks for.
    SessionEnded,
}

impl<T: UserTable> TokenBroker<T> {
    /// Deletes a user's identity with everything ACS keeps about it, and ends their sessions.
    ///
    /// A session that has ended may repeat a deletion that was ordered. It can not order one.
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
    ) -> Result<Deletion, WorkError> {
        let Standing { stored, everybody } = self.standing(user, call).await?;
        let work = self.work(Work::Delete, call);
        let retention = self.settings.tombstone_retention;
        let rule = |record: &Record| rules::deleted(record, everybody, order, work, retention);
        let applied = self.apply(user, stored, call, rule).await?;
        let record = &applied.stored.record;
        if order.is_stale(rules::watermark(record, everybody)) && rules::stays(record) {
            return Ok(Deletion::SessionEnded);
        }
        self.finish_or_leave(user, applied.stored, call).await?;
        Ok(Deletion::Ordered)
    }
}
