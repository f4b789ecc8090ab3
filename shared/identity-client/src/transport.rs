//! The seam between the client and the network.

use std::{error::Error, fmt::Debug, pin::Pin};

use bytes::Bytes;
use http::{Request, Response};
use tokio::time::Instant;

/// What carries requests to ACS: [`ReqwestTransport`](crate::ReqwestTransport) over the network, or
/// anything that answers in its place in a test.
pub trait Transport: Debug + Send + Sync + 'static {
    /// Sends `request` once, as it is, and returns the whole answer. Gives up at `until`.
    ///
    /// Resolves to an error when there is no whole answer; whatever its status, an answer is none.
    fn send(
        &self,
        request: Request<Bytes>,
        until: Instant,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send + '_>>;
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct TransportError(Kind);

#[derive(Debug, thiserror::Error)]
enum Kind {
    #[error("the request was not sent")]
    NotSent(#[source] Box<dyn Error + Send + Sync>),
    #[error("the exchange broke off before the answer was complete")]
    Interrupted(#[source] Box<dyn Error + Send + Sync>),
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
}

impl TransportError {
    /// Nothing of the request has left this machine, so that even a *create* may be repeated: for
    /// instance, there was no connection.
    pub fn not_sent(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Kind::NotSent(source.into()))
    }

    /// The request may have arrived: a timeout, a reset, a truncated answer.
    pub fn interrupted(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Kind::Interrupted(source.into()))
    }

    /// The answer was given up at `limit` bytes.
    #[must_use]
    pub fn too_large(limit: usize) -> Self {
        Self(Kind::TooLarge(limit))
    }

    pub(crate) fn is_not_sent(&self) -> bool {
        matches!(self.0, Kind::NotSent(_))
    }

    pub(crate) fn is_too_large(&self) -> bool {
        matches!(self.0, Kind::TooLarge(_))
    }
}
