//! `DELETE /v1/token` and `POST /v1/operator/revoke`: tokens are revoked.

use std::sync::Arc;
use std::time::Duration;

use acs_broker_harness::response::Response;
use acs_broker_harness::stack::{Jwt, StackProcess, now};
use http::StatusCode;
use serde_json::json;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// A revoked user's tokens die, and their session must sign in again.
#[tokio::test]
async fn tokens_die_and_session_ends() {
    let stack = StackProcess::start().await;
    let alice = stack.sign_in("alice").await;
    let tokens = [stack.acs_token(&alice).await, stack.acs_token(&alice).await];

    assert_done(&stack.revoke(&alice).await);

    for token in tokens {
        let known = stack.acs().introspect(&token).await;
        assert_eq!(known, json!({"active": false, "reason": "revoked"}));
    }
    assert_must_sign_in_again(&stack.token(&alice).await);
}

/// A user who signs in after the revocation keeps their identity.
#[tokio::test]
async fn later_sign_in_keeps_identity() {
    let stack = StackProcess::start().await;
    let alice = stack.sign_in("alice").await;
    let before = stack.token(&alice).await;
    assert_done(&stack.revoke(&alice).await);

    let after = stack.token(&stack.sign_in_at("alice", now() + 60).await).await;

    assert_eq!(after.identity(), before.identity());
    assert!(stack.acs().is_active(&after.token()).await);
    assert!(!stack.acs().is_active(&before.token()).await);
    assert_must_sign_in_again(&stack.token(&alice).await);
}

/// A user who keeps their sessions loses the tokens and gets new ones.
#[tokio::test]
async fn kept_session_gets_new_token() {
    let stack = StackProcess::start().await;
    let alice = stack.sign_in("alice").await;
    let before = stack.token(&alice).await;

    assert_done(&stack.revoke_keeping_sessions(&alice).await);

    assert!(!stack.acs().is_active(&before.token()).await);
    let after = stack.token(&alice).await;
    assert_eq!(after.identity(), before.identity());
    assert!(stack.acs().is_active(&after.token()).await);
}

/// A session that signed in within the second of the revocation is locked out.
#[tokio::test]
async fn same_second_session_is_locked_out() {
    let stack = StackProcess::start().await;
    // A session ahead of the clock makes its own second the cutoff.
    let second = now() + 60;
    let alice = stack.sign_in_at("alice", second).await;
    stack.acs_token(&alice).await;
    let thief = stack.sign_in_at("alice", second).await;

    assert_done(&stack.revoke(&alice).await);

    assert_must_sign_in_again(&stack.token(&thief).await);
    assert_must_sign_in_again(&stack.token(&stack.sign_in_at("alice", second - 1).await).await);
    let next_second = stack.sign_in_at("alice", second + 1).await;
    assert!(stack.acs().is_active(&stack.acs_token(&next_second).await).await);
}

/// A stale session may repeat its revocation, which does nothing new.
#[tokio::test]
async fn stale_session_causes_nothing_new() {
    let stack = StackProcess::start().await;
    let stale = stack.sign_in("alice").await;
    stack.acs_token(&stale).await;
    assert_done(&stack.revoke(&stale).await);
    let fresh = stack.sign_in_at("alice", now() + 60).await;
    let token = stack.acs_token(&fresh).await;
    let before = stack.acs().counters().await;

    assert_done(&stack.revoke(&stale).await);
    assert_done(&stack.revoke_keeping_sessions(&stale).await);
    assert_must_sign_in_again(&stack.delete(&stale).await);

    assert_eq!(stack.acs().counters().await, before);
    assert!(stack.acs().is_active(&token).await, "the owner was signed out by a stale session");
    stack.acs_token(&fresh).await;
}

/// A user who never had a token can revoke, and ACS is not called.
#[tokio::test]
async fn user_without_identity_skips_acs() {
    let stack = StackProcess::start().await;
    let alice = stack.sign_in("alice").await;

    assert_done(&stack.revoke(&alice).await);

    assert_eq!(stack.acs().counters().await, json!({}));
    assert_must_sign_in_again(&stack.token(&alice).await);
    assert_eq!(stack.acs().counters().await, json!({}), "a refused session costs nothing at ACS");
}

/// An operator revokes one user's tokens and no other user's.
#[tokio::test]
async fn operator_revokes_only_named_user() {
    let stack = StackProcess::start().await;
    let operator = stack.sign_in_operator().await;
    let (alice, bob) = (stack.sign_in("alice").await, stack.sign_in("bob").await);
    let (of_alice, of_bob) = (stack.token(&alice).await, stack.token(&bob).await);
    let of_operator = stack.token(&operator).await;

    assert_eq!(stack.revoke_user(&operator, "alice").await.outcomes(), ["done"]);

    assert!(!stack.acs().is_active(&of_alice.token()).await);
    assert_must_sign_in_again(&stack.token(&alice).await);
    for (session, response) in [(&bob, of_bob), (&operator, of_operator)] {
        assert!(stack.acs().is_active(&response.token()).await);
        assert_eq!(stack.token(session).await.identity(), response.identity());
    }
    let fresh = stack.sign_in_at("alice", now() + 60).await;
    assert_eq!(stack.token(&fresh).await.identity(), of_alice.identity());
}

