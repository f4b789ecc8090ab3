//! `DELETE /v1/user` and `DELETE /v1/users/{subject}`: users are deleted.

use acs_broker_harness::answer::Answer;
use acs_broker_harness::stack::{Stack, now};
use http::{Method, StatusCode};
use serde_json::json;

/// Subjects that a path may spoil.
const ODD: [&str; 11] = [
    "auth0|5f7c8e",
    "日本 ü",
    "🙂🏳️‍🌈",
    "e\u{301}",
    "with space ",
    "100%",
    "a%2Fb",
    "a+b@example.com",
    "?keepSessions=true",
    "#&=;,",
    "\u{202e}ecila",
];

#[tokio::test]
async fn a_deleted_user_leaves_nothing_alive_at_acs_and_an_old_session_brings_nothing_back() {
    let stack = Stack::start().await;
    let alice = stack.sign_in("alice").await;
    let token = stack.acs_token(&alice).await;

    assert_done(&stack.delete(&alice).await);

    let known = stack.acs().introspect(&token).await;
    assert_eq!(known, json!({"active": false, "reason": "identityDeleted"}));
    let refused = stack.token(&alice).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (401, "sign_in_again"));
    let identities = stack.acs().identities().await;
    assert_eq!(identities.len(), 1, "{identities:?}");
    assert!(identities[0].deleted_at.is_some());
}

#[tokio::test]
async fn a_deleted_user_who_signs_in_again_starts_with_a_new_identity() {
    let stack = Stack::start().await;
    let alice = stack.sign_in("alice").await;
    let former = stack.token(&alice).await;
    assert_done(&stack.delete(&alice).await);

    let again = stack.token(&stack.sign_in_at("alice", now() + 60).await).await;

    assert_ne!(again.identity(), former.identity());
    assert!(stack.acs().is_active(&again.token()).await);
    assert_eq!(stack.acs().live_identities().await, [again.identity()]);
}

#[tokio::test]
async fn a_repeated_deletion_is_done_and_does_not_reach_a_later_life() {
    let stack = Stack::start().await;
    let alice = stack.sign_in("alice").await;
    stack.acs_token(&alice).await;
    assert_done(&stack.delete(&alice).await);
    let counters = stack.acs().counters().await;

    assert_done(&stack.delete(&alice).await);
    assert_eq!(stack.acs().counters().await, counters);

    let again = stack.token(&stack.sign_in_at("alice", now() + 60).await).await;
    let refused = stack.delete(&alice).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (401, "sign_in_again"));
    assert!(stack.acs().is_active(&again.token()).await);
}

#[tokio::test]
async fn deleting_somebody_unknown_is_done_and_their_session_stays_out() {
    let stack = Stack::start().await;
    let operator = stack.sign_in_operator().await;
    let (alice, bob) = (stack.sign_in("alice").await, stack.sign_in("bob").await);

    assert_done(&stack.delete(&alice).await);
    assert_done(&stack.delete_user(&operator, "bob").await);
    assert_done(&stack.delete_user(&operator, "nobody").await);

    for session in [alice, bob] {
        let refused = stack.token(&session).await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (401, "sign_in_again"));
    }
    assert_eq!(stack.acs().counters().await, json!({}), "there was nothing to ask ACS for");
}

#[tokio::test]
async fn an_operator_deletes_exactly_the_user_whose_name_is_in_the_path() {
    let stack = Stack::start().await;
    let operator = stack.sign_in_operator().await;
    let mut identities = Vec::new();
    for subject in ODD {
        identities.push(stack.token(&stack.sign_in(subject).await).await.identity());
    }
    for (index, subject) in ODD.iter().enumerate() {
        assert_done(&stack.delete_user(&operator, subject).await);

        let left = stack.acs().live_identities().await;
        assert_eq!(left.len(), ODD.len() - index - 1, "{subject:?}");
        assert!(!left.contains(&identities[index]), "{subject:?} lives, somebody else is gone");
    }
}

#[tokio::test]
async fn an_operator_revokes_exactly_the_user_whose_name_is_in_the_path() {
    let stack = Stack::start().await;
    let operator = stack.sign_in_operator().await;
    for subject in ODD {
        let before = stack.acs_token(&stack.sign_in(subject).await).await;

        assert_done(&stack.revoke_user(&operator, subject).await);

        assert!(!stack.acs().is_active(&before).await, "{subject:?}");
    }
}

#[tokio::test]
async fn a_name_with_a_slash_fits_no_path_and_hits_nobody() {
    let stack = Stack::start().await;
    let operator = stack.sign_in_operator().await;
    for subject in ["a", "b", "a/b"] {
        stack.acs_token(&stack.sign_in(subject).await).await;
    }

    let answer = stack.delete_user(&operator, "a/b").await;

    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (404, r#"{"message":"Not Found"}"#));
    assert_eq!(stack.acs().live_identities().await.len(), 3);
    assert_done(&stack.delete(&stack.sign_in("a/b").await).await);
    assert_eq!(stack.acs().live_identities().await.len(), 2, "its owner can delete it");
}

#[tokio::test]
async fn a_name_that_nobody_can_have_is_refused_by_its_rule() {
    let stack = Stack::start().await;
    let operator = stack.sign_in_operator().await;
    for name in ["a".repeat(256), "line%0Abreak".to_owned(), "nul%00".to_owned()] {
        for path in [format!("/v1/users/{name}"), format!("/v1/users/{name}/token")] {
            let answer = stack.call(Method::DELETE, &path, &operator).await;

            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}: {answer:?}");
            assert_eq!(answer.code(), "invalid_request");
            let detail = answer.json()["detail"].as_str().unwrap_or_default().to_owned();
            assert!(detail.starts_with("subject: "), "{detail}");
        }
    }
}

fn assert_done(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
}
