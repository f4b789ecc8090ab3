//! Bodies of requests.

use std::sync::Arc;

use acs_broker_lambda::{HttpRequest, HttpResponse, Invocation, ProblemDetails};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Function, changed, claims, request};

#[derive(Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    expires_in_minutes: Option<u32>,
}

async fn echo(invocation: Arc<Invocation<HttpRequest>>) -> Result<HttpResponse, ProblemDetails> {
    HttpResponse::json(&invocation.payload.json_body::<Body>()?)
}

async fn none(invocation: Arc<Invocation<HttpRequest>>) -> Result<HttpResponse, ProblemDetails> {
    invocation.payload.reject_body()?;
    Ok(HttpResponse::no_content())
}

fn with_body(body: &str) -> Value {
    changed(&request(&claims()), "/body", body.into())
}

async fn status_and_detail(event: &Value) -> (u64, String) {
    let (status, body) = Function::new().serve(event, echo).await;
    (status, body["detail"].as_str().unwrap_or_default().to_owned())
}

/// Many HTTP clients send `null` or nothing for a request without parameters.
#[tokio::test]
async fn may_be_left_out() {
    let untyped = changed(&request(&claims()), "/headers", json!({}));
    for event in [untyped, with_body(""), with_body("null"), with_body(" {} ")] {
        let response = Function::new().serve(&event, echo).await;
        assert_eq!(response, (200, json!({"expiresInMinutes": null})), "{event}");
    }
}

/// A developer learns which field breaks which rule.
#[tokio::test]
async fn wrong_field_is_named() {
    for (body, says) in [
        (r#"{"expiresInMinutes": "60"}"#, "expiresInMinutes: invalid type: string"),
        (r#"{"expiresInMinutes": 60.5}"#, "expiresInMinutes: invalid type: floating point"),
        (r#"{"expiresInMinutes": 1, "expiresInMinutes": 2}"#, "duplicate field"),
        (r#"{"lifetime": 60}"#, "unknown field `lifetime`"),
        ("{", "body: EOF while parsing"),
        ("{} {}", "body: trailing characters"),
        ("[60]", "body: must be a JSON object"),
        ("\u{feff}{}", "body: must not begin with a byte-order mark"),
    ] {
        let (status, detail) = status_and_detail(&with_body(body)).await;
        assert_eq!(status, 400, "{body}");
        assert!(detail.contains(says), "{body}: {detail}");
    }
    let not_base64 = changed(&with_body("%%%"), "/isBase64Encoded", true.into());
    let (status, detail) = status_and_detail(&not_base64).await;
    assert_eq!((status, detail.as_str()), (400, "body: must be base64, as the event says"));
}

/// A client that sends a page as a field's name gets a short answer, and not the page twice.
#[tokio::test]
async fn long_name_is_cut() {
    let body = json!({ "ä".repeat(20_000): 1 }).to_string();
    let (status, detail) = status_and_detail(&with_body(&body)).await;
    assert_eq!((status, detail.chars().count()), (400, 301));
}

/// A client that compresses its body, or sends a form, is told so and not that its JSON is wrong.
#[tokio::test]
async fn other_formats_are_unsupported() {
    for content_type in ["Application/JSON", "application/json; Charset=\"UTF-8\"; v=1"] {
        let event = changed(&with_body("{}"), "/headers/content-type", content_type.into());
        assert_eq!(status_and_detail(&event).await.0, 200, "{content_type}");
    }
    for (name, value) in [
        ("content-type", ""),
        ("content-type", "text/plain"),
        ("content-type", "application/jsonx"),
        ("content-type", "application/json; charset=utf-16"),
        ("content-encoding", "gzip"),
        ("Content-Encoding", "identity, br"),
    ] {
        let event = changed(&with_body("{}"), &format!("/headers/{name}"), value.into());
        assert_eq!(status_and_detail(&event).await.0, 415, "{name}: {value}");
    }
}

/// A body of any size is read only up to the limit.
#[tokio::test]
async fn over_the_limit_is_refused() {
    let body = |bytes: usize| with_body(&format!("{{{}}}", " ".repeat(bytes - 2)));
    assert_eq!(status_and_detail(&body(64 * 1024)).await.0, 200);
    assert_eq!(status_and_detail(&body(64 * 1024 + 1)).await.0, 413);
}

/// `keepSessions` in the body of a revocation would be ignored, and every session would end.
#[tokio::test]
async fn is_refused_where_none_belongs() {
    let function = Function::new();
    let (status, body) = function.serve(&with_body(r#"{"keepSessions":true}"#), none).await;
    assert_eq!((status, &body["detail"]), (400, &json!("body: this operation has none")));
    assert_eq!(function.serve(&with_body(""), none).await.0, 204);
}
