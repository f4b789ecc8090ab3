//! A request's body, read whole before the function is called, as an HTTP API does.

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, FromRequest as _};
use http::{Request, StatusCode};

use crate::hosting::functions::TIMEOUT;

/// The largest body an HTTP API takes, in bytes.
const MAX_BODY: usize = 10 * 1024 * 1024;

const BROKEN: (StatusCode, &str) = (StatusCode::BAD_REQUEST, "Bad Request");
const TOO_LARGE: (StatusCode, &str) = (StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
const TOO_SLOW: (StatusCode, &str) = (StatusCode::REQUEST_TIMEOUT, "Request Timeout");

/// The whole body.
///
/// # Errors
/// How to respond: the body is too large, breaks off, or takes longer than
/// a function may.
pub(crate) async fn whole(body: Body) -> Result<Bytes, (StatusCode, &'static str)> {
    let mut request = Request::new(body);
    DefaultBodyLimit::max(MAX_BODY).apply(&mut request);
    match tokio::time::timeout(TIMEOUT, Bytes::from_request(request, &())).await {
        Ok(read) => read.map_err(|refused| match refused.status() {
            StatusCode::PAYLOAD_TOO_LARGE => TOO_LARGE,
            _ => BROKEN,
        }),
        Err(_elapsed) => Err(TOO_SLOW),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use futures_util::stream;

    use super::*;

    /// A body may have ten megabytes, and not a byte more, as on AWS.
    #[tokio::test]
    async fn ten_megabytes_pass() {
        let body = |length: usize| whole(Body::from(vec![b'x'; length]));
        assert_eq!(body(MAX_BODY).await.unwrap().len(), MAX_BODY);
        assert_eq!(body(MAX_BODY + 1).await, Err(TOO_LARGE));
    }

    /// A body that breaks off is a bad request, and not one that is too large.
    #[tokio::test]
    async fn broken_body_is_bad_request() {
        let pieces = [Ok("{"), Err(io::Error::from(io::ErrorKind::UnexpectedEof))];
        let body = Body::from_stream(stream::iter(pieces));
        assert_eq!(whole(body).await, Err(BROKEN));
    }

    /// A body that never ends does not hold a connection for ever.
    #[tokio::test(start_paused = true)]
    async fn endless_body_times_out() {
        let body = Body::from_stream(stream::pending::<io::Result<&str>>());
        assert_eq!(whole(body).await, Err(TOO_SLOW));
    }
}
