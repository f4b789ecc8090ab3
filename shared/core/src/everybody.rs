//! Ends everybody's sessions at once, without writing to every row before the first answer.
//!
//! One row of its own holds everybody's watermark W, and whoever reads a user's record reads it too.
//! From the moment it is written no session at or before W is admitted. That leaves the tokens that
//! were minted before: they die row by row, in a walk over the table that begins after W and gives
//! each user who has an identity, or is about to get one, a revocation of their own at W. The walk
//! may die halfway and begin anew; once it is complete, no token of a session at or before W is
//! alive:
//!
//! - A renewal mints its token (I) before it reads everybody's watermark (R). If R does not see W,
//!   then I < R < W, and the walk reads the row (S) and has ACS revoke (A) after that: I < A, and A
//!   kills the token. If R sees W, the session is refused.
//! - A creation claims its lease (C), mints (I), and then binds the identity (B) while it reads
//!   everybody's watermark (R). If C comes before W, the walk finds the lease or the identity. It
//!   raises this user's own watermark: before B, and B sees it; or after B, and A kills the token.
//!   If C comes after W, so does R, which begins after C has been answered, and sees W.
//!
//! A watermark in a user's own record says that the tokens from before it are dead or about to be. So
//! W comes into it only together with the order to revoke, or with a claim, before there is an
//! identity. The walk brings it; or a request that is faster: of a session that began after W, whose
//! token the walk would kill later, or of one that W has ended and that asks for a revocation.

use acs_broker_store_dynamodb::{EpochSeconds, Record, RecordKey, UserTable};
use identity_client::Timestamp;

use crate::broker::TokenBroker;
use crate::call::Call;
use crate::error::WorkError;
use crate::order::{Order, Sessions};
use crate::rules;

impl<T: UserTable> TokenBroker<T> {
    /// Ends every session of every user at once, and tells up to which second.
    ///
    /// Tokens from before live on until [`TokenBroker::revoke_until`] is done for every row of
    /// [`UserTable::list`] that has a binding or a lease. A walk that broke off may begin anew with
    /// the watermark of [`RecordKey::Everybody`].
    ///
    /// # Errors
    /// [`WorkError::Table`]. Repeating the call does no harm.
    pub async fn revoke_everybody(&self, call: &Call<'_>) -> Result<EpochSeconds, WorkError> {
        let stored = self.read(&RecordKey::Everybody, call).await?;
        let retention = self.settings.tombstone_retention;
        let now = call.deadline.now();
        let rule = |record: &Record| rules::everybody_revoked(record, retention, now);
        let applied = self.apply(&RecordKey::Everybody, stored, call, rule).await?;
        Ok(applied.stored.record.sign_in_not_before.unwrap_or_else(|| now.into()))
    }

    /// Carries everybody's watermark out for one user: as an event of that second, which spares the
    /// sessions that began afterwards.
    ///
    /// # Errors
    /// As for [`TokenBroker::revoke`].
    pub async fn revoke_until(
        &self,
        user: &RecordKey,
        watermark: EpochSeconds,
        call: &Call<'_>,
    ) -> Result<(), WorkError> {
        let at = Timestamp::from_second(watermark.0).unwrap_or(Timestamp::MAX);
        self.revoke(user, Order::Event(at), Sessions::End, call).await
    }
}
