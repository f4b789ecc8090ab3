//! What goes back.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER, STRICT_TRANSPORT_SECURITY};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use serde_json::Value;

use crate::change::Change;
use crate::random::Random;
use crate::refusal::Refusal;
use crate::versions;

/// The answer to one request, and what has to be done besides sending it.
#[derive(Debug)]
pub struct Reply {
    /// The answer.
    pub response: Response<Bytes>,
    /// How long to wait before it is sent.
    pub delay: Duration,
    /// How much of it is sent.
    pub wire: Wire,
    /// What the request changed, to be written down before the answer is sent.
    pub changes: Vec<Change>,
}

/// How much of an answer is sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wire {
    /// All of it.
    Whole,
    /// Nothing: the connection is closed without an answer.
    Dropped,
    /// The head with the full length, and this many bytes of the body; then the connection closes.
    Truncated(usize),
}

/// An answer without the headers that every answer has.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) body: Bytes,
    /// Seconds.
    pub(crate) retry_after: Option<u64>,
    /// Whether it lists the supported versions.
    pub(crate) reports_versions: bool,
}

impl Reply {
    /// All of it, at once, changing nothing.
    pub(crate) fn whole(response: Response<Bytes>) -> Self {
        Self { response, delay: Duration::ZERO, wire: Wire::Whole, changes: Vec::new() }
    }
}

impl Answer {
    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        Self {
            status,
            content_type: Some("application/json; charset=utf-8"),
            body: body.to_string().into(),
            retry_after: None,
            reports_versions: true,
        }
    }

    pub(crate) fn no_content() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            content_type: None,
            body: Bytes::new(),
            retry_after: None,
            reports_versions: true,
        }
    }

    /// Adds the headers seen on every recorded answer.
    pub(crate) fn dress(
        self,
        request: &Request<Bytes>,
        random: Random,
        number: u64,
    ) -> Response<Bytes> {
        let [milliseconds, _, vector @ ..] = random.bytes("headers", number);
        let vector = STANDARD_NO_PAD.encode(vector.get(..16).unwrap_or_default());
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;

        let mut insert = |name: HeaderName, value: String| {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        };
        insert(STRICT_TRANSPORT_SECURITY, "max-age=2592000".to_owned());
        insert(HeaderName::from_static("ms-cv"), format!("{vector}.0"));
        insert(HeaderName::from_static("request-context"), "appId=".to_owned());
        let milliseconds = 5 + milliseconds % 64;
        insert(HeaderName::from_static("x-processing-time"), format!("{milliseconds}ms"));
        if self.reports_versions {
            insert(HeaderName::from_static("api-supported-versions"), versions::supported());
        }
        if let Some(content_type) = self.content_type {
            insert(CONTENT_TYPE, content_type.to_owned());
        }
        if let Some(seconds) = self.retry_after {
            insert(RETRY_AFTER, seconds.to_string());
        }
        let request_id = HeaderName::from_static("x-ms-client-request-id");
        if let Some(value) = request.headers().get(&request_id) {
            response.headers_mut().insert(request_id, value.clone());
        }
        response
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let body = refusal.body();
        Self {
            status: refusal.status(),
            content_type: body.as_ref().map(|_| "application/json"),
            body: body.map_or_else(Bytes::new, |body| body.to_string().into()),
            retry_after: refusal.retry_after(),
            reports_versions: refusal.reports_versions(),
        }
    }
}
