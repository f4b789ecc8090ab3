//! `POST /v1/token`: a signed-in user gets and renews tokens.

use std::collections::HashSet;
use std::sync::Arc;

use acs_broker_harness::response::Response;
use acs_broker_harness::stack::{StackProcess, now};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// A policy narrower than the local stack's, with a rule that gives agents more.
const POLICY: &str = r#"{
    "scopes": ["chat"], "expiresInMinutes": 120,
    "rules": [{
        "claim": "role", "equals": "agent", "scopes": ["chat", "voip"], "expiresInMinutes": 480
    }]
}"#;

/// The first token creates one identity and works at once.
#[tokio::test]
async fn first_token_creates_one_identity() {
    let stack = StackProcess::start().await;
    let alice = stack.sign_in("alice").await;

    let response = stack.token(&alice).await;

    let identities = stack.acs().identities().await;
    assert_eq!(identities.len(), 1);
    assert_eq!(identities[0].id, response.identity());
    let known = stack.acs().introspect(&response.token()).await;
    assert_eq!(known["active"], true, "{known}");
    assert_eq!(known["token"]["identity"], response.identity());
    assert_eq!(known["token"]["scopes"], json!(["chat", "voip"]));
}

/// The response tells the app when to renew, and forbids storing and sniffing.
#[tokio::test]
async fn response_tells_when_to_renew() {
    let stack = StackProcess::start().await;
    let alice = stack.sign_in("alice").await;
    let before = Timestamp::from_second(now()).unwrap();

    let response = stack.token(&alice).await;

    let json = response.json();
    let names: Vec<_> = json.as_object().unwrap().keys().collect();
    assert_eq!(names, ["expiresOn", "refreshAfter", "token", "user"]);
    let [expires_on, refresh_after] = ["expiresOn", "refreshAfter"]
        .map(|name| json[name].as_str().unwrap().parse::<Timestamp>().unwrap());
    assert!(before < refresh_after && refresh_after < expires_on, "{json}");
    let token = stack.acs().introspect(&response.token()).await["token"].take();
    let really: Timestamp = token["expiresOn"].as_str().unwrap().parse().unwrap();
    assert_eq!(expires_on.subsec_nanosecond(), 0, "{json}");
    assert_eq!(expires_on.as_second(), really.as_second(), "ACS's time, cut to whole seconds");
    assert_eq!(response.header("content-type"), "application/json");
    assert_eq!(response.header("cache-control"), "no-store");
    assert_eq!(response.header("x-content-type-options"), "nosniff");
    assert!(response.header("strict-transport-security").starts_with("max-age=63072000"));
}

/// 64 requests at once get one identity and tokens that work.
#[tokio::test]
async fn concurrent_requests_share_one_identity() {
    let stack = Arc::new(StackProcess::start().await);
    let alice = stack.sign_in("alice").await;
    let mut asking = JoinSet::new();
    for _ in 0..64 {
        let (stack, alice) = (Arc::clone(&stack), alice.clone());
        asking.spawn(async move { stack.token(&alice).await });
    }

    let responses = asking.join_all().await;

    let identities = stack.acs().live_identities().await;
    assert_eq!(identities.len(), 1, "{identities:?}");
    let (granted, refused): (Vec<_>, Vec<_>) =
        responses.iter().partition(|response| response.status == StatusCode::OK);
    assert!(!granted.is_empty(), "{refused:?}");
    for response in &granted {
        assert_eq!(response.identity(), identities[0]);
        assert!(stack.acs().is_active(&response.token()).await, "{response:?}");
    }
    for response in refused {
        assert_eq!(response.status, StatusCode::SERVICE_UNAVAILABLE, "{response:?}");
        assert_ne!(response.header("retry-after"), "", "{response:?}");
    }
    // A request that had to be repeated gets the same identity.
    assert_eq!(stack.token(&alice).await.identity(), identities[0]);
}

/// A renewal keeps the identity and costs one call to ACS.
#[tokio::test]
async fn renewal_costs_one_acs_call() {
    let stack = StackProcess::start().await;
    let alice = stack.sign_in("alice").await;
    let first = stack.token(&alice).await;
    assert_eq!(requests(&stack.acs().counters().await), 1, "the first token is one call too");

    let renewed = stack.token(&stack.sign_in("alice").await).await;

    assert_eq!(renewed.identity(), first.identity());
    assert_ne!(renewed.token(), first.token());
    let counters = stack.acs().counters().await;
    assert_eq!((requests(&counters), &counters["issue"]["requests"]), (2, &json!(1)), "{counters}");
    for token in [first.token(), renewed.token()] {
        assert!(stack.acs().is_active(&token).await);
    }
}

