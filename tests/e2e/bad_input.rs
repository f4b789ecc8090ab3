//! What a careless or hostile app sends, and how it is told what is wrong.
#![expect(clippy::indexing_slicing, reason = "a test ends at the first surprise")]

use acs_broker_harness::answer::Answer;
use acs_broker_harness::stack::Stack;
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use serde_json::json;

const JSON: &str = "application/json";
/// The largest body that a function reads, in bytes.
const LARGEST: usize = 4096;

#[tokio::test]
async fn a_bad_field_is_named_with_its_rule() {
    let stack = Stack::start().await;
    let alice = stack.sign_in("alice").await;
    for (body, field, rule) in [
        (r#"{"scopes":["chat","pstn"]}"#, "scopes[1]", "one of chat, voip"),
        (r#"{"scopes":["Chat"]}"#, "scopes[0]", "one of chat, voip"),
        (r#"{"scopes":[" chat"]}"#, "scopes[0]", "one of chat, voip"),
        (r#"{"scopes":["чат"]}"#, "scopes[0]", "one of chat, voip"),
        (r#"{"scopes":[]}"#, "scopes", "must not be empty"),
        (r#"{"scopes":["chat","chat","chat","chat","chat","chat"]}"#, "scopes", "at most 5"),
        (r#"{"scopes":"chat"}"#, "scopes", "invalid type: string"),
        (r#"{"scopes":{"chat":true}}"#, "scopes", "invalid type: map"),
        (r#"{"scopes":[["chat"]]}"#, "scopes[0]", "invalid type: sequence"),
        (r#"{"scopes":["chat",7]}"#, "scopes[1]", "invalid type: integer"),
        (r#"{"scopes":["chat",null]}"#, "scopes[1]", "invalid type: null"),
        (r#"{"scopes":["chat"],"scopes":["chat"]}"#, "scopes", "duplicate field"),
        (r#"{"scopes":["chat"],"\u0073copes":["voip"]}"#, "scopes", "duplicate field"),
        (r#"{"expiresInMinutes":59}"#, "expiresInMinutes", "60 to 1440"),
        (r#"{"expiresInMinutes":1441}"#, "expiresInMinutes", "60 to 1440"),
        (r#"{"expiresInMinutes":0}"#, "expiresInMinutes", "60 to 1440"),
        (r#"{"expiresInMinutes":-60}"#, "expiresInMinutes", "invalid value: integer `-60`"),
        (r#"{"expiresInMinutes":4294967356}"#, "expiresInMinutes", "invalid value: integer"),
        (r#"{"expiresInMinutes":60.5}"#, "expiresInMinutes", "invalid type: floating point"),
        (r#"{"expiresInMinutes":6e1}"#, "expiresInMinutes", "invalid type: floating point"),
        (r#"{"expiresInMinutes":"60"}"#, "expiresInMinutes", "invalid type: string"),
        (r#"{"expiresInMinutes":true}"#, "expiresInMinutes", "invalid type: boolean"),
        (r#"{"expiresInMinutes":[60]}"#, "expiresInMinutes", "invalid type: sequence"),
        (r#"{"expiresInMinutes":60,"expiresInMinutes":60}"#, "expiresInMinutes", "duplicate field"),
        (r#"{"expiresinminutes":60}"#, "expiresinminutes", "unknown field"),
        (r#"{"user":"bob"}"#, "user", "unknown field"),
        (r#"{"subject":"bob","scopes":["chat"]}"#, "subject", "unknown field"),
        (r#"{"":1}"#, "", "unknown field"),
    ] {
        let answer = stack.token_from(&alice, JSON, body).await;

        assert_problem(&answer, 400, "invalid_request", body);
        let detail = detail(&answer);
        assert!(detail.contains(field) && detail.contains(rule), "{body}: {detail}");
    }
    assert_nothing_was_created(&stack).await;
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let stack = Stack::start().await;
    let alice = stack.sign_in("alice").await;
    let deep = "[".repeat(2000);
    let deep_field = format!("{{\"scopes\":{deep}");
    for body in [
        "null",
        "true",
        "7",
        "\"chat\"",
        "[]",
        "[[\"chat\"],60]",
        "{",
        "{}{}",
        "{} x",
        "{]",
        "{,}",
        "{'scopes':[]}",
        "{\"scopes\":[\"chat\"],}",
        "{\"expiresInMinutes\":060}",
        "{\"expiresInMinutes\":NaN}",
        "{\"scopes\":[\"\\ud800\"]}",
        "\u{feff}{}",
        "\0",
        " ",
        &deep,
        &deep_field,
        "scopes=chat",
    ] {
        let answer = stack.token_from(&alice, JSON, body).await;

        assert_problem(&answer, 400, "invalid_request", body);
        let detail = detail(&answer);
        let names_place =
            ["body", "scopes", "expiresInMinutes"].iter().any(|at| detail.starts_with(at));
        assert!(names_place, "{body}: {detail}");
    }
    let request = stack.signed(Method::POST, "/v1/token", &alice).header(CONTENT_TYPE, JSON);
    let answer = stack.send(request.body(&b"{\"scopes\":[\"\xff\"]}"[..])).await;
    assert_problem(&answer, 400, "invalid_request", "a body that is not UTF-8");
    assert_nothing_was_created(&stack).await;
}

#[tokio::test]
async fn a_body_that_is_not_declared_as_json_is_refused() {
    let stack = Stack::start().await;
    let alice = stack.sign_in("alice").await;
    for media_type in [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/jsonx",
        "application/problem+json",
        "text/json",
        "json",
        "*/*",
        "",
    ] {
        let answer = stack.token_from(&alice, media_type, "{}").await;

        assert_problem(&answer, 415, "unsupported_media_type", media_type);
    }
    let undeclared = stack.signed(Method::POST, "/v1/token", &alice).body("{}");
    assert_problem(&stack.send(undeclared).await, 415, "unsupported_media_type", "no media type");
    assert_nothing_was_created(&stack).await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_whatever_is_in_it() {
    let stack = Stack::start().await;
    let alice = stack.sign_in("alice").await;
    let padded = |length: usize| format!("{{{}}}", " ".repeat(length - 2));
    for (media_type, body) in [
        (JSON, padded(LARGEST + 1)),
        (JSON, padded(1024 * 1024)),
        (JSON, "x".repeat(LARGEST + 1)),
        (JSON, "ü".repeat(LARGEST / 2 + 1)),
        ("image/png", padded(LARGEST + 1)),
    ] {
        let answer = stack.token_from(&alice, media_type, &body).await;

        assert_problem(&answer, 413, "body_too_large", media_type);
        assert_eq!(detail(&answer), "body: must be at most 4096 bytes");
    }
    assert_nothing_was_created(&stack).await;
    let largest = stack.token_from(&alice, JSON, &padded(LARGEST)).await;
    assert_eq!(largest.status, StatusCode::OK, "{largest:?}");
}

#[tokio::test]
async fn explicit_nulls_are_what_the_contract_says() {
    let stack = Stack::start().await;
    let alice = stack.sign_in("alice").await;
    for body in ["", "{}", r#"{"scopes":null}"#, r#"{"scopes":null,"expiresInMinutes":null}"#] {
        let answer = stack.token_from(&alice, "application/json; charset=utf-8", body).await;

        assert!(stack.acs().is_active(&answer.token()).await, "{body}: {answer:?}");
    }
}

#[tokio::test]
async fn a_misspelt_parameter_signs_nobody_out() {
    let stack = Stack::start().await;
    let (alice, operator) = (stack.sign_in("alice").await, stack.sign_in_operator().await);
    let token = stack.acs_token(&alice).await;
    for (query, parameter) in [
        ("keepSessions=maybe", "keepSessions"),
        ("keepSessions=True", "keepSessions"),
        ("keepSessions=1", "keepSessions"),
        ("keepSessions=", "keepSessions"),
        ("keepSessions", "keepSessions"),
        ("keepSessions=true&keepSessions=true", "keepSessions"),
        ("keepSessions=true&keepSessions=false", "keepSessions"),
        ("keepsessions=true", "keepsessions"),
        ("keep_sessions=true", "keep_sessions"),
        ("keepSessions=true&subject=bob", "subject"),
        ("%F0%9F%99%82=1", "🙂"),
    ] {
        let answer = stack.call(Method::DELETE, &format!("/v1/token?{query}"), &alice).await;

        assert_problem(&answer, 400, "invalid_request", query);
        assert!(detail(&answer).starts_with(&format!("{parameter}: ")), "{answer:?}");
    }
    // The contract gives operators no such choice.
    let path = "/v1/users/alice/token?keepSessions=true";
    let answer = stack.call(Method::DELETE, path, &operator).await;
    assert_problem(&answer, 400, "invalid_request", path);
    assert!(detail(&answer).starts_with("keepSessions: "), "{answer:?}");

    assert!(stack.acs().is_active(&token).await);
    assert_eq!(stack.acs().requests("revoke").await, 0);
    stack.acs_token(&alice).await;
}

#[tokio::test]
async fn a_parameter_that_deletion_does_not_have_deletes_nobody() {
    let stack = Stack::start().await;
    let (alice, operator) = (stack.sign_in("alice").await, stack.sign_in_operator().await);
    let token = stack.acs_token(&alice).await;
    for (path, session) in
        [("/v1/user?keepSessions=true", &alice), ("/v1/users/alice?keepSessions=true", &operator)]
    {
        let answer = stack.call(Method::DELETE, path, session).await;

        assert_problem(&answer, 400, "invalid_request", path);
        assert!(detail(&answer).starts_with("keepSessions: "), "{answer:?}");
    }
    assert!(stack.acs().is_active(&token).await);
}

#[tokio::test]
async fn a_session_that_names_nobody_or_no_time_is_refused_by_claim() {
    let stack = Stack::start().await;
    for (claims, claim) in [
        (json!({"sub": null}), "subject"),
        (json!({"sub": ""}), "subject"),
        (json!({"sub": "line\nbreak"}), "subject"),
        (json!({"sub": "x".repeat(256)}), "subject"),
        (json!({"auth_time": "yesterday"}), "auth_time"),
        (json!({"auth_time": -1}), "auth_time"),
        (json!({"auth_time": 1e18}), "auth_time"),
        (json!({"auth_time": true}), "auth_time"),
        (json!({"auth_time": null, "iat": null}), "iat"),
    ] {
        let session = stack.sign_in_with(json!({"subject": "x", "claims": claims})).await;
        for answer in [
            stack.token(&session).await,
            stack.revoke(&session).await,
            stack.delete(&session).await,
        ] {
            assert_problem(&answer, 401, "invalid_claims", &claims.to_string());
            assert!(detail(&answer).starts_with(&format!("{claim}: ")), "{answer:?}");
            assert_eq!(answer.header("www-authenticate"), "Bearer error=\"invalid_token\"");
        }
    }
    assert_nothing_was_created(&stack).await;
}

#[tokio::test]
async fn users_with_odd_names_are_served_like_anybody() {
    let stack = Stack::start().await;
    for subject in ["日本 ü", "🙂🏳️‍🌈", "\u{202e}ecila", "a/b", "\"'\\<>", "{}", &"語".repeat(255)]
    {
        let session = stack.sign_in(subject).await;

        let token = stack.acs_token(&session).await;

        assert!(stack.acs().is_active(&token).await, "{subject:?}");
        assert_eq!(stack.delete(&session).await.status, StatusCode::NO_CONTENT, "{subject:?}");
        assert!(!stack.acs().is_active(&token).await, "{subject:?}");
    }
}

#[tokio::test]
async fn two_answers_are_told_apart_by_their_request_ids() {
    let stack = Stack::start().await;
    let alice = stack.sign_in("alice").await;
    let answers =
        [stack.token_from(&alice, JSON, "[]").await, stack.token_from(&alice, JSON, "[]").await];
    let [one, other] = answers.map(|answer| {
        let id = answer.json()["requestId"].as_str().unwrap().to_owned();
        assert_eq!(answer.header("apigw-requestid"), id);
        id
    });
    assert_ne!(one, other);
}

/// RFC 9457, with what the contract adds.
fn assert_problem(answer: &Answer, status: u16, code: &str, sent: &str) {
    let problem = answer.json();
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (status, code),
        "{sent}: {answer:?}"
    );
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!((&problem["status"], &problem["type"]), (&json!(status), &json!("about:blank")));
    for member in ["title", "requestId"] {
        assert_ne!(problem[member].as_str().unwrap_or_default(), "", "{sent}: {member}");
    }
}

fn detail(answer: &Answer) -> String {
    answer.json()["detail"].as_str().unwrap_or_default().to_owned()
}

async fn assert_nothing_was_created(stack: &Stack) {
    assert_eq!(stack.acs().counters().await, json!({}), "ACS was asked for something");
}
