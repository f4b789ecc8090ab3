//! Ends the sessions of all users at once, without a write to every row before the first response.
//!
//! One row of its own holds the global cutoff W, and every read of a user's record reads it too.
//! From the moment it is written no session at or before W gets a token. That leaves the tokens
//! that were minted before. They die row by row, in a scan of the table that begins after W and
//! revokes at W for each user who has an identity or is about to get one. The scan may stop and
//! begin again. Once it is complete, no token of a session at or before W is alive:
//!
//! - A renewal mints its token (I) before it reads the global cutoff (R). If R does not see W, then
//!   I < R < W, and the scan reads the row (S) and has ACS revoke (A) after that: I < A, and A kills
//!   the token. If R sees W, the session is refused.
//! - A creation claims its lease (C), mints (I), and then binds the identity (B) while it reads the
//!   global cutoff (R). If C comes before W, the scan finds the lease or the identity. It raises
//!   this user's own cutoff: before B, and B sees it; or after B, and A kills the token. If C comes
//!   after W, so does R, which begins after the reply to C, and R sees W.
//!
//! Invariant: if a user's own record has the cutoff W, the tokens from before W are revoked, or
//! their revocation is pending. So W enters it only together with a pending revocation, or with a
//! claim, before there is an identity. Three bring it: the scan; a session that began after W,
//! whose token the scan would kill later; and a session that W has ended and that asks for a
//! revocation.

use jiff::Timestamp;

use crate::broker::TokenBroker;
use crate::call_context::CallContext;
use crate::error::BrokerError;
use crate::initiator::Initiator;
use crate::operation::{Accepted, Operation};
use crate::record::{Record, RecordKey};
use crate::store::UserStore;
use crate::time::EpochSeconds;

impl<S: UserStore> TokenBroker<S> {
    /// Ends every session of every user at once, and returns the global cutoff.
    ///
    /// Tokens from before live until [`TokenBroker::enforce_cutoff`] is done for every row of
    /// [`UserStore::list`] that has an identity or a lease. A scan that stopped may begin again with
    /// the cutoff in the record of [`RecordKey::AllUsers`].
    ///
    /// # Errors
    /// [`BrokerError::Store`]. To repeat the call does no harm.
    pub async fn revoke_all(&self, ctx: &CallContext<'_>) -> Result<EpochSeconds, BrokerError> {
        let stored = self.read(&RecordKey::AllUsers, ctx).await?;
        let retention = self.settings.tombstone_retention;
        let now = ctx.deadline.now();
        let change = |record: &Record| record.revoke_all(retention, now);
        let committed = self.commit(&RecordKey::AllUsers, stored, ctx, change).await?;
        Ok(committed.stored.record.sessions_valid_after.unwrap_or_else(|| now.into()))
    }

    /// Carries the global cutoff out for one user, like an event of that second: it spares the
    /// sessions that began afterwards.
    ///
    /// # Errors
    /// As for [`TokenBroker::execute`].
    pub async fn enforce_cutoff(
        &self,
        user: &RecordKey,
        cutoff: EpochSeconds,
        ctx: &CallContext<'_>,
    ) -> Result<Accepted, BrokerError> {
        let occurred_at = Timestamp::from_second(cutoff.0).unwrap_or(Timestamp::MAX);
        let initiator = Initiator::IdentityProvider { occurred_at };
        self.execute(user, Operation::REVOKE, initiator, ctx).await
    }
}
