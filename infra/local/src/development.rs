//! The routes beside the contract's: the development identity provider, the health check, identity
//! events, a sweep at will, and what a tool needs to know.

use std::error::Error;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::json;

use crate::gateway::Gateway;
use crate::identity_provider::SignInError;
use crate::request_id::request_id;
use crate::schedule;

/// The routes.
pub fn routes() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/health", get(health))
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/.well-known/jwks.json", get(key_set))
        .route("/dev/sign-in", post(sign_in))
        .route("/dev/events", post(event))
        .route("/dev/settings", get(settings))
        .route("/dev/sweep", post(sweep))
}

async fn health(State(gateway): State<Arc<Gateway>>) -> Response {
    match gateway.health.check().await {
        Ok(()) => Json(json!({"status": "ok"})).into_response(),
        Err(error) => {
            tracing::warn!(error = &error as &dyn Error, "unhealthy");
            problem(StatusCode::SERVICE_UNAVAILABLE, &error.to_string())
        }
    }
}

async fn discovery(State(gateway): State<Arc<Gateway>>) -> Response {
    Json(gateway.provider.discovery()).into_response()
}

async fn key_set(State(gateway): State<Arc<Gateway>>) -> Response {
    Json(gateway.provider.key_set()).into_response()
}

async fn sign_in(State(gateway): State<Arc<Gateway>>, body: Bytes) -> Response {
    match gateway.provider.sign_in(&body, (gateway.clock)()) {
        Ok(session) => Json(session).into_response(),
        Err(SignInError::Malformed(rule)) => problem(StatusCode::BAD_REQUEST, &rule.to_string()),
        Err(error @ SignInError::EmptySubject) => {
            problem(StatusCode::BAD_REQUEST, &error.to_string())
        }
        Err(error @ SignInError::Signing(_)) => {
            tracing::error!(error = &error as &dyn Error, "nobody can sign in");
            problem(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())
        }
    }
}

/// An event as EventBridge would deliver it.
async fn event(State(gateway): State<Arc<Gateway>>, event: String) -> Response {
    let (now, id) = ((gateway.clock)(), request_id());
    match gateway.event_bus.deliver(&event, &gateway.functions, &id, now).await {
        Ok(delivery) => Json(delivery).into_response(),
        Err(error) => {
            tracing::error!(error = &error as &dyn Error, "the event was not handled");
            problem(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())
        }
    }
}

async fn settings(State(gateway): State<Arc<Gateway>>) -> Response {
    let issuer = gateway.provider.issuer();
    Json(json!({"issuer": issuer, "settings": gateway.settings})).into_response()
}

async fn sweep(State(gateway): State<Arc<Gateway>>) -> Response {
    match schedule::sweep(&gateway.functions, (gateway.clock)()).await {
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
