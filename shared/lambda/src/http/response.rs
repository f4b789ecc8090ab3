//! Responses, as API Gateway takes them from a function.

use std::borrow::Cow;
use std::collections::BTreeMap;

use acs_broker_core::Completion;
use serde::Serialize;

use crate::http::problem::ProblemDetails;
use crate::http::problem_code::ProblemCode;

/// A response of payload format 2.0.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpResponse {
    /// The HTTP status.
    pub status_code: u16,
    headers: BTreeMap<&'static str, Cow<'static, str>>,
    #[serde(skip_serializing_if = "String::is_empty")]
    body: String,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProblemBody<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    code: ProblemCode,
    request_id: &'a str,
}

/// Every response, errors included: not to be stored, not to be sniffed, https only.
const HEADERS: [(&str, &str); 3] = [
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("strict-transport-security", "max-age=63072000; includeSubDomains"),
];

impl HttpResponse {
    /// Returns 200 with a JSON body.
    ///
    /// # Errors
    /// The body cannot be written as JSON.
    pub fn json(body: &impl Serialize) -> Result<Self, ProblemDetails> {
        match serde_json::to_string(body) {
            Ok(body) => Ok(Self::new(200, Some("application/json"), body)),
            Err(_) => Err(ProblemDetails::new(ProblemCode::InternalError)),
        }
    }

    /// Returns 204.
    #[must_use]
    pub fn no_content() -> Self {
        Self::new(204, None, String::new())
    }

    /// Returns the response to an accepted operation: 204, also for one that waits only until a
    /// second report confirms that the identity does not exist.
    ///
    /// # Errors
    /// ACS has not carried it out: the operation is pending, and the client hears why.
    pub fn completed(completion: Completion) -> Result<Self, ProblemDetails> {
        match completion {
            Completion::Deferred(error) if !error.is_not_found() => {
                Err(ProblemDetails::from(error))
            }
            Completion::Deferred(_) | Completion::Done => Ok(Self::no_content()),
        }
    }

    /// Returns an error as RFC 9457 has it.
    pub(crate) fn problem(problem: &ProblemDetails, request_id: &str) -> Self {
        let code = problem.code;
        let body = ProblemBody {
            r#type: "about:blank",
            title: code.title(),
            status: code.status(),
            detail: problem.detail.as_deref(),
            code,
            request_id,
        };
        let body = serde_json::to_string(&body).unwrap_or_default();
        let mut response = Self::new(code.status(), Some("application/problem+json"), body);
        if let Some(challenge) = challenge(code) {
            response.headers.insert("www-authenticate", challenge.into());
        }
        if let Some(wait) = problem.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            response.headers.insert("retry-after", seconds.max(1).to_string().into());
        }
        response
    }

    fn new(status_code: u16, content_type: Option<&'static str>, body: String) -> Self {
        let fixed = HEADERS.into_iter().chain(content_type.map(|value| ("content-type", value)));
        let headers = fixed.map(|(name, value)| (name, value.into())).collect();
        Self { status_code, headers, body, is_base64_encoded: false }
    }
}

const fn challenge(code: ProblemCode) -> Option<&'static str> {
    match code {
        // RFC 9470, section 3: only a sign-in from now on will do.
        ProblemCode::SignInAgain => Some(
            "Bearer error=\"insufficient_user_authentication\", \
             error_description=\"The session has ended; sign in again\", max_age=\"0\"",
        ),
        // RFC 6750, section 3.1.
        ProblemCode::InvalidClaims => Some("Bearer error=\"invalid_token\""),
        _ => None,
    }
}
