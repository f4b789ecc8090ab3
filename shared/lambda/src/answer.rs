//! The shapes of answers.

use lambda_http::http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;

use crate::problem::{Code, Problem};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProblemBody<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    code: Code,
    request_id: &'a str,
}

/// 200.
pub(crate) fn json(json: String) -> Response<String> {
    answer(StatusCode::OK, Some("application/json"), json)
}

/// 204.
pub(crate) fn done() -> Response<String> {
    answer(StatusCode::NO_CONTENT, None, String::new())
}

/// RFC 9457.
pub(crate) fn problem(problem: &Problem, request_id: &str) -> Response<String> {
    let code = problem.code;
    let body = ProblemBody {
        r#type: "about:blank",
        title: code.title(),
        status: code.status().as_u16(),
        detail: problem.detail.as_deref(),
        code,
        request_id,
    };
    let body = serde_json::to_string(&body).unwrap_or_default();
    let mut response = answer(code.status(), Some("application/problem+json"), body);
    let headers = response.headers_mut();
    let challenge = match code {
        // RFC 9470, section 3: only a sign-in from now on will do.
        Code::SignInAgain => Some(
            "Bearer error=\"insufficient_user_authentication\", \
             error_description=\"The user's tokens were revoked; sign in again\", max_age=\"0\"",
        ),
        // RFC 6750, section 3.1.
        Code::InvalidClaims => Some("Bearer error=\"invalid_token\""),
        _ => None,
    };
    if let Some(challenge) = challenge {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    if let Some(wait) = problem.retry_after {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
    response
}

/// Every answer, errors included: not to be stored, not to be sniffed, https only.
fn answer(
    status: StatusCode,
    content_type: Option<&'static str>,
    body: String,
) -> Response<String> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if let Some(content_type) = content_type {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        header::STRICT_TRANSPORT_SECURITY,
        HeaderValue::from_static("max-age=63072000; includeSubDomains"),
    );
    response
}
