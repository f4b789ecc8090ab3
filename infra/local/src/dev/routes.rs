//! The routes beside the contract's that any page of this machine may call: the development identity
//! provider and the health check; and the settings for tools.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode, Uri};
use serde_json::json;

use crate::dev::health::Health;
use crate::dev::identity_provider::IdentityProvider;
use crate::dev::provider_faults::KEY_SET;

/// What the routes need.
#[derive(Debug)]
pub(crate) struct DevApi {
    /// Signs users in.
    pub provider: IdentityProvider,
    /// The functions' environment.
    pub settings: BTreeMap<&'static str, String>,
    /// Checks whether the table and ACS are there.
    pub health: Health,
}

/// Returns the routes that pages of this machine may call.
pub(crate) fn router(api: Arc<DevApi>) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/.well-known/jwks.json", get(key_set))
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(api)
}

/// Returns the route of the settings, which hold the emulator's key.
pub(crate) fn settings_router(api: Arc<DevApi>) -> Router {
    Router::new().route("/dev/settings", get(settings)).with_state(api)
}

/// The header `Allow`, which the router adds, names the methods.
pub(crate) async fn method_not_allowed(method: Method, uri: Uri) -> Response {
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
    unless_unavailable(&api, || Json(api.provider.discovery()))
}

async fn key_set(State(api): State<Arc<DevApi>>) -> Response {
    unless_unavailable(&api, || Json(api.provider.key_set()))
}

fn unless_unavailable<T: IntoResponse>(api: &DevApi, respond: impl FnOnce() -> T) -> Response {
    if api.provider.faults.take(KEY_SET).is_some() {
        let detail = "the identity provider does not respond: a fault asks for this";
        return problem(StatusCode::SERVICE_UNAVAILABLE, detail);
    }
    respond().into_response()
}

async fn settings(State(api): State<Arc<DevApi>>) -> Response {
    let issuer = api.provider.issuer();
    Json(json!({"issuer": issuer, "settings": api.settings})).into_response()
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
