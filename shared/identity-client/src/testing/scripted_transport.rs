//! A transport that responds from a script and remembers what was sent.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderValue, Request, Response, StatusCode};
use tokio::time::{Instant, sleep, sleep_until};

use crate::client::IdentityClient;
use crate::credentials::access_key::AccessKey;
use crate::models::endpoint::Endpoint;
use crate::pipeline::options::ClientOptions;
use crate::transport::{Transport, TransportError};

/// What happens to a request.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Respond(Response<Bytes>),
    /// A response with this status arrives after this time, regardless of the attempt's timeout:
    /// the function was frozen.
    Frozen(Duration, u16),
    NotSent,
    Interrupted,
    TooLarge,
    /// There is no response until the client gives up.
    Silence,
}

impl Step {
    pub(crate) fn respond(status: u16, body: &str) -> Self {
        let mut response = Response::new(Bytes::copy_from_slice(body.as_bytes()));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        Self::Respond(response)
    }

    pub(crate) fn respond_retry_after(status: u16, retry_after: &str) -> Self {
        let Self::Respond(mut response) = Self::respond(status, "") else { unreachable!() };
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_str(retry_after).unwrap());
        Self::Respond(response)
    }
}

#[derive(Debug)]
pub(crate) struct ScriptedTransport {
    script: Mutex<VecDeque<Step>>,
    sent: Mutex<Vec<(Instant, Request<Bytes>)>>,
}

impl ScriptedTransport {
    pub(crate) fn new(script: impl IntoIterator<Item = Step>) -> Arc<Self> {
        let script = Mutex::new(script.into_iter().collect());
        Arc::new(Self { script, sent: Mutex::default() })
    }

    /// Returns a client that sends through this transport.
    pub(crate) fn client(self: &Arc<Self>, options: ClientOptions) -> IdentityClient {
        let endpoint: Endpoint = "https://contoso.example".parse().unwrap();
        let key: AccessKey = "c2VjcmV0LXNlY3JldA==".parse().unwrap();
        IdentityClient::new(endpoint, key, self.clone(), options)
    }

    /// Returns the requests so far, each with the moment it was sent.
    pub(crate) fn sent(&self) -> Vec<(Instant, Request<Bytes>)> {
        self.sent.lock().unwrap().clone()
    }
}

impl Transport for ScriptedTransport {
    fn send(
        &self,
        request: Request<Bytes>,
        until: Instant,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send + '_>> {
        self.sent.lock().unwrap().push((Instant::now(), request));
        let step = self.script.lock().unwrap().pop_front().expect("one request too many");
        Box::pin(async move {
            match step {
                Step::Respond(response) => Ok(response),
                Step::Frozen(time, status) => {
                    sleep(time).await;
                    let mut response = Response::new(Bytes::new());
                    *response.status_mut() = StatusCode::from_u16(status).unwrap();
                    Ok(response)
                }
                Step::NotSent => Err(TransportError::not_sent("connection refused")),
                Step::Interrupted => Err(TransportError::interrupted("connection reset")),
                Step::TooLarge => Err(TransportError::too_large(10)),
                Step::Silence => {
                    sleep_until(until).await;
                    Err(TransportError::interrupted("timed out"))
                }
            }
        })
    }
}
