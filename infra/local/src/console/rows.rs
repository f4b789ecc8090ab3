//! The rows of the timeline over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::console::app::Console;
use crate::console::problem::Problem;
use crate::console::stream::respond;
use crate::console::timeline::{Kind, Row};

const LAST_EVENT_ID: &str = "last-event-id";

/// The query of the timeline.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TimelineQuery {
    /// The number of the last row that the caller knows.
    #[serde(default)]
    after: u64,
    /// Only rows about this user.
    subject: Option<String>,
    /// Only rows of this kind.
    kind: Option<Kind>,
}

/// `GET /dev/timeline`.
pub(crate) async fn list(
    State(console): State<Arc<Console>>,
    Query(query): Query<TimelineQuery>,
) -> Json<Value> {
    let TimelineQuery { after, subject, kind } = query;
    let slice = console.timeline.after(after);
    let fits = |row: &&Arc<Row>| {
        kind.is_none_or(|kind| row.entry.kind == kind)
            && subject.as_ref().is_none_or(|one| row.entry.subject.as_ref() == Some(one))
    };
    let rows: Vec<_> = slice.rows.iter().filter(fits).map(|row| json!(**row)).collect();
    Json(json!({"rows": rows, "dropped": slice.dropped}))
}

/// `GET /dev/timeline/{seq}`: a row with its steps.
pub(crate) async fn one(
    State(console): State<Arc<Console>>,
    Path(seq): Path<String>,
) -> Result<Json<Value>, Problem> {
    let missing = || Problem::new(StatusCode::NOT_FOUND, format!("row {seq} is not kept"));
    let row = seq.parse().ok().and_then(|seq| console.timeline.detail(seq));
    row.map(Json).ok_or_else(missing)
}

/// `GET /dev/timeline/stream`.
pub(crate) async fn stream(State(console): State<Arc<Console>>, headers: HeaderMap) -> Response {
    let last = headers.get(LAST_EVENT_ID).and_then(|value| value.to_str().ok());
    respond(Arc::clone(&console.timeline), last).into_response()
}
