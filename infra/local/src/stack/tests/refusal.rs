//! Each refusal has its reason, where the developer looks.

use super::*;
use serde_json::json;

/// A session with these claims over the usual ones.
async fn session(gateway: &Router, claims: Value) -> String {
    let body = json!({"subject": "alice", "claims": claims}).to_string();
    let (_, session) = call(gateway, Request::post("/dev/sign-in"), body).await;
    let session: Value = serde_json::from_str(&session).unwrap();
    session["token"].as_str().unwrap().to_owned()
}

/// The commonest first error has its reason in the terminal, the one of the response's header.
#[tokio::test]
async fn by_the_authorizer_leaves_its_reason() {
    let (gateway, lines) = logged_gateway();
    let good = session(&gateway, json!({})).await;
    let cut = good[..good.len() - 4].to_owned();
    for (token, reason) in [
        (cut, "the token signature is not valid"),
        (
            session(&gateway, json!({"iss": "https://evil.example"})).await,
            "the token does not have a valid issuer",
        ),
        (session(&gateway, json!({"aud": "x"})).await, "the token does not have a valid audience"),
        (session(&gateway, json!({"exp": 1})).await, "the token has expired"),
        ("x".to_owned(), "the token header cannot be read"),
    ] {
        let request = Request::post("/v1/token");
        let request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        let (response, _) = call(&gateway, request, "").await;
        let challenge = response.headers()[WWW_AUTHENTICATE].to_str().unwrap();
        assert!(challenge.contains(reason), "{challenge}");
        let line = lines.lock().unwrap().pop().unwrap();
        assert!(line.contains("POST /v1/token  ") && line.contains("  401  "), "{line}");
        assert!(line.ends_with(reason), "{line}");
    }
}

/// A request without a token, without the scope, or to nowhere leaves a line with its reason.
#[tokio::test]
async fn by_the_gateway_leaves_its_reason() {
    let (gateway, lines) = logged_gateway();
    let alice = signed_in(&gateway, Method::POST, "/v1/operator/revoke").await;
    for (request, expected) in [
        (Request::post("/v1/token"), "POST /v1/token  -  401  the request carries no token"),
        (
            alice,
            "POST /v1/operator/revoke  alice  403  the token has none of the scopes: acs.admin",
        ),
        (
            Request::get("/v1/token"),
            "GET /v1/token  -  404  the contract has no GET here, only POST, DELETE",
        ),
        (Request::get("/v1/tokens"), "GET /v1/tokens  -  404  the contract has no such path"),
        (
            Request::post("/v1/%FF"),
            "POST /v1/%FF  -  400  the path is not UTF-8 in percent-encoding",
        ),
    ] {
        call(&gateway, request, "").await;
        let line = lines.lock().unwrap().pop().unwrap();
        let (begin, reason) = expected.rsplit_once("  ").unwrap();
        assert!(line.starts_with(&format!("22:13:20  {begin}  ")), "{line}");
        assert!(line.ends_with(&format!(" ms  {reason}")), "{line}");
    }
}

/// A body over the limit is refused with its reason.
#[tokio::test]
async fn of_a_large_body_leaves_its_reason() {
    let (gateway, lines) = logged_gateway();
    let request = signed_in(&gateway, Method::POST, "/v1/token").await;
    let (response, _) = call(&gateway, request, vec![b'x'; 10 * 1024 * 1024 + 1]).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let line = lines.lock().unwrap().pop().unwrap();
    assert!(line.ends_with("the body has more than 10 MB"), "{line}");
}

/// A failed function's cause stands in the request's line, while the caller learns nothing.
#[tokio::test]
async fn by_a_failed_function_leaves_the_cause() {
    let (gateway, lines) = logged_gateway();
    let request = signed_in(&gateway, Method::DELETE, "/v1/token").await;
    call(&gateway, request, "").await;
    let line = lines.lock().unwrap().pop().unwrap();
    assert!(line.contains("alice  500") && line.ends_with("revoke: the function timed out"));
}

/// A wrong method on a route for development names the right ones.
#[tokio::test]
async fn of_a_method_names_the_allowed_ones() {
    let (gateway, lines) = logged_gateway();
    let (response, body) = call(&gateway, Request::get("/dev/sign-in"), "").await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(response.headers()["allow"], "POST");
    assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
    let rule = "/dev/sign-in does not take GET; the header Allow names its methods";
    assert!(body.contains(rule), "{body}");
    assert!(lines.lock().unwrap().pop().unwrap().ends_with(rule));
}
