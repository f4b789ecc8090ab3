//! The routes of the console: the page at `/`, and the API under `/dev`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::console::app::Console;
use crate::console::problem::Problem;
use crate::console::timeline::{Entry, Kind};
use crate::console::{events, faults, operate, page, samples, stream, sweep, users};
use crate::dev::identity_provider::SignInError;
use crate::dev::routes::method_not_allowed;

const LAST_EVENT_ID: &str = "last-event-id";

/// Returns the routes for this machine's browser alone.
pub(crate) fn router(console: Arc<Console>) -> Router {
    Router::new()
        .route("/", get(page::index))
        .route("/console/{file}", get(page::file))
        .route("/dev/users", get(users::list))
        .route("/dev/user", get(users::one))
        .route("/dev/operate", post(operate::operate))
        .route("/dev/events", post(events::send))
        .route("/dev/events/samples", get(samples::list))
        .route("/dev/faults", get(faults::list).post(faults::add).delete(faults::clear))
        .route("/dev/counters", get(faults::counters))
        .route("/dev/sweep", post(sweep::sweep))
        .route("/dev/timeline", get(timeline))
        .route("/dev/timeline/stream", get(timeline_stream))
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(console)
}

/// Returns the route that signs users in, which apps under development call too.
pub(crate) fn sign_in_router(console: Arc<Console>) -> Router {
    Router::new()
        .route("/dev/sign-in", post(sign_in))
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(console)
}

/// The query of the timeline.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TimelineQuery {
    /// The number of the last row that the caller knows.
    #[serde(default)]
    after: u64,
}

async fn timeline(
    State(console): State<Arc<Console>>,
    Query(query): Query<TimelineQuery>,
) -> Json<Value> {
    let slice = console.timeline.after(query.after);
    Json(json!({"rows": slice.rows_json(), "dropped": slice.dropped}))
}

async fn timeline_stream(State(console): State<Arc<Console>>, headers: HeaderMap) -> Response {
    let last = headers.get(LAST_EVENT_ID).and_then(|value| value.to_str().ok());
    stream::respond(Arc::clone(&console.timeline), last).into_response()
}

async fn sign_in(State(console): State<Arc<Console>>, body: Bytes) -> Result<Response, Problem> {
    let now = (console.clock)();
    let session = console.provider.sign_in(&body, now).map_err(|error| match error {
        SignInError::Malformed(rule) => Problem::invalid(rule.to_string()),
        SignInError::Signing(_) => {
            tracing::error!(error = &error as &dyn std::error::Error, "nobody can sign in");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
        }
    })?;
    if let Some(signed) = console.claims.read(&session.token) {
        let mut entry = Entry::new(Kind::SignIn, "sign-in", "done");
        entry.subject = Some(signed.subject.clone());
        console.sessions.note(signed);
        console.timeline.add(entry, now);
    }
    Ok(Json(session).into_response())
}
