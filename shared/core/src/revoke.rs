use acs_broker_store_dynamodb::{Record, RecordKey, Standing, UserTable, Work};

use crate::broker::TokenBroker;
use crate::call::Call;
use crate::error::WorkError;
use crate::order::{Order, Sessions};
use crate::rules;

impl<T: UserTable> TokenBroker<T> {
    /// Ends every ACS token of a user, and their sessions unless told otherwise.
    ///
    /// First the watermark and the order for ACS are written down together, then ACS revokes, then
    /// the order is struck off.
    ///
    /// # Errors
    /// [`WorkError`]. From the first write on nothing is lost: repeating the call finishes the
    /// work, and so does `sweep`.
    pub async fn revoke(
        &self,
        user: &RecordKey,
        order: Order,
        sessions: Sessions,
        call: &Call<'_>,
    ) -> Result<(), WorkError> {
        let Standing { stored, everybody } = self.standing(user, call).await?;
        let work = self.work(Work::Revoke, call);
        let retention = self.settings.tombstone_retention;
        let rule =
            |record: &Record| rules::revoked(record, everybody, order, sessions, work, retention);
        let applied = self.apply(user, stored, call, rule).await?;
        self.finish_or_leave(user, applied.stored, call).await
    }
}
