//! The transport over the network.

use std::mem;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use tokio::time::{Instant, timeout_at};

use crate::transport::{Transport, TransportError};

/// The largest response that is read, in bytes. The largest that ACS sends, a token, has about two
/// thousand.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// Carries requests over the network. Reads at most 64 KiB of a response.
#[derive(Clone, Debug)]
pub struct ReqwestTransport(reqwest::Client);

impl ReqwestTransport {
    /// Returns a transport that sends with `client`, best one made by
    /// [`http_client`](crate::http_client).
    #[must_use]
    pub fn new(client: reqwest::Client) -> Self {
        Self(client)
    }

    async fn send_once(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let request = reqwest::Request::try_from(request).map_err(transport_error)?;
        let mut received = self.0.execute(request).await.map_err(transport_error)?;
        let mut body = BytesMut::new();
        while let Some(chunk) = received.chunk().await.map_err(transport_error)? {
            if body.len() + chunk.len() > MAX_BODY_BYTES {
                return Err(TransportError::too_large(MAX_BODY_BYTES));
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = Response::new(body.freeze());
        *response.status_mut() = received.status();
        *response.headers_mut() = mem::take(received.headers_mut());
        Ok(response)
    }
}

impl Transport for ReqwestTransport {
    fn send(
        &self,
        request: Request<Bytes>,
        until: Instant,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send + '_>> {
        Box::pin(async move {
            timeout_at(until, self.send_once(request)).await.map_err(TransportError::interrupted)?
        })
    }
}

fn transport_error(error: reqwest::Error) -> TransportError {
    let is_not_sent = error.is_connect() || error.is_builder();
    // The URL contains the identity's id, which has no place in a log.
    let error = error.without_url();
    if is_not_sent { TransportError::not_sent(error) } else { TransportError::interrupted(error) }
}

#[cfg(test)]
mod tests;
