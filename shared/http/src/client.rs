//! The client: one request, one whole response, by a deadline and up to a size.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use identity_client::{Transport, TransportError};
use rustls::ClientConfig;
use thiserror::Error;
use tokio::time::{Instant, timeout, timeout_at};

use crate::connector::Connector;

/// Sends requests over connections that are kept for the next one. A clone shares them.
///
/// A request on a kept connection that turns out to be closed is sent on a new one, provided that
/// none of it was written: no server ever sees a request twice.
#[derive(Clone, Debug)]
pub struct HttpClient(Client<Connector, Full<Bytes>>);

/// Why there is no response.
#[derive(Debug, Error)]
pub enum SendError {
    /// Nothing of the request was sent: there is no connection.
    #[error("the request was not sent")]
    NotSent(#[source] hyper_util::client::legacy::Error),
    /// The request may have arrived.
    #[error("the exchange broke off before the response was complete")]
    Interrupted(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The response was abandoned at this many bytes.
    #[error("the response has more than {0} bytes")]
    TooLarge(usize),
}

/// A connection that rested for longer is not used again: what lies between may have forgotten it
/// without a word, and a creation that is lost in there cannot be repeated. Azure's load balancers
/// forget a connection after four minutes.
const MAX_IDLE: Duration = Duration::from_mins(1);
/// One connection for each request that a process serves at once.
const MAX_IDLE_CONNECTIONS: usize = 16;
/// How long the start of a process waits for a connection.
const OPEN_TIMEOUT: Duration = Duration::from_secs(2);
/// The largest response of ACS that is read. A token has about two thousand bytes.
const MAX_ACS_BYTES: usize = 64 * 1024;

impl HttpClient {
    /// Returns a client that trusts and speaks TLS as `tls` says.
    #[must_use]
    pub fn new(tls: ClientConfig) -> Self {
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_idle_timeout(MAX_IDLE).pool_max_idle_per_host(MAX_IDLE_CONNECTIONS);
        builder.pool_timer(TokioTimer::new());
        Self(builder.build(Connector::new(tls)))
    }

    /// Sends a request to the server in its URI, and returns the whole response of at most
    /// `max_bytes`.
    ///
    /// # Errors
    /// There is no whole response. A response is never an error, whatever its status.
    pub async fn send(
        &self,
        request: Request<Bytes>,
        max_bytes: usize,
    ) -> Result<Response<Bytes>, SendError> {
        let sent = self.0.request(request.map(Full::new)).await;
        let (head, body) = sent.map_err(SendError::of)?.into_parts();
        let body = Limited::new(body, max_bytes).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                SendError::TooLarge(max_bytes)
            } else {
                SendError::Interrupted(error)
            }
        })?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }

    /// Opens a connection to a server, which the next request finds. It asks the server for `/`,
    /// without any credentials, and drops the response. A server that is out of reach is left to
    /// the request that needs it.
    pub async fn open(&self, server: Uri) {
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = server;
        let _ = timeout(OPEN_TIMEOUT, self.send(request, MAX_ACS_BYTES)).await;
    }
}

impl SendError {
    fn of(error: hyper_util::client::legacy::Error) -> Self {
        if error.is_connect() { Self::NotSent(error) } else { Self::Interrupted(error.into()) }
    }
}

impl Transport for HttpClient {
    fn send(
        &self,
        request: Request<Bytes>,
        until: Instant,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send + '_>> {
        Box::pin(async move {
            let sent = timeout_at(until, self.send(request, MAX_ACS_BYTES)).await;
            sent.map_err(TransportError::interrupted)?.map_err(|error| match error {
                SendError::NotSent(source) => TransportError::not_sent(source),
                SendError::Interrupted(source) => TransportError::interrupted(source),
                SendError::TooLarge(limit) => TransportError::too_large(limit),
            })
        })
    }
}
