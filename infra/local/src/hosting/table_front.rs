//! What stands before the table's server: it counts calls, notes writes and applies faults.

use acs_emulator::{names_this_machine, sent_by_program};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CONNECTION, CONTENT_LENGTH,
    CONTENT_TYPE, HOST, TRANSFER_ENCODING,
};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::hosting::changes::Changed;
use crate::hosting::table_faults::{TableEffect, TableError};
use crate::hosting::watched::TableRoute;

/// The largest body that DynamoDB takes.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;
/// The operations that write nothing.
const READS: [&str; 4] = ["GetItem", "BatchGetItem", "Query", "Scan"];
/// Headers of one connection, which do not go on to the other.
const OF_CONNECTION: [http::HeaderName; 4] = [CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING];
/// Headers by which the server lets web pages in.
const FOR_PAGES: [http::HeaderName; 5] = [
    ACCESS_CONTROL_ALLOW_HEADERS,
    ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS,
    ACCESS_CONTROL_MAX_AGE,
];

/// The way to the table's server.
#[derive(Clone, Debug)]
pub(crate) struct Front {
    /// Sends on.
    pub(crate) http: reqwest::Client,
    /// The faults, the server, and who learns of writes.
    pub(crate) route: TableRoute,
}

/// Serves until `stopped`.
///
/// # Errors
/// The listener's.
pub(crate) async fn serve(
    listener: TcpListener,
    front: Front,
    stopped: oneshot::Receiver<()>,
) -> std::io::Result<()> {
    let router = Router::new()
        .fallback(pass)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn(guard))
        .with_state(front);
    let server = axum::serve(listener, router);
    server
        .with_graceful_shutdown(async {
            let _dropped = stopped.await;
        })
        .await
}

/// Refuses what a web page sent, or sent to another name than this machine's.
async fn guard(request: Request, next: Next) -> Response {
    let headers = request.headers();
    match names_this_machine(headers, request.uri()).and_then(|()| sent_by_program(headers)) {
        Ok(()) => next.run(request).await,
        Err(error) => error_of_table(error.status(), "AccessDeniedException", &error.to_string()),
    }
}

async fn pass(State(front): State<Front>, parts: Parts, body: Bytes) -> Response {
    let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.rsplit('.').next()).unwrap_or_default();
    let effect = front.route.faults.take(operation);
    if let Some(effect) = effect {
        tokio::time::sleep(effect.delay()).await;
    }
    let error = effect.and_then(|effect| effect.error);
    let passes =
        error.is_none() || effect.is_some_and(|TableEffect { after_effect, .. }| after_effect);
    let changed = (passes && !READS.contains(&operation)).then(|| Changed::by(operation, &body));
    let note = || {
        if let Some(changed) = &changed {
            front.route.rows.changes.note(changed.clone());
        }
    };
    // Before the write too: a client that hangs up cuts this off.
    note();
    let response = if passes { Some(front.send(&parts, body).await) } else { None };
    note();
    match (error, response) {
        (Some(error), _) => refusal(error),
        (None, Some(response)) => response,
        (None, None) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

impl Front {
    async fn send(&self, parts: &Parts, body: Bytes) -> Response {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let request = self
            .http
            .request(parts.method.clone(), format!("{}{path}", self.route.direct))
            .headers(without_connection(parts.headers.clone()))
            .body(body);
        let Ok(response) = request.send().await else {
            return StatusCode::BAD_GATEWAY.into_response();
        };
        let (status, headers) = (response.status(), response.headers().clone());
        let Ok(body) = response.bytes().await else {
            return StatusCode::BAD_GATEWAY.into_response();
        };
        let mut headers = without_connection(headers);
        for name in FOR_PAGES {
            headers.remove(name);
        }
        (status, headers, Body::from(body)).into_response()
    }
}

fn without_connection(mut headers: HeaderMap) -> HeaderMap {
    for name in OF_CONNECTION {
        headers.remove(name);
    }
    headers
}

/// Returns an error in the words of DynamoDB.
fn refusal(error: TableError) -> Response {
    let (status, code, message) = match error {
        TableError::Unavailable => {
            (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", "a fault asks for this")
        }
        TableError::Throttled => (
            StatusCode::BAD_REQUEST,
            "ProvisionedThroughputExceededException",
            "The level of configured provisioned throughput for the table was exceeded.",
        ),
    };
    error_of_table(status, code, message)
}

fn error_of_table(status: StatusCode, code: &str, message: &str) -> Response {
    let body =
        json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": message});
    (status, [(CONTENT_TYPE, "application/x-amz-json-1.0")], body.to_string()).into_response()
}
