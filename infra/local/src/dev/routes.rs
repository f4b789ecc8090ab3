//! The routes beside the contract's: the development identity provider, the health check, identity
//! events, a sweep at will, and what a tool needs to know.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode, Uri};
use serde_json::json;

use crate::clock::Clock;
use crate::dev::event_bus;
use crate::dev::health::Health;
use crate::dev::identity_provider::IdentityProvider;
use crate::dev::identity_provider::SignInError;
use crate::gateway::request_id::request_id;
use crate::hosting::functions::Functions;
use crate::hosting::schedule;

/// What the routes need.
#[derive(Debug)]
pub(crate) struct DevApi {
    /// Signs users in.
    pub provider: IdentityProvider,
    /// The functions that consume events and sweep.
    pub functions: Functions,
    /// The functions' environment.
    pub settings: BTreeMap<&'static str, String>,
    /// Checks whether the table and ACS are there.
    pub health: Health,
    /// Tells the time.
    pub clock: Clock,
}

/// Returns the routes' service.
pub(crate) fn router(api: DevApi) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/.well-known/jwks.json", get(key_set))
        .route("/dev/sign-in", post(sign_in))
        .route("/dev/events", post(event))
        .route("/dev/settings", get(settings))
        .route("/dev/sweep", post(sweep))
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(Arc::new(api))
}

/// The header `Allow`, which the router adds, names the methods.
async fn method_not_allowed(method: Method, uri: Uri) -> Response {
    let detail =
        format!("{} does not take {method}; the header Allow names its methods", uri.path());
    problem(StatusCode::METHOD_NOT_ALLOWED, &detail)
}

async fn health(State(api): State<Arc<DevApi>>) -> Response {
    match api.health.check().await {
        Ok(()) => Json(json!({"status": "ok"})).into_response(),
        Err(error) => {
            tracing::warn!(error = &error as &dyn Error, "unhealthy");
            problem(StatusCode::SERVICE_UNAVAILABLE, &error.to_string())
        }
    }
}

async fn discovery(State(api): State<Arc<DevApi>>) -> Response {
    Json(api.provider.discovery()).into_response()
}

async fn key_set(State(api): State<Arc<DevApi>>) -> Response {
    Json(api.provider.key_set()).into_response()
}

async fn sign_in(State(api): State<Arc<DevApi>>, body: Bytes) -> Response {
    match api.provider.sign_in(&body, (api.clock)()) {
        Ok(session) => Json(session).into_response(),
        Err(SignInError::Malformed(rule)) => problem(StatusCode::BAD_REQUEST, &rule.to_string()),
        Err(error @ SignInError::Signing(_)) => {
            tracing::error!(error = &error as &dyn Error, "nobody can sign in");
            problem(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())
        }
    }
}

/// An event as EventBridge would deliver it.
async fn event(State(api): State<Arc<DevApi>>, event: String) -> Response {
    let (now, id) = ((api.clock)(), request_id());
    match event_bus::deliver(&event, &api.functions, &id, now).await {
        Ok(delivery) => Json(delivery).into_response(),
        Err(error) => {
            tracing::error!(error = &error as &dyn Error, "the event was not handled");
            problem(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())
        }
    }
}

async fn settings(State(api): State<Arc<DevApi>>) -> Response {
    let issuer = api.provider.issuer();
    Json(json!({"issuer": issuer, "settings": api.settings})).into_response()
}

async fn sweep(State(api): State<Arc<DevApi>>) -> Response {
    match schedule::sweep(&api.functions, (api.clock)()).await {
        Ok(report) => Json(report).into_response(),
        Err(error) => {
            tracing::error!(error = &error as &dyn Error, "the sweep failed");
            problem(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())
        }
    }
}

/// An RFC 9457 answer.
fn problem(status: StatusCode, detail: &str) -> Response {
    let problem = json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": detail,
    });
    (status, [(CONTENT_TYPE, "application/problem+json")], problem.to_string()).into_response()
}
