//! A response of the service, and the headers that all of its responses share.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER, STRICT_TRANSPORT_SECURITY};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use serde_json::Value;

use crate::service::error::ServiceError;
use crate::service::versions;
use crate::state::random::Random;

/// A response before it gets the headers that every response has.
#[derive(Debug)]
pub(crate) struct ServiceResponse {
    pub(crate) status: StatusCode,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) body: Bytes,
    /// The value of `Retry-After`, in seconds.
    pub(crate) retry_after: Option<u64>,
    /// Whether it lists the supported versions.
    pub(crate) reports_versions: bool,
}

impl ServiceResponse {
    /// A response of the service with a JSON body.
    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        Self {
            status,
            content_type: Some("application/json; charset=utf-8"),
            body: body.to_string().into(),
            retry_after: None,
            reports_versions: true,
        }
    }

    /// A response with the status 204.
    pub(crate) fn no_content() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            content_type: None,
            body: Bytes::new(),
            retry_after: None,
            reports_versions: true,
        }
    }

    /// Adds the headers that every recorded response has.
    pub(crate) fn finish_response(
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

impl From<ServiceError> for ServiceResponse {
    fn from(error: ServiceError) -> Self {
        let body = error.body();
        Self {
            status: error.status(),
            content_type: body.as_ref().map(|_| "application/json"),
            body: body.map_or_else(Bytes::new, |body| body.to_string().into()),
            retry_after: error.retry_after(),
            reports_versions: error.reports_versions(),
        }
    }
}
