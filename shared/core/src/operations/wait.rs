//! How a request waits for another one: it reads the record again after a pause.

use std::time::Duration;

use crate::broker::TokenBroker;
use crate::call_context::CallContext;
use crate::error::BrokerError;
use crate::record::RecordKey;
use crate::store::{UserSnapshot, UserStore};

/// The pause before the next read; it doubles each time.
pub(super) struct Wait {
    pause: Duration,
}

/// How many steps a request makes at most. Waiting takes most of them: 10 seconds in pauses of at
/// most 400 ms are 30 steps.
pub(super) const MAX_STEPS: usize = 100;
const MIN_PAUSE: Duration = Duration::from_millis(25);
const MAX_PAUSE: Duration = Duration::from_millis(400);
/// What a waiting request keeps of its time, to do its own work once the wait is over.
const WAIT_RESERVE: Duration = Duration::from_secs(2);

impl Default for Wait {
    fn default() -> Self {
        Self { pause: MIN_PAUSE }
    }
}

impl<S: UserStore> TokenBroker<S> {
    /// Reads the record after the pause, for another request to finish.
    ///
    /// # Errors
    /// [`BrokerError::IdentityBusy`] when the time is used up.
    pub(super) async fn read_after(
        &self,
        wait: &mut Wait,
        user: &RecordKey,
        ctx: &CallContext<'_>,
    ) -> Result<UserSnapshot, BrokerError> {
        if ctx.deadline.remaining() < WAIT_RESERVE + wait.pause {
            return Err(BrokerError::IdentityBusy);
        }
        tokio::time::sleep(wait.pause).await;
        wait.pause = (wait.pause * 2).min(MAX_PAUSE);
        Ok(self.snapshot(user, ctx).await?)
    }
}
