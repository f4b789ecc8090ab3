//! `POST /v1/token`: a signed-in user gets and renews tokens.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::collections::HashSet;
use std::sync::Arc;

use acs_broker_harness::answer::Answer;
use acs_broker_harness::stack::{Stack, now};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// Users of the local stack may chat and call, for a day; here they may less, and agents more.
const POLICY: &str = r#"{
    "scopes": ["chat"], "expiresInMinutes": 120,
    "rules": [{
        "claim": "role", "equals": "agent", "scopes": ["chat", "voip"], "expiresInMinutes": 480
    }]
}"#;

#[tokio::test]
async fn the_first_token_creates_one_identity_and_works_at_once() {
    let stack = Stack::start().await;
    let alice = stack.sign_in("alice").await;

    let answer = stack.token(&alice).await;

    let identities = stack.acs().identities().await;
    assert_eq!(identities.len(), 1);
    assert_eq!(identities[0].id, answer.identity());
    let known = stack.acs().introspect(&answer.token()).await;
    assert_eq!(known["active"], true, "{known}");
    assert_eq!(known["token"]["identity"], answer.identity());
    assert_eq!(known["token"]["scopes"], json!(["chat", "voip"]));
}

#[tokio::test]
async fn an_app_learns_when_to_renew_and_nothing_may_store_or_sniff_the_answer() {
    let stack = Stack::start().await;
    let alice = stack.sign_in("alice").await;
    let before = Timestamp::from_second(now()).unwrap();

    let answer = stack.token(&alice).await;

    let json = answer.json();
    let names: Vec<_> = json.as_object().unwrap().keys().collect();
    assert_eq!(names, ["expiresOn", "refreshAfter", "token", "user"]);
    let [expires_on, refresh_after] = ["expiresOn", "refreshAfter"]
        .map(|name| json[name].as_str().unwrap().parse::<Timestamp>().unwrap());
    assert!(before < refresh_after && refresh_after < expires_on, "{json}");
    let token = stack.acs().introspect(&answer.token()).await["token"].take();
    let really: Timestamp = token["expiresOn"].as_str().unwrap().parse().unwrap();
    assert_eq!(expires_on.subsec_nanosecond(), 0, "{json}");
    assert_eq!(expires_on.as_second(), really.as_second(), "ACS's time, cut to whole seconds");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(answer.header("strict-transport-security").starts_with("max-age=63072000"));
}

#[tokio::test]
async fn an_app_that_asks_64_times_at_once_gets_one_identity_and_good_tokens() {
    let stack = Arc::new(Stack::start().await);
    let alice = stack.sign_in("alice").await;
    let mut asking = JoinSet::new();
    for _ in 0..64 {
        let (stack, alice) = (Arc::clone(&stack), alice.clone());
        asking.spawn(async move { stack.token(&alice).await });
    }

    let answers = asking.join_all().await;

    let identities = stack.acs().live_identities().await;
    assert_eq!(identities.len(), 1, "{identities:?}");
    let (granted, refused): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.status == StatusCode::OK);
    assert!(!granted.is_empty(), "{refused:?}");
    for answer in &granted {
        assert_eq!(answer.identity(), identities[0]);
        assert!(stack.acs().is_active(&answer.token()).await, "{answer:?}");
    }
    for answer in refused {
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
        assert_ne!(answer.header("retry-after"), "", "{answer:?}");
    }
    // Whoever was told to come back gets the same identity.
    assert_eq!(stack.token(&alice).await.identity(), identities[0]);
}

#[tokio::test]
async fn a_renewal_keeps_the_identity_and_costs_one_call_to_acs() {
    let stack = Stack::start().await;
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

#[tokio::test]
async fn a_careful_app_gets_the_narrow_and_short_token_it_asks_for() {
    let stack = Stack::start().await;
    let alice = stack.sign_in("alice").await;
    for wish in [
        json!({"scopes": ["chat"], "expiresInMinutes": 60}),
        json!({"scopes": ["voip"]}),
        json!({"scopes": ["chat.join", "voip.join"], "expiresInMinutes": 1440}),
        json!({"expiresInMinutes": 61}),
        json!({}),
    ] {
        let answer = stack.token_for(&alice, &wish).await;

        let known = stack.acs().introspect(&answer.token()).await["token"].take();
        let expected = wish.get("scopes").cloned().unwrap_or(json!(["chat", "voip"]));
        assert_eq!(sorted(&known["scopes"]), sorted(&expected), "{wish}");
        let minutes = wish.get("expiresInMinutes").and_then(Value::as_i64).unwrap_or(1440);
        assert_eq!(minutes_of(&known), minutes, "{wish}");
    }
}

#[tokio::test]
async fn an_app_that_asks_for_more_than_its_user_may_is_refused_and_nothing_is_minted() {
    let stack = Stack::run(Stack::command().arg("--in-memory").env("SCOPE_POLICY", POLICY)).await;
    let alice = stack.sign_in("alice").await;
    for (wish, code, names) in [
        (json!({"scopes": ["voip"]}), "scope_not_allowed", "voip"),
        (json!({"scopes": ["chat", "voip.join"]}), "scope_not_allowed", "voip.join"),
        (json!({"expiresInMinutes": 121}), "lifetime_not_allowed", "120"),
    ] {
        let answer = stack.token_for(&alice, &wish).await;

        assert_refused(&answer, StatusCode::FORBIDDEN, code);
        assert!(answer.json()["detail"].as_str().unwrap().contains(names), "{answer:?}");
    }
    assert_eq!(requests(&stack.acs().counters().await), 0);
}

#[tokio::test]
async fn the_policys_rule_gives_an_agent_more_than_others() {
    let stack = Stack::run(Stack::command().arg("--in-memory").env("SCOPE_POLICY", POLICY)).await;
    let agent = json!({"subject": "bob", "claims": {"role": "agent"}});
    for (session, scopes, minutes) in [
        (stack.sign_in("alice").await, json!(["chat"]), 120),
        (stack.sign_in_with(agent).await, json!(["chat", "voip"]), 480),
    ] {
        let answer = stack.token(&session).await;

        let known = stack.acs().introspect(&answer.token()).await["token"].take();
        assert_eq!((sorted(&known["scopes"]), minutes_of(&known)), (sorted(&scopes), minutes));
    }
}

#[tokio::test]
async fn users_whose_names_look_alike_never_share_an_identity() {
    let stack = Stack::start().await;
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

fn assert_refused(answer: &Answer, status: StatusCode, code: &str) {
    assert_eq!((answer.status, answer.code().as_str()), (status, code), "{answer:?}");
}

/// How many requests of any kind ACS has seen.
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

/// How long a token of the emulator's lives.
fn minutes_of(token: &Value) -> i64 {
    let [issued_at, expires_on] = ["issuedAt", "expiresOn"]
        .map(|name| token[name].as_str().unwrap().parse::<Timestamp>().unwrap());
    (expires_on.as_second() - issued_at.as_second()) / 60
}
