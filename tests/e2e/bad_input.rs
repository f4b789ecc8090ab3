//! A careless or hostile app sends bad input: each response names the mistake.

use acs_broker_harness::response::Response;
use acs_broker_harness::stack::StackProcess;
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use serde_json::json;

const JSON: &str = "application/json";
/// The largest body that a function reads, in bytes.
const LARGEST: usize = 65_536;

/// The response to a bad field names the field and its rule.
#[tokio::test]
async fn bad_field_is_named_with_rule() {
    let stack = StackProcess::start().await;
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
        (r#"{"expiresInMinutes":-60}"#, "expiresInMinutes", "60 to 1440"),
        (r#"{"expiresInMinutes":4294967356}"#, "expiresInMinutes", "60 to 1440"),
        (r#"{"expiresInMinutes":60.5}"#, "expiresInMinutes", "must be a whole number"),
        (r#"{"expiresInMinutes":6e1}"#, "expiresInMinutes", "must be a whole number"),
        (r#"{"expiresInMinutes":"60"}"#, "expiresInMinutes", "must be a whole number"),
        (r#"{"expiresInMinutes":true}"#, "expiresInMinutes", "must be a whole number"),
        (r#"{"expiresInMinutes":[60]}"#, "expiresInMinutes", "must be a whole number"),
        (r#"{"expiresInMinutes":60,"expiresInMinutes":60}"#, "expiresInMinutes", "duplicate field"),
        (r#"{"expiresinminutes":60}"#, "expiresinminutes", "unknown field"),
        (r#"{"user":"bob"}"#, "user", "unknown field"),
        (r#"{"subject":"bob","scopes":["chat"]}"#, "subject", "unknown field"),
        (r#"{"":1}"#, "", "unknown field"),
    ] {
        let response = stack.token_from(&alice, JSON, body).await;

        assert_problem(&response, 400, "invalid_request", body);
        let detail = detail(&response);
        assert!(detail.contains(field) && detail.contains(rule), "{body}: {detail}");
    }
    assert_nothing_was_created(&stack).await;
}

/// A body that is not a JSON object is refused.
#[tokio::test]
async fn other_body_than_object_is_refused() {
    let stack = StackProcess::start().await;
    let alice = stack.sign_in("alice").await;
    let deep = "[".repeat(2000);
    let deep_field = format!("{{\"scopes\":{deep}");
    for body in [
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
        let response = stack.token_from(&alice, JSON, body).await;

        assert_problem(&response, 400, "invalid_request", body);
        let detail = detail(&response);
        let names_place =
            ["body", "scopes", "expiresInMinutes"].iter().any(|at| detail.starts_with(at));
        assert!(names_place, "{body}: {detail}");
    }
    let request = stack.signed(Method::POST, "/v1/token", &alice).header(CONTENT_TYPE, JSON);
    let response = stack.send(request.body(&b"{\"scopes\":[\"\xff\"]}"[..])).await;
    assert_problem(&response, 400, "invalid_request", "a body that is not UTF-8");
    assert_nothing_was_created(&stack).await;
}

/// A body that is not declared as JSON is refused.
#[tokio::test]
async fn other_media_type_is_refused() {
    let stack = StackProcess::start().await;
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
        let response = stack.token_from(&alice, media_type, "{}").await;

        assert_problem(&response, 415, "unsupported_media_type", media_type);
    }
    let undeclared = stack.signed(Method::POST, "/v1/token", &alice).body("{}");
    assert_problem(&stack.send(undeclared).await, 415, "unsupported_media_type", "no media type");
    assert_nothing_was_created(&stack).await;
}

/// A body that is too large is refused, whatever it contains.
#[tokio::test]
async fn large_body_is_refused_before_parsing() {
    let stack = StackProcess::start().await;
    let alice = stack.sign_in("alice").await;
    let padded = |length: usize| format!("{{{}}}", " ".repeat(length - 2));
    for (media_type, body) in [
        (JSON, padded(LARGEST + 1)),
        (JSON, padded(1024 * 1024)),
        (JSON, "x".repeat(LARGEST + 1)),
        (JSON, "ü".repeat(LARGEST / 2 + 1)),
        ("image/png", padded(LARGEST + 1)),
    ] {
        let response = stack.token_from(&alice, media_type, &body).await;

        assert_problem(&response, 413, "body_too_large", media_type);
        assert_eq!(detail(&response), "body: must be at most 65536 bytes");
    }
    assert_nothing_was_created(&stack).await;
    let largest = stack.token_from(&alice, JSON, &padded(LARGEST)).await;
    assert_eq!(largest.status, StatusCode::OK, "{largest:?}");
}

/// An explicit null means the same as an absent field, as the contract says.
#[tokio::test]
async fn explicit_null_means_absent() {
    let stack = StackProcess::start().await;
    let alice = stack.sign_in("alice").await;
    for body in
        ["", "{}", "null", r#"{"scopes":null}"#, r#"{"scopes":null,"expiresInMinutes":null}"#]
    {
        let response = stack.token_from(&alice, "application/json; charset=utf-8", body).await;

        assert!(stack.acs().is_active(&response.token()).await, "{body}: {response:?}");
    }
}

/// A misspelt query parameter revokes nothing and ends no session.
#[tokio::test]
async fn misspelt_parameter_revokes_nothing() {
    let stack = StackProcess::start().await;
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
        let response = stack.call(Method::DELETE, &format!("/v1/token?{query}"), &alice).await;

        assert_problem(&response, 400, "invalid_request", query);
        assert!(detail(&response).starts_with(&format!("{parameter}: ")), "{response:?}");
    }
    // The contract gives operators no such choice.
    let path = "/v1/operator/revoke?keepSessions=true";
    let response = stack.call(Method::POST, path, &operator).await;
    assert_problem(&response, 400, "invalid_request", path);
    assert!(detail(&response).starts_with("keepSessions: "), "{response:?}");

    assert!(stack.acs().is_active(&token).await);
    assert_eq!(stack.acs().requests("revoke").await, 0);
    stack.acs_token(&alice).await;
}

/// A query parameter that deletion does not have is refused, and the user stays.
#[tokio::test]
async fn unknown_parameter_deletes_no_user() {
    let stack = StackProcess::start().await;
    let (alice, operator) = (stack.sign_in("alice").await, stack.sign_in_operator().await);
    let token = stack.acs_token(&alice).await;
    for (method, path, session) in [
        (Method::DELETE, "/v1/user?keepSessions=true", &alice),
        (Method::POST, "/v1/operator/delete?keepSessions=true", &operator),
    ] {
        let response = stack.call(method, path, session).await;

        assert_problem(&response, 400, "invalid_request", path);
        assert!(detail(&response).starts_with("keepSessions: "), "{response:?}");
    }
    assert!(stack.acs().is_active(&token).await);
}

/// A session without a usable subject or sign-in time is refused, and the response names the claim.
#[tokio::test]
async fn unusable_claim_is_named() {
    let stack = StackProcess::start().await;
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
        for response in [
            stack.token(&session).await,
            stack.revoke(&session).await,
            stack.delete(&session).await,
        ] {
            assert_problem(&response, 401, "invalid_claims", &claims.to_string());
            assert!(detail(&response).starts_with(&format!("{claim}: ")), "{response:?}");
            assert_eq!(response.header("www-authenticate"), "Bearer error=\"invalid_token\"");
        }
    }
    assert_nothing_was_created(&stack).await;
}

/// A user with an unusual subject gets a token and is deleted as any other user is.
#[tokio::test]
async fn odd_subject_is_served() {
    let stack = StackProcess::start().await;
    for subject in ["日本 ü", "🙂🏳️‍🌈", "\u{202e}ecila", "a/b", "\"'\\<>", "{}", &"語".repeat(255)]
    {
        let session = stack.sign_in(subject).await;

        let token = stack.acs_token(&session).await;

        assert!(stack.acs().is_active(&token).await, "{subject:?}");
        assert_eq!(stack.delete(&session).await.status, StatusCode::NO_CONTENT, "{subject:?}");
        assert!(!stack.acs().is_active(&token).await, "{subject:?}");
    }
}

/// Two responses are told apart by their request ids.
#[tokio::test]
async fn responses_have_distinct_request_ids() {
    let stack = StackProcess::start().await;
    let alice = stack.sign_in("alice").await;
    let responses =
        [stack.token_from(&alice, JSON, "[]").await, stack.token_from(&alice, JSON, "[]").await];
    let [one, other] = responses.map(|response| {
        let id = response.json()["requestId"].as_str().unwrap().to_owned();
        assert_eq!(response.header("apigw-requestid"), id);
        id
    });
    assert_ne!(one, other);
}

/// Asserts a problem of RFC 9457 with the members that the contract adds.
fn assert_problem(response: &Response, status: u16, code: &str, sent: &str) {
    let problem = response.json();
    assert_eq!(
        (response.status.as_u16(), response.code().as_str()),
        (status, code),
        "{sent}: {response:?}"
    );
    assert_eq!(response.header("content-type"), "application/problem+json");
    assert_eq!((&problem["status"], &problem["type"]), (&json!(status), &json!("about:blank")));
    for member in ["title", "requestId"] {
        assert_ne!(problem[member].as_str().unwrap_or_default(), "", "{sent}: {member}");
    }
}

fn detail(response: &Response) -> String {
    response.json()["detail"].as_str().unwrap_or_default().to_owned()
}

async fn assert_nothing_was_created(stack: &StackProcess) {
    assert_eq!(stack.acs().counters().await, json!({}), "ACS was called");
}
