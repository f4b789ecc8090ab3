//! The seam between the client and the network.

pub(crate) mod http_client;
pub(crate) mod reqwest_transport;

use std::error::Error;
use std::fmt::Debug;
use std::pin::Pin;

use bytes::Bytes;
use http::{Request, Response};
use tokio::time::Instant;

/// Carries requests to ACS: [`ReqwestTransport`](crate::ReqwestTransport) over the network, or
/// something that responds in its place in a test.
pub trait Transport: Debug + Send + Sync + 'static {
    /// Sends `request` once, as it is, and returns the whole response. Gives up at `until`.
    ///
    /// Resolves to an error only when there is no whole response; a response is never an error,
    /// regardless of its status.
    fn send(
        &self,
        request: Request<Bytes>,
        until: Instant,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send + '_>>;
}

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct TransportError(TransportErrorKind);

#[derive(Debug, thiserror::Error)]
enum TransportErrorKind {
    #[error("the request was not sent")]
    NotSent(#[source] Box<dyn Error + Send + Sync>),
    #[error("the exchange broke off before the response was complete")]
    Interrupted(#[source] Box<dyn Error + Send + Sync>),
    #[error("the response has more than {0} bytes")]
    TooLarge(usize),
}

impl TransportError {
    /// Nothing of the request has left this machine, so that even a *create* may be repeated: for
    /// instance, there was no connection.
    pub fn not_sent(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(TransportErrorKind::NotSent(source.into()))
    }

    /// The request may have arrived: a timeout, a reset, a truncated response.
    pub fn interrupted(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(TransportErrorKind::Interrupted(source.into()))
    }

    /// The response was abandoned at `limit` bytes.
    #[must_use]
    pub fn too_large(limit: usize) -> Self {
        Self(TransportErrorKind::TooLarge(limit))
    }

    pub(crate) fn is_not_sent(&self) -> bool {
        matches!(self.0, TransportErrorKind::NotSent(_))
    }

    pub(crate) fn is_too_large(&self) -> bool {
        matches!(self.0, TransportErrorKind::TooLarge(_))
    }
}
