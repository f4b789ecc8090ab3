//! The store behind the network.

use std::sync::Arc;

use acs_broker_core::StoreError;
use acs_broker_store_dynamodb::testing::{InterceptedStore, Interceptor, StoreCall};
use identity_client::Deadline;

use crate::network::Network;

pub(crate) type RemoteStore = InterceptedStore<RemoteCalls>;

/// Carries each call over the network.
#[derive(Clone, Debug)]
pub(crate) struct RemoteCalls {
    pub(crate) network: Arc<Network>,
}

const USUAL_MILLIS: u64 = 10;

impl Interceptor for RemoteCalls {
    async fn intercept<T: Send + 'static>(
        &self,
        _call: StoreCall,
        deadline: &Deadline,
        serve: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let reply = self.network.exchange(USUAL_MILLIS, deadline.expires_at(), serve).await;
        reply.map_err(|broken| StoreError::unavailable(format!("{broken:?}")))?
    }
}
