//! `DELETE /v1/token` and `DELETE /v1/users/{subject}/token`: tokens are withdrawn.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise"
)]

use std::sync::Arc;
use std::time::Duration;

use acs_broker_harness::answer::Answer;
use acs_broker_harness::stack::{Jwt, Stack, now};
use http::StatusCode;
use serde_json::json;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinSet;
use tokio::time::timeout;

#[tokio::test]
async fn a_revoked_users_tokens_die_and_their_session_must_sign_in_again() {
    let stack = Stack::start().await;
    let alice = stack.sign_in("alice").await;
    let tokens = [stack.acs_token(&alice).await, stack.acs_token(&alice).await];

    assert_done(&stack.revoke(&alice).await);

    for token in tokens {
        let known = stack.acs().introspect(&token).await;
        assert_eq!(known, json!({"active": false, "reason": "revoked"}));
    }
    assert_must_sign_in_again(&stack.token(&alice).await);
}

#[tokio::test]
async fn a_user_who_signs_in_after_the_revocation_keeps_their_identity() {
    let stack = Stack::start().await;
    let alice = stack.sign_in("alice").await;
    let before = stack.token(&alice).await;
    assert_done(&stack.revoke(&alice).await);

    let after = stack.token(&stack.sign_in_at("alice", now() + 60).await).await;

    assert_eq!(after.identity(), before.identity());
    assert!(stack.acs().is_active(&after.token()).await);
    assert!(!stack.acs().is_active(&before.token()).await);
    assert_must_sign_in_again(&stack.token(&alice).await);
}

#[tokio::test]
async fn a_user_who_keeps_their_sessions_loses_the_tokens_and_gets_new_ones() {
    let stack = Stack::start().await;
    let alice = stack.sign_in("alice").await;
    let before = stack.token(&alice).await;

    assert_done(&stack.revoke_keeping_sessions(&alice).await);

    assert!(!stack.acs().is_active(&before.token()).await);
    let after = stack.token(&alice).await;
    assert_eq!(after.identity(), before.identity());
    assert!(stack.acs().is_active(&after.token()).await);
}

