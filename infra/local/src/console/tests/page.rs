//! The page and its policy.

use super::*;

/// A browser gets the page under a policy that allows nothing from elsewhere.
#[tokio::test]
async fn has_a_strict_policy() {
    let world = World::start().await;
    let html = [("accept", "text/html,*/*")];
    let page = world.send(Method::GET, "/", &html, String::new()).await;
    assert!(page.text.starts_with("<!doctype html>"), "{}", page.text);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.headers["x-content-type-options"], "nosniff");
    let script = world.send(Method::GET, "/console/main.js", &[], String::new()).await;
    assert_eq!(script.headers["content-type"], "text/javascript; charset=utf-8");
    let missing = world.send(Method::GET, "/console/other.js", &[], String::new()).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

/// Somebody who asks with curl reads where to go.
#[tokio::test]
async fn is_text_for_curl() {
    let world = World::start().await;
    let text = world.send(Method::GET, "/", &[("accept", "*/*")], String::new()).await.text;
    assert!(text.contains("/dev  ") && text.contains("curl -sS -X POST"), "{text}");
}

/// A form that posts to the page gets 405 and the methods that there are, not 404.
#[tokio::test]
async fn takes_no_post() {
    let world = World::start().await;
    let posted = world.send(Method::POST, "/", &[], String::new()).await;
    assert_eq!(posted.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(posted.headers["allow"], "GET,HEAD");
}
