//! Where the calls of a request wait until the trace lets them pass.

use std::sync::{Arc, Mutex};

use acs_broker_core::StoreError;
use acs_broker_store_dynamodb::testing::{Interceptor, StoreCall};
use bytes::Bytes;
use http::{Request, Response};
use identity_client::testing::AcsInterceptor;
use identity_client::{Deadline, TransportError};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// What a trace lets happen to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Done,
    ReplyLost,
    RequestLost,
}

/// Where the calls of one request wait.
#[derive(Clone, Debug, Default)]
pub(super) struct Gate(pub(super) Arc<Mutex<Vec<Waiting>>>);

/// A call, and where it hears what happens to it.
pub(super) type Waiting = (String, oneshot::Sender<Fate>);

impl Gate {
    async fn pass<T>(&self, what: String, serve: impl FnOnce() -> T) -> Option<T> {
        let (sender, receiver) = oneshot::channel();
        self.0.lock().unwrap().push((what, sender));
        match receiver.await.expect("a trace that goes on") {
            Fate::Done => Some(serve()),
            Fate::ReplyLost => {
                serve();
                None
            }
            Fate::RequestLost => None,
        }
    }

    pub(super) fn waiting(&self) -> Vec<String> {
        let mut names: Vec<_> =
            self.0.lock().unwrap().iter().map(|(what, _)| what.clone()).collect();
        names.sort();
        names
    }
}

impl Interceptor for Gate {
    async fn intercept<T: Send + 'static>(
        &self,
        call: StoreCall,
        _deadline: &Deadline,
        serve: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let lost = || Err(StoreError::unavailable("lost"));
        self.pass(format!("{call:?}"), serve).await.unwrap_or_else(lost)
    }
}

impl AcsInterceptor for Gate {
    async fn intercept(
        &self,
        request: &Request<Bytes>,
        _until: Instant,
        serve: impl FnOnce() -> Response<Bytes> + Send + 'static,
    ) -> Result<Response<Bytes>, TransportError> {
        let what = match request.uri().path().rsplit('/').next() {
            Some("identities") => "create",
            Some(":issueAccessToken") => "issue",
            Some(":revokeAccessTokens") => "revoke",
            _ => "delete",
        };
        let reply = self.pass(what.to_owned(), serve).await;
        reply.ok_or_else(|| TransportError::interrupted("lost"))
    }
}
