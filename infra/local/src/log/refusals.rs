//! A line for each request that a route beside the contract's refuses, such as `/dev/sign-in`. What
//! these routes let through has none: pages call them all the time.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use serde_json::Value;
use tokio::time::Instant;

use crate::log::Log;
use crate::log::line::RequestLine;
use crate::log::remark;

/// The longest refusal that is read for its reason, in bytes.
const MAX_REFUSAL: usize = 64 * 1024;

/// Passes the request on and writes why it was refused, if it was.
pub(crate) async fn write(State(log): State<Log>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = next.run(request).await;
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (head, body) = response.into_parts();
    let body = axum::body::to_bytes(body, MAX_REFUSAL).await.unwrap_or_default();
    let reason = serde_json::from_slice::<Value>(&body).ok();
    let reason = reason.as_ref().and_then(remark::refusal).unwrap_or_default();
    log.request(&RequestLine {
        method: method.as_str(),
        path: &path,
        subject: None,
        status,
        elapsed: begun.elapsed(),
        remark: &reason,
    });
    Response::from_parts(head, Body::from(body))
}
