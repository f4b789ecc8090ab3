use acs_broker_store_dynamodb::{Record, RecordKey, UserTable, Work};

use crate::broker::TokenBroker;
use crate::call::Call;
use crate::error::WorkError;
use crate::order::Ruling;
use crate::rules;

impl<T: UserTable> TokenBroker<T> {
    /// Bans a user until the suspension is lifted, and ends every ACS token and session of theirs.
    ///
    /// The suspension is written down together with the revocation, which goes on as ever: ACS
    /// revokes, then the order is struck off. A word of the identity provider that is older than
    /// the last decision changes nothing about the suspension; what it ends stays ended.
    ///
    /// # Errors
    /// [`WorkError`]. From the first write on nothing is lost: repeating the call finishes the
    /// work, and so does `sweep`.
    pub async fn suspend(
        &self,
        user: &RecordKey,
        ruling: Ruling,
        call: &Call<'_>,
    ) -> Result<(), WorkError> {
        let stored = self.standing(user, call).await?.stored;
        let work = self.work(Work::Revoke, call);
        let retention = self.settings.tombstone_retention;
        let rule = |record: &Record| rules::suspended(record, ruling, work, retention);
        let applied = self.apply(user, stored, call, rule).await?;
        self.finish_or_leave(user, applied.stored, call).await
    }

    /// Lifts a user's suspension: they may sign in again. Sessions that have ended stay so.
    ///
    /// It is written down also for a user who is not suspended, so that an older word of the
    /// identity provider, arriving late, does not suspend them. What an operator has suspended only
    /// an operator lifts.
    ///
    /// # Errors
    /// [`WorkError::Table`]. Repeating the call does no harm.
    pub async fn unsuspend(
        &self,
        user: &RecordKey,
        ruling: Ruling,
        call: &Call<'_>,
    ) -> Result<(), WorkError> {
        let stored = self.standing(user, call).await?.stored;
        let retention = self.settings.tombstone_retention;
        let now = call.deadline.now();
        let rule = |record: &Record| rules::unsuspended(record, ruling, retention, now);
        self.apply(user, stored, call, rule).await?;
        Ok(())
    }
}