/// A user without the operators' scope revokes no other user's tokens.
#[tokio::test]
async fn missing_scope_revokes_no_other_user() {
    let stack = StackProcess::start().await;
    let token = stack.acs_token(&stack.sign_in("alice").await).await;
    for scope in ["", "openid", "acs.administrator", "ACS.ADMIN"] {
        let claims = json!({"subject": "mallory", "claims": {"scope": scope}});
        let mallory = stack.sign_in_with(claims).await;

        let responses = [
            stack.revoke_user(&mallory, "alice").await,
            stack.delete_user(&mallory, "alice").await,
        ];

        for response in responses {
            assert_eq!(response.status, StatusCode::FORBIDDEN, "{scope}: {response:?}");
            assert_eq!(response.text, r#"{"message":"Forbidden"}"#);
        }
    }
    assert!(stack.acs().is_active(&token).await);
}

/// A refreshed JWT of an old sign-in stays locked out.
#[tokio::test]
async fn refreshed_jwt_stays_locked_out() {
    let stack = StackProcess::start().await;
    let signed_in = now() - 100;
    let alice = stack.sign_in_at("alice", signed_in).await;
    stack.acs_token(&alice).await;
    assert_done(&stack.revoke(&alice).await);
    // The gateway refuses an `iat` from the future, so the second must really pass.
    let revoked_by = now();
    while now() <= revoked_by {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    let refreshed = stack.sign_in_at("alice", signed_in).await;

    assert_must_sign_in_again(&stack.token(&refreshed).await);
    let no_auth_time = json!({"subject": "alice", "claims": {"auth_time": null}});
    let by_iat = stack.sign_in_with(no_auth_time).await;
    assert!(stack.acs().is_active(&stack.acs_token(&by_iat).await).await);
}

/// No token of an old session outlives a revocation that it raced with.
#[tokio::test]
async fn no_token_outlives_racing_revocation() {
    let stack = Arc::new(StackProcess::start().await);
    // The delay between ACS's effect and its response lets the devices go on.
    stack.acs().add_fault(json!({"operation": "revoke", "effect": {"delayMs": 100}})).await;
    let operator = stack.sign_in_operator().await;
    for round in 0..6 {
        // Each round's sign-in is newer than the cutoff of the round before.
        let session = stack.sign_in_at("alice", now() + round * 30).await;
        let mut devices = Devices::start(&stack, &session);
        devices.wait_for_tokens(round).await;

        if round % 2 == 0 {
            // An operator's revocation counts from now: it kills tokens, but spares newer sessions.
            assert_eq!(stack.revoke_user(&operator, "alice").await.outcomes(), ["done"]);
        }
        assert_done(&stack.revoke(&session).await);

        devices.assert_left_with_dead_tokens(&stack).await;
    }
    assert_eq!(stack.acs().live_identities().await.len(), 1);
}

/// No token of an old session outlives a deletion that it raced with.
#[tokio::test]
async fn no_token_outlives_racing_deletion() {
    let stack = Arc::new(StackProcess::start().await);
    // The delay between ACS's effect and its response lets the devices go on.
    stack.acs().add_fault(json!({"operation": "delete", "effect": {"delayMs": 100}})).await;
    for round in 0..6 {
        let session = stack.sign_in_at("alice", now() + round * 30).await;
        let mut devices = Devices::start(&stack, &session);
        devices.wait_for_tokens(round).await;

        assert_done(&stack.delete(&session).await);

        devices.assert_left_with_dead_tokens(&stack).await;
        assert_eq!(stack.acs().live_identities().await, [""; 0], "round {round}");
    }
}

/// Four devices of one user that renew as fast as they can, until their session is refused.
struct Devices {
    running: JoinSet<()>,
    granted: UnboundedReceiver<Response>,
    tokens: Vec<String>,
}

impl Devices {
    fn start(stack: &Arc<StackProcess>, session: &Jwt) -> Self {
        let mut running = JoinSet::new();
        let (sender, granted) = mpsc::unbounded_channel();
        for _ in 0..4 {
            let device = renew_until_refused(Arc::clone(stack), session.clone(), sender.clone());
            running.spawn(device);
        }
        Self { running, granted, tokens: Vec::new() }
    }

    async fn wait_for_tokens(&mut self, number: i64) {
        for _ in 0..number {
            self.tokens.push(self.granted.recv().await.unwrap().token());
        }
    }

    async fn assert_left_with_dead_tokens(mut self, stack: &StackProcess) {
        let refused = timeout(Duration::from_mins(1), self.running.join_all()).await;
        refused.expect("the old session is never refused");
        while let Some(response) = self.granted.recv().await {
            self.tokens.push(response.token());
        }
        for token in self.tokens {
            let known = stack.acs().introspect(&token).await;
            assert_eq!(known["active"], false, "an old session holds a live token: {known}");
        }
    }
}

async fn renew_until_refused(
    stack: Arc<StackProcess>,
    session: Jwt,
    granted: UnboundedSender<Response>,
) {
    loop {
        let response = stack.token(&session).await;
        match response.status {
            StatusCode::OK => granted.send(response).unwrap(),
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {}
            _ => return assert_must_sign_in_again(&response),
        }
    }
}

fn assert_done(response: &Response) {
    assert_eq!(response.status, StatusCode::NO_CONTENT, "{response:?}");
}

/// Asserts the challenge of RFC 9470.
fn assert_must_sign_in_again(response: &Response) {
    assert_eq!(response.status, StatusCode::UNAUTHORIZED, "{response:?}");
    assert_eq!(response.code(), "sign_in_again");
    let challenge = response.headers["www-authenticate"].to_str().unwrap();
    let error = "Bearer error=\"insufficient_user_authentication\"";
    assert!(challenge.starts_with(error), "{challenge}");
}
