//! What all routes under `/dev` have in common: how long a body may take, and the form of errors.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use futures_util::stream;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use tokio::time::{Instant, timeout_at};

use crate::console::problem::Problem;
use crate::hosting::functions::TIMEOUT;

/// The longest sentence of a framework's error.
const MAX_DETAIL_BYTES: usize = 16 * 1024;

/// The body was not complete in time.
#[derive(Debug, thiserror::Error)]
#[error("the body was not complete within {} seconds", TIMEOUT.as_secs())]
struct TooSlowError;

/// Ends a request whose body takes longer than one of the contract may, and gives errors that are
/// text the form of the others.
pub(crate) async fn shell(request: Request, next: Next) -> Response {
    let is_late = Arc::new(AtomicBool::new(false));
    let noted = Arc::clone(&is_late);
    let request = request.map(|body| in_time(body, noted));
    let response = next.run(request).await;
    if is_late.load(Ordering::Relaxed) {
        let detail = TooSlowError.to_string();
        return Problem::new(StatusCode::REQUEST_TIMEOUT, detail).into_response();
    }
    as_problem(response).await
}

/// Returns a body that fails, and says so, when it is not complete in time.
fn in_time(body: Body, is_late: Arc<AtomicBool>) -> Body {
    let deadline = Instant::now() + TIMEOUT;
    let pieces = Box::pin(body.into_data_stream());
    Body::from_stream(stream::unfold(pieces, move |mut pieces: Pin<Box<_>>| {
        let is_late = Arc::clone(&is_late);
        async move {
            let piece = match timeout_at(deadline, pieces.next()).await {
                Ok(piece) => piece?.map_err(axum::BoxError::from),
                Err(_elapsed) => {
                    is_late.store(true, Ordering::Relaxed);
                    Err(TooSlowError.into())
                }
            };
            Some((piece, pieces))
        }
    }))
}

/// Returns an error of the framework, which is text, as a problem.
async fn as_problem(response: Response) -> Response {
    let (status, media_type) = (response.status(), response.headers().get(CONTENT_TYPE));
    let is_text = media_type.is_some_and(|media_type| media_type.as_bytes().starts_with(b"text/"));
    if !is_text || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let text = to_bytes(response.into_body(), MAX_DETAIL_BYTES).await.unwrap_or_default();
    Problem::new(status, String::from_utf8_lossy(&text)).into_response()
}

#[cfg(test)]
mod tests {
    use std::io;

    use axum::Router;
    use axum::middleware::from_fn;
    use tower_service::Service as _;

    use super::*;

    mod shell {
        use super::*;

        /// A client that never ends its body does not hold a connection.
        #[tokio::test(start_paused = true)]
        async fn ends_a_slow_body() {
            let mut router =
                Router::new().fallback(async |_: String| "").layer(from_fn(super::super::shell));
            let body = Body::from_stream(stream::pending::<io::Result<&str>>());
            let response = router.call(Request::new(body)).await.unwrap();
            assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
            assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        }
    }
}