/// An app gets the narrower scopes and the shorter lifetime that it asks for.
#[tokio::test]
async fn app_may_narrow_scopes_and_lifetime() {
    let stack = StackProcess::start().await;
    let alice = stack.sign_in("alice").await;
    for grant in [
        json!({"scopes": ["chat"], "expiresInMinutes": 60}),
        json!({"scopes": ["voip"]}),
        json!({"scopes": ["chat.join", "voip.join"], "expiresInMinutes": 1440}),
        json!({"expiresInMinutes": 61}),
        json!({}),
    ] {
        let response = stack.token_for(&alice, &grant).await;

        let known = stack.acs().introspect(&response.token()).await["token"].take();
        let expected = grant.get("scopes").cloned().unwrap_or(json!(["chat", "voip"]));
        assert_eq!(sorted(&known["scopes"]), sorted(&expected), "{grant}");
        let minutes = grant.get("expiresInMinutes").and_then(Value::as_i64).unwrap_or(1440);
        assert_eq!(minutes_of(&known), minutes, "{grant}");
    }
}

/// A request for more than the policy allows is refused, and no token is made.
#[tokio::test]
async fn wider_request_is_refused() {
    let stack =
        StackProcess::run(StackProcess::command().arg("--in-memory").env("SCOPE_POLICY", POLICY))
            .await;
    let alice = stack.sign_in("alice").await;
    for (grant, code, names) in [
        (json!({"scopes": ["voip"]}), "scope_not_allowed", "voip"),
        (json!({"scopes": ["chat", "voip.join"]}), "scope_not_allowed", "voip.join"),
        (json!({"expiresInMinutes": 121}), "lifetime_not_allowed", "120"),
    ] {
        let response = stack.token_for(&alice, &grant).await;

        assert_refused(&response, StatusCode::FORBIDDEN, code);
        assert!(response.json()["detail"].as_str().unwrap().contains(names), "{response:?}");
    }
    assert_eq!(requests(&stack.acs().counters().await), 0);
}

/// A rule of the policy gives an agent more than other users.
#[tokio::test]
async fn policy_rule_widens_by_claim() {
    let stack =
        StackProcess::run(StackProcess::command().arg("--in-memory").env("SCOPE_POLICY", POLICY))
            .await;
    let agent = json!({"subject": "bob", "claims": {"role": "agent"}});
    for (session, scopes, minutes) in [
        (stack.sign_in("alice").await, json!(["chat"]), 120),
        (stack.sign_in_with(agent).await, json!(["chat", "voip"]), 480),
    ] {
        let response = stack.token(&session).await;

        let known = stack.acs().introspect(&response.token()).await["token"].take();
        assert_eq!((sorted(&known["scopes"]), minutes_of(&known)), (sorted(&scopes), minutes));
    }
}

/// Users whose subjects look alike never share an identity.
#[tokio::test]
async fn similar_subjects_never_share_identity() {
    let stack = StackProcess::start().await;
    let subjects = [
        "alice",
        "Alice",
        "alice ",
        " alice",
        "al ice",
        "é",
        "e\u{301}",
        "日本 ü",
        "🙂",
        "a/b",
        "a%2Fb",
        "a%252Fb",
        "auth0|alice",
        "user alice",
        "\u{202e}ecila",
        "operator",
    ];
    let mut identities = HashSet::new();
    for subject in subjects {
        let session = stack.sign_in(subject).await;
        let identity = stack.token(&session).await.identity();
        assert_eq!(stack.token(&session).await.identity(), identity, "{subject:?} again");
        assert!(identities.insert(identity), "{subject:?} has the identity of another user");
    }
    assert_eq!(stack.acs().live_identities().await.len(), subjects.len());
}

fn assert_refused(response: &Response, status: StatusCode, code: &str) {
    assert_eq!((response.status, response.code().as_str()), (status, code), "{response:?}");
}

/// The number of requests of any kind to ACS.
fn requests(counters: &Value) -> u64 {
    let counters = counters.as_object().unwrap().values();
    counters.map(|counter| counter["requests"].as_u64().unwrap()).sum()
}

fn sorted(scopes: &Value) -> Vec<&str> {
    let mut scopes: Vec<_> =
        scopes.as_array().unwrap().iter().map(|scope| scope.as_str().unwrap()).collect();
    scopes.sort_unstable();
    scopes
}

/// The lifetime of a token of the emulator, in minutes.
fn minutes_of(token: &Value) -> i64 {
    let [issued_at, expires_on] = ["issuedAt", "expiresOn"]
        .map(|name| token[name].as_str().unwrap().parse::<Timestamp>().unwrap());
    (expires_on.as_second() - issued_at.as_second()) / 60
}