#[tokio::test]
async fn a_thief_who_signed_in_within_the_second_of_the_revocation_is_locked_out() {
    let stack = Stack::start().await;
    // A session younger than the present makes its own second the watermark.
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

#[tokio::test]
async fn a_stale_session_may_repeat_its_revocation_and_causes_nothing_new() {
    let stack = Stack::start().await;
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

#[tokio::test]
async fn somebody_who_never_had_a_token_can_revoke_and_acs_is_not_asked() {
    let stack = Stack::start().await;
    let alice = stack.sign_in("alice").await;

    assert_done(&stack.revoke(&alice).await);

    assert_eq!(stack.acs().counters().await, json!({}));
    assert_must_sign_in_again(&stack.token(&alice).await);
    assert_eq!(stack.acs().counters().await, json!({}), "a refused session costs nothing at ACS");
}

#[tokio::test]
async fn an_operator_withdraws_one_users_tokens_and_nobody_elses() {
    let stack = Stack::start().await;
    let operator = stack.sign_in_operator().await;
    let (alice, bob) = (stack.sign_in("alice").await, stack.sign_in("bob").await);
    let (of_alice, of_bob) = (stack.token(&alice).await, stack.token(&bob).await);
    let of_operator = stack.token(&operator).await;

    assert_done(&stack.revoke_user(&operator, "alice").await);

    assert!(!stack.acs().is_active(&of_alice.token()).await);
    assert_must_sign_in_again(&stack.token(&alice).await);
    for (session, answer) in [(&bob, of_bob), (&operator, of_operator)] {
        assert!(stack.acs().is_active(&answer.token()).await);
        assert_eq!(stack.token(session).await.identity(), answer.identity());
    }
    let fresh = stack.sign_in_at("alice", now() + 60).await;
    assert_eq!(stack.token(&fresh).await.identity(), of_alice.identity());
}

#[tokio::test]
async fn a_user_without_the_operators_scope_withdraws_nobodys_tokens() {
    let stack = Stack::start().await;
    let token = stack.acs_token(&stack.sign_in("alice").await).await;
    for scope in ["", "openid", "acs.administrator", "ACS.ADMIN"] {
        let claims = json!({"subject": "mallory", "claims": {"scope": scope}});
        let mallory = stack.sign_in_with(claims).await;

        let answers = [
            stack.revoke_user(&mallory, "alice").await,
            stack.delete_user(&mallory, "alice").await,
        ];

        for answer in answers {
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{scope}: {answer:?}");
            assert_eq!(answer.text, r#"{"message":"Forbidden"}"#);
        }
    }
    assert!(stack.acs().is_active(&token).await);
}

#[tokio::test]
async fn a_refreshed_jwt_of_an_old_sign_in_stays_locked_out() {
    let stack = Stack::start().await;
    let signed_in = now() - 100;
    let alice = stack.sign_in_at("alice", signed_in).await;
    stack.acs_token(&alice).await;
    assert_done(&stack.revoke(&alice).await);
    // The gateway takes no `iat` from the future, so that the second must really pass.
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

#[tokio::test]
async fn no_token_that_an_old_session_got_outlives_a_revocation_it_raced_with() {
    let stack = Arc::new(Stack::start().await);
    // Between what ACS does and its answer there is time for the devices to go on.
    stack.acs().add_fault(json!({"operation": "revoke", "effect": {"delayMs": 100}})).await;
    let operator = stack.sign_in_operator().await;
    for round in 0..6 {
        // Each round's sign-in is younger than the watermark of the one before.
        let session = stack.sign_in_at("alice", now() + round * 30).await;
        let mut devices = Devices::start(&stack, &session);
        devices.wait_for_tokens(round).await;

        if round % 2 == 0 {
            // An operator's revocation counts from now: it kills tokens, but no session of later.
            assert_done(&stack.revoke_user(&operator, "alice").await);
        }
        assert_done(&stack.revoke(&session).await);

        devices.assert_left_with_dead_tokens(&stack).await;
    }
    assert_eq!(stack.acs().live_identities().await.len(), 1);
}

#[tokio::test]
async fn no_token_that_an_old_session_got_outlives_a_deletion_it_raced_with() {
    let stack = Arc::new(Stack::start().await);
    // Between what ACS does and its answer there is time for the devices to go on.
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
    granted: UnboundedReceiver<Answer>,
    tokens: Vec<String>,
}

impl Devices {
    fn start(stack: &Arc<Stack>, session: &Jwt) -> Self {
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

    async fn assert_left_with_dead_tokens(mut self, stack: &Stack) {
        let refused = timeout(Duration::from_mins(1), self.running.join_all()).await;
        refused.expect("the old session is never refused");
        while let Some(answer) = self.granted.recv().await {
            self.tokens.push(answer.token());
        }
        for token in self.tokens {
            let known = stack.acs().introspect(&token).await;
            assert_eq!(known["active"], false, "an old session holds a live token: {known}");
        }
    }
}

async fn renew_until_refused(stack: Arc<Stack>, session: Jwt, granted: UnboundedSender<Answer>) {
    loop {
        let answer = stack.token(&session).await;
        match answer.status {
            StatusCode::OK => granted.send(answer).unwrap(),
            StatusCode::SERVICE_UNAVAILABLE => {}
            _ => return assert_must_sign_in_again(&answer),
        }
    }
}

fn assert_done(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
}

/// RFC 9470.
fn assert_must_sign_in_again(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{answer:?}");
    assert_eq!(answer.code(), "sign_in_again");
    let challenge = answer.headers["www-authenticate"].to_str().unwrap();
    let error = "Bearer error=\"insufficient_user_authentication\"";
    assert!(challenge.starts_with(error), "{challenge}");
}
