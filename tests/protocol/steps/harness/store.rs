//! A store that counts its calls, and delays or fails them as a test says.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use acs_broker_core::StoreError;
use acs_broker_store_dynamodb::testing::{InterceptedStore, Interceptor, StoreCall};
use identity_client::Deadline;
use tokio::time::sleep;

pub(crate) type WatchedStore = InterceptedStore<Watch>;

/// What happens to each call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch {
    pub(crate) calls: Arc<AtomicU32>,
    /// How long each call takes, in milliseconds.
    pub(crate) delay: Arc<AtomicU32>,
    /// Whether snapshots fail; other calls do not.
    pub(crate) fails_snapshots: Arc<AtomicBool>,
}

impl Interceptor for Watch {
    async fn intercept<T: Send + 'static>(
        &self,
        call: StoreCall,
        _deadline: &Deadline,
        serve: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let delay = self.delay.load(Ordering::Relaxed);
        if delay > 0 {
            sleep(Duration::from_millis(delay.into())).await;
        }
        if call == StoreCall::ReadSnapshot && self.fails_snapshots.load(Ordering::Relaxed) {
            return Err(StoreError::throttled("scripted"));
        }
        serve()
    }
}
