//! The HTTP API in front of the functions.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use http::header::WWW_AUTHENTICATE;
use http::request::Parts;
use http::{HeaderValue, Request, StatusCode};
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::gateway::authorization_error::AuthorizationError;
use crate::gateway::authorizer::Authorizer;
use crate::gateway::event::{self, Reception};
use crate::gateway::path::routed_path;
use crate::gateway::request_body;
use crate::gateway::request_headers;
use crate::gateway::request_id::{REQUEST_ID, request_id};
use crate::gateway::response;
use crate::gateway::routes::Routes;
use crate::hosting::functions::Functions;

/// What a request needs.
#[derive(Debug)]
pub(crate) struct Gateway {
    /// The contract's routes.
    pub routes: Routes,
    /// Decides who is let through.
    pub authorizer: Authorizer,
    /// The functions behind the routes.
    pub functions: Functions,
    /// Tells the time.
    pub clock: Clock,
}

/// Returns the gateway's service.
pub(crate) fn router(gateway: Gateway) -> Router {
    Router::new().fallback(call).with_state(Arc::new(gateway))
}

/// A call of the contract, or of nothing.
async fn call(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response {
    let request_id = request_id();
    let (mut parts, body) = request.into_parts();
    request_headers::name_host(&mut parts);
    let mut response = gateway.answer(&parts, body, source, &request_id).await;
    if let Ok(request_id) = HeaderValue::try_from(request_id) {
        response.headers_mut().insert(REQUEST_ID, request_id);
    }
    response
}

impl Gateway {
    async fn answer(
        &self,
        parts: &Parts,
        body: Body,
        source: SocketAddr,
        request_id: &str,
    ) -> Response {
        let now = (self.clock)();
        if request_headers::host(&parts.headers).is_none() {
            return message(StatusCode::BAD_REQUEST, "Bad Request");
        }
        let Some(path) = routed_path(parts.uri.path()) else {
            return message(StatusCode::BAD_REQUEST, "Bad Request");
        };
        let Some(route) = self.routes.find(&parts.method, &path) else {
            return message(StatusCode::NOT_FOUND, "Not Found");
        };
        let authorized = match self.authorizer.authorize(&parts.headers, &route.scopes, now) {
            Ok(authorized) => authorized,
            Err(denied) => return refusal(&denied),
        };
        let body = match request_body::whole(body).await {
            Ok(body) => body,
            Err((status, text)) => return message(status, text),
        };
        let reception = Reception {
            path: &path,
            route,
            authorized: &authorized,
            request_id,
            source: source.ip(),
            now,
        };
        let event = event::from_request(parts, &body, &reception);
        let function = &route.function;
        match self.functions.invoke(function, event, request_id, now).await {
            Ok(answer) => deliver(answer, function),
            Err(error) => failure(function, &error),
        }
    }
}

fn deliver(answer: Value, function: &str) -> Response {
    response::into_response(answer).unwrap_or_else(|error| failure(function, &error))
}

/// The caller learns nothing, as on AWS; the log has the cause.
fn failure(function: &str, error: &(dyn std::error::Error + 'static)) -> Response {
    tracing::error!(function, error, "the invocation failed");
    message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
}

fn refusal(denied: &AuthorizationError) -> Response {
    let status = denied.status();
    let mut response = message(status, status.canonical_reason().unwrap_or_default());
    if let Ok(challenge) = HeaderValue::try_from(denied.challenge()) {
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

/// An answer of the gateway itself.
fn message(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({"message": message}))).into_response()
}
