//! Which sessions are refused before an operation begins.

use crate::broker::TokenBroker;
use crate::call_context::CallContext;
use crate::error::BrokerError;
use crate::initiator::MAX_CLOCK_SKEW;
use crate::session::Session;
use crate::store::{UserSnapshot, UserStore};
use crate::time::EpochSeconds;

impl<S: UserStore> TokenBroker<S> {
    /// Checks that a session is younger than all that a record may have forgotten.
    ///
    /// A record without an identity ends `tombstone_retention` after its last change. The cutoff in
    /// it is at most [`MAX_CLOCK_SKEW`] ahead of that change, so once it is gone every session that
    /// it refused is refused here.
    pub(crate) fn check_age(
        &self,
        sign_in: EpochSeconds,
        ctx: &CallContext<'_>,
    ) -> Result<(), BrokerError> {
        let max_age = self.settings.tombstone_retention.saturating_sub(MAX_CLOCK_SKEW);
        match ctx.deadline.now().checked_sub(max_age) {
            Ok(oldest) if sign_in <= oldest.into() => Err(BrokerError::SignInAgain),
            _ => Ok(()),
        }
    }

    /// Checks a session that asks for something about other users. A session gets its own tokens by
    /// `issue`, which checks it after ACS has minted.
    ///
    /// # Errors
    /// [`BrokerError::SignInAgain`] or [`BrokerError::UserSuspended`]: the session is refused.
    /// [`BrokerError::Store`]: the store fails.
    pub async fn check_session(
        &self,
        session: &Session,
        ctx: &CallContext<'_>,
    ) -> Result<(), BrokerError> {
        self.check_age(session.sign_in, ctx)?;
        let UserSnapshot { stored, global_cutoff } = self.snapshot(&session.user, ctx).await?;
        Ok(stored.record.check_session(global_cutoff, session.sign_in)?)
    }
}
