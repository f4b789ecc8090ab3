//! Errors of the routes under `/dev`, as RFC 9457 has them.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::json;

use crate::hosting::rows::RowsError;

/// An error response: its status, and a sentence for people.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    detail: String,
}

impl Problem {
    /// Returns an error with this status and this sentence.
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into() }
    }

    /// Returns the sentence.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// Returns the error of a request that breaks a rule, which `detail` names.
    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let problem = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        let head = [(CONTENT_TYPE, "application/problem+json")];
        (self.status, head, problem.to_string()).into_response()
    }
}

impl From<acs_broker_core::KeyError> for Problem {
    fn from(error: acs_broker_core::KeyError) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<RowsError> for Problem {
    fn from(error: RowsError) -> Self {
        tracing::warn!(error = &error as &dyn std::error::Error, "the table failed");
        match error {
            RowsError::Shape(rule) => Self::invalid(format!("a row of the table: {rule}")),
            RowsError::Refused(place, rule) => Self::invalid(format!("row {place}: {rule}")),
            error => Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
        }
    }
}

impl From<acs_broker_core::StoreError> for Problem {
    fn from(error: acs_broker_core::StoreError) -> Self {
        tracing::warn!(error = &error as &dyn std::error::Error, "the table failed");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the table does not respond")
    }
}
