//! `acs_broker_harness::contract`, by which every answer in these tests is checked, can tell wrong from right,
//! and the contract names what the code can say.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise"
)]

use std::collections::BTreeSet;

use acs_broker_harness::answer::Answer;
use acs_broker_harness::contract::{OPENAPI, check};
use acs_broker_lambda::Code;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

#[test]
fn an_app_can_meet_exactly_the_codes_that_the_contract_lists() {
    let documented = OPENAPI.pointer("/components/schemas/ProblemCode/enum");
    let documented: BTreeSet<String> =
        serde_json::from_value(documented.cloned().unwrap_or_default()).unwrap();
    let known: BTreeSet<String> =
        Code::ALL.map(|code| json!(code).as_str().unwrap().to_owned()).into();
    assert_eq!(documented, known);
}

#[test]
fn an_answer_as_documented_passes() {
    assert_eq!(check_issue(b"", &answer(200, &granted())), Ok(()));
    assert_eq!(check_issue(br#"{"scopes":null}"#, &answer(200, &granted())), Ok(()));
    assert_eq!(check_issue(b"{", &answer(400, &problem())), Ok(()));
    assert_eq!(check_issue(b"", &answer(401, &json!({"message": "Unauthorized"}))), Ok(()));
    let done = Answer { text: String::new(), ..with(answer(204, &json!("")), "content-type", "") };
    assert_eq!(check(&Method::DELETE, "/v1/user", b"", &done), Ok(()));
    let elsewhere = check(&Method::GET, "/v1/token", b"", &answer(404, &json!("anything")));
    assert_eq!(elsewhere, Ok(()));
}

#[test]
fn an_answer_that_apps_are_not_prepared_for_is_caught() {
    let html = with(answer(503, &problem()), "content-type", "text/html");
    let unsafe_answer = with(answer(200, &granted()), "cache-control", "");
    let at_once = with(answer(503, &problem()), "retry-after", "0");
    let some_day = with(answer(503, &problem()), "retry-after", "Mon, 23 Nov 2026 12:00:00 GMT");
    let in_doubt = with(answer(503, &problem()), "retry-after", "");
    let unchallenged = with(answer(401, &problem()), "www-authenticate", "");
    for (wrong, because) in [
        (in_doubt, "retry-after is missing"),
        (unchallenged, "www-authenticate is missing"),
        (answer(418, &problem()), "418 is not documented"),
        (html, "no documented media type"),
        (answer(200, &problem()), "no documented media type"),
        (unsafe_answer, "cache-control"),
        (at_once, "retry-after"),
        (some_day, "retry-after"),
        (Answer { text: String::new(), ..answer(200, &granted()) }, "EOF"),
        (answer(200, &changed(granted(), "token", Value::Null)), "token"),
        (answer(200, &changed(granted(), "expiresOn", json!("tomorrow"))), "expiresOn"),
        (answer(200, &changed(granted(), "user", json!({"communicationUserId": "x"}))), "user"),
        (answer(200, &changed(granted(), "claims", json!({}))), "claims"),
        (answer(400, &changed(problem(), "code", json!("no_such_code"))), "code"),
        (answer(400, &changed(problem(), "cause", json!("the table"))), "cause"),
    ] {
        let breach = check_issue(b"", &wrong).unwrap_err();
        assert!(breach.to_ascii_lowercase().contains(&because.to_ascii_lowercase()), "{breach}");
    }
}

#[test]
fn a_body_after_a_deletion_and_a_grant_to_a_bad_request_are_caught() {
    let breach = check(&Method::DELETE, "/v1/users/a%20b", b"", &answer(204, &json!({})));
    assert_eq!(breach, Err("there must be no body".to_owned()));
    for sent in [r#"{"scopes":[]}"#, r#"{"expiresInMinutes":59}"#, r#"{"more":1}"#, "[]"] {
        let breach = check_issue(sent.as_bytes(), &answer(200, &granted())).unwrap_err();
        assert!(breach.starts_with("it granted a body that breaks a rule"), "{breach}");
    }
}

fn check_issue(sent: &[u8], answer: &Answer) -> Result<(), String> {
    check(&Method::POST, "/v1/token", sent, answer)
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

/// An answer of a function, or of the gateway where it is a message.
fn answer(status: u16, body: &Value) -> Answer {
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
    Answer { status: StatusCode::from_u16(status).unwrap(), headers, text: body.to_string() }
}

/// The answer with another header, or without it where the value is empty.
fn with(mut answer: Answer, name: &'static str, value: &'static str) -> Answer {
    answer.headers.remove(name);
    if !value.is_empty() {
        answer.headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}
