//! The contract check of the harness tells wrong responses from right ones, and the contract lists
//! the codes of the functions.

use std::collections::BTreeSet;

use acs_broker_harness::contract::{OPENAPI, check};
use acs_broker_harness::response::Response;
use acs_broker_lambda::ProblemCode;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

/// The codes that the functions respond with are exactly those that the contract lists.
#[test]
fn problem_codes_match_contract() {
    let documented = OPENAPI.pointer("/components/schemas/ProblemCode/enum");
    let documented: BTreeSet<String> =
        serde_json::from_value(documented.cloned().unwrap_or_default()).unwrap();
    let known: BTreeSet<String> =
        ProblemCode::ALL.map(|code| json!(code).as_str().unwrap().to_owned()).into();
    assert_eq!(documented, known);
}

/// A response as documented passes the check.
#[test]
fn documented_response_passes() {
    assert_eq!(check_issue(b"", &response(200, &granted())), Ok(()));
    assert_eq!(check_issue(br#"{"scopes":null}"#, &response(200, &granted())), Ok(()));
    assert_eq!(check_issue(b"{", &response(400, &problem())), Ok(()));
    assert_eq!(check_issue(b"", &response(401, &json!({"message": "Unauthorized"}))), Ok(()));
    let done =
        Response { text: String::new(), ..with(response(204, &json!("")), "content-type", "") };
    assert_eq!(check(&Method::DELETE, "/v1/user", b"", &done), Ok(()));
    let elsewhere = check(&Method::GET, "/v1/token", b"", &response(404, &json!("anything")));
    assert_eq!(elsewhere, Ok(()));
}

/// The check catches a response that apps are not prepared for.
#[test]
fn undocumented_response_is_caught() {
    let html = with(response(503, &problem()), "content-type", "text/html");
    let unsafe_answer = with(response(200, &granted()), "cache-control", "");
    let at_once = with(response(503, &problem()), "retry-after", "0");
    let some_day = with(response(503, &problem()), "retry-after", "Mon, 23 Nov 2026 12:00:00 GMT");
    let without_retry = with(response(503, &problem()), "retry-after", "");
    let unchallenged = with(response(401, &problem()), "www-authenticate", "");
    for (wrong, because) in [
        (without_retry, "retry-after is missing"),
        (unchallenged, "www-authenticate is missing"),
        (response(418, &problem()), "418 is not documented"),
        (html, "no documented media type"),
        (response(200, &problem()), "no documented media type"),
        (unsafe_answer, "cache-control"),
        (at_once, "retry-after"),
        (some_day, "retry-after"),
        (Response { text: String::new(), ..response(200, &granted()) }, "EOF"),
        (response(200, &changed(granted(), "token", Value::Null)), "token"),
        (response(200, &changed(granted(), "expiresOn", json!("tomorrow"))), "expiresOn"),
        (response(200, &changed(granted(), "user", json!({"communicationUserId": "x"}))), "user"),
        (response(200, &changed(granted(), "claims", json!({}))), "claims"),
        (response(400, &changed(problem(), "code", json!("no_such_code"))), "code"),
        (response(400, &changed(problem(), "cause", json!("the table"))), "cause"),
    ] {
        let breach = check_issue(b"", &wrong).unwrap_err();
        assert!(breach.to_ascii_lowercase().contains(&because.to_ascii_lowercase()), "{breach}");
    }
}

/// The check catches a body after a deletion, and a token granted to a bad request.
#[test]
fn wrong_body_and_wrong_grant_are_caught() {
    let breach = check(&Method::DELETE, "/v1/user", b"", &response(204, &json!({})));
    assert_eq!(breach, Err("there must be no body".to_owned()));
    for sent in [r#"{"scopes":[]}"#, r#"{"expiresInMinutes":59}"#, r#"{"more":1}"#, "[]"] {
        let breach = check_issue(sent.as_bytes(), &response(200, &granted())).unwrap_err();
        assert!(breach.starts_with("it granted a body that breaks a rule"), "{breach}");
    }
}

fn check_issue(sent: &[u8], response: &Response) -> Result<(), String> {
    check(&Method::POST, "/v1/token", sent, response)
}

fn granted() -> Value {
    json!({
        "token": "t", "expiresOn": "2026-11-24T12:00:00Z", "refreshAfter": "2026-11-24T08:00:00Z",
        "user": {"communicationUserId": "8:acs:a_b"},
    })
}

fn problem() -> Value {
    json!({
        "type": "about:blank", "title": "The request breaks a rule", "status": 400,
        "code": "invalid_request", "requestId": "id",
    })
}

fn changed(mut object: Value, member: &str, value: Value) -> Value {
    object[member] = value;
    object
}

/// A response of a function, or of the gateway where it is a message.
fn response(status: u16, body: &Value) -> Response {
    let is_problem = body.get("code").is_some();
    let media_type = if is_problem { "application/problem+json" } else { "application/json" };
    let headers = [
        ("cache-control", "no-store"),
        ("retry-after", "1"),
        ("www-authenticate", "Bearer"),
        ("x-content-type-options", "nosniff"),
        ("strict-transport-security", "max-age=63072000; includeSubDomains"),
    ];
    let headers = headers
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    let mut headers = HeaderMap::from_iter(headers);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    Response { status: StatusCode::from_u16(status).unwrap(), headers, text: body.to_string() }
}

/// The response with another header, or without it where the value is empty.
fn with(mut response: Response, name: &'static str, value: &'static str) -> Response {
    response.headers.remove(name);
    if !value.is_empty() {
        response.headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
