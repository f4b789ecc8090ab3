//! The API under `/dev`, described by itself.

use std::fmt::Write as _;

use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use serde_json::Value;

/// Describes each call.
pub(crate) const OPENAPI: &str = include_str!("../../dev-api.yaml");

/// `GET /dev`: each call in a line.
pub(crate) async fn list() -> Response {
    let mut text = "The API of the local stack. /dev/openapi.yaml has the details.\n\n".to_owned();
    for (method, path, summary) in calls() {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{method:6} {path:24} {summary}");
    }
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

/// `GET /dev/openapi.yaml`.
pub(crate) async fn openapi() -> Response {
    ([(CONTENT_TYPE, "application/yaml")], OPENAPI).into_response()
}

/// Returns the calls of the description: method, path, summary.
pub(crate) fn calls() -> Vec<(String, String, String)> {
    let document: Value = serde_saphyr::from_str(OPENAPI).unwrap_or_default();
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    let calls = paths.flat_map(|(path, item)| {
        let operations = item.as_object().into_iter().flatten();
        operations.filter_map(move |(method, operation)| {
            let summary = operation.get("summary")?.as_str()?;
            Some((method.to_uppercase(), path.clone(), summary.to_owned()))
        })
    });
    calls.collect()
}
