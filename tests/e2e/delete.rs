//! `DELETE /v1/user` and `POST /v1/operator/delete`: users are deleted.

use acs_broker_harness::response::Response;
use acs_broker_harness::stack::{StackProcess, now};
use http::StatusCode;
use serde_json::json;

/// Subjects that a path could distort.
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

/// A deleted user leaves nothing alive at ACS, and an old session does not bring them back.
#[tokio::test]
async fn deleted_user_stays_deleted() {
    let stack = StackProcess::start().await;
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

/// A deleted user who signs in again starts with a new identity.
#[tokio::test]
async fn fresh_sign_in_gets_new_identity() {
    let stack = StackProcess::start().await;
    let alice = stack.sign_in("alice").await;
    let former = stack.token(&alice).await;
    assert_done(&stack.delete(&alice).await);

    let again = stack.token(&stack.sign_in_at("alice", now() + 60).await).await;

    assert_ne!(again.identity(), former.identity());
    assert!(stack.acs().is_active(&again.token()).await);
    assert_eq!(stack.acs().live_identities().await, [again.identity()]);
}

/// A repeated deletion succeeds, and does not reach the identity of a later sign-in.
#[tokio::test]
async fn repeated_deletion_spares_new_identity() {
    let stack = StackProcess::start().await;
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

/// Deleting an unknown user succeeds, and their sessions get no token afterwards.
#[tokio::test]
async fn unknown_user_is_deleted_and_locked_out() {
    let stack = StackProcess::start().await;
    let operator = stack.sign_in_operator().await;
    let (alice, bob) = (stack.sign_in("alice").await, stack.sign_in("bob").await);

    assert_done(&stack.delete(&alice).await);
    assert_eq!(stack.delete_user(&operator, "bob").await.outcomes(), ["done"]);
    assert_eq!(stack.delete_user(&operator, "nobody").await.outcomes(), ["done"]);

    for session in [alice, bob] {
        let refused = stack.token(&session).await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (401, "sign_in_again"));
    }
    assert_eq!(stack.acs().counters().await, json!({}), "ACS was called");
}

/// An operator deletes exactly the user whose subject is in the path.
#[tokio::test]
async fn operator_deletes_exactly_named_user() {
    let stack = StackProcess::start().await;
    let operator = stack.sign_in_operator().await;
    let mut identities = Vec::new();
    for subject in ODD {
        identities.push(stack.token(&stack.sign_in(subject).await).await.identity());
    }
    for (index, subject) in ODD.iter().enumerate() {
        assert_eq!(stack.delete_user(&operator, subject).await.outcomes(), ["done"]);

        let left = stack.acs().live_identities().await;
        assert_eq!(left.len(), ODD.len() - index - 1, "{subject:?}");
        assert!(!left.contains(&identities[index]), "{subject:?} lives, another user is gone");
    }
}

/// An operator revokes exactly the user whom the body names.
#[tokio::test]
async fn operator_revokes_exactly_named_user() {
    let stack = StackProcess::start().await;
    let operator = stack.sign_in_operator().await;
    for subject in ODD {
        let before = stack.acs_token(&stack.sign_in(subject).await).await;

        assert_eq!(stack.revoke_user(&operator, subject).await.outcomes(), ["done"]);

        assert!(!stack.acs().is_active(&before).await, "{subject:?}");
    }
}

/// A revocation names its user in the body, so no subject can turn it into another's deletion.
#[tokio::test]
async fn revocation_never_becomes_a_deletion() {
    const TRICKY: [&str; 6] = ["a?b", "a%b", "a%2Fb", "a/token", "a/b", "a%3Fb"];
    let stack = StackProcess::start().await;
    let operator = stack.sign_in_operator().await;
    for subject in TRICKY.iter().chain(&["a"]) {
        stack.acs_token(&stack.sign_in(subject).await).await;
    }
    for subject in TRICKY {
        let response = stack.revoke_user(&operator, subject).await;
        assert_eq!(response.outcomes(), ["done"], "{subject}");
        let result = &response.json()["results"][0];
        assert_eq!((&result["subject"], &result["known"]), (&json!(subject), &json!(true)));
    }
    assert_eq!(stack.acs().live_identities().await.len(), TRICKY.len() + 1);
    stack.acs_token(&stack.sign_in("a").await).await;
}

/// Each of up to 25 users has a result of their own, and an unknown one is said to be unknown.
#[tokio::test]
async fn operators_get_a_result_per_user() {
    let stack = StackProcess::start().await;
    let operator = stack.sign_in_operator().await;
    for subject in ["alice", "bob"] {
        stack.acs_token(&stack.sign_in(subject).await).await;
    }
    let users = json!([{"subject": "alice"}, {"subject": "nobody"}, {"subject": "alice"}]);
    let response = stack.operate("suspend", &operator, &users).await;
    let results = response.json()["results"].clone();
    assert_eq!(response.outcomes(), ["done", "done"], "each user once");
    assert_eq!((&results[0]["known"], &results[1]["known"]), (&json!(true), &json!(false)));
    assert_eq!(stack.token(&stack.sign_in("alice").await).await.code(), "user_suspended");
    let response = stack.operate("unsuspend", &operator, &users).await;
    assert_eq!(response.outcomes(), ["done", "done"]);

    let outage = json!({"operation": "revoke", "effect": {"status": 503, "body": "html"}});
    stack.acs().add_fault(outage).await;
    let response = stack.revoke_user(&operator, "bob").await;
    assert_eq!(response.outcomes(), ["deferred"]);
    assert_eq!(response.json()["results"][0]["code"], "acs_unavailable");
}

/// A request that names no user, too many, or an impossible one does nothing and names the rule.
#[tokio::test]
async fn impossible_users_are_refused_with_rule() {
    let stack = StackProcess::start().await;
    let operator = stack.sign_in_operator().await;
    let many: Vec<_> = (0..26).map(|number| json!({"subject": number.to_string()})).collect();
    for (users, rule) in [
        (json!([]), "users: must have 1 to 25 entries"),
        (json!(many), "users: must have 1 to 25 entries"),
        (json!([{"subject": "a"}, {"subject": ""}]), "users[1].subject: must be 1 to 255"),
        (json!([{"subject": "a".repeat(256)}]), "users[0].subject: must be 1 to 255"),
        (json!([{"subject": "line\nbreak"}]), "users[0].subject: must be 1 to 255"),
        (json!([{"subject": "a", "issuer": "x y"}]), "users[0].issuer: must be 1 to 512"),
        (json!([{"name": "a"}]), "unknown field `name`"),
        (json!("alice"), "users: invalid type"),
    ] {
        for operation in ["revoke", "suspend", "unsuspend", "delete"] {
            let response = stack.operate(operation, &operator, &users).await;
            assert_eq!(response.status, StatusCode::BAD_REQUEST, "{users}: {response:?}");
            assert_eq!(response.code(), "invalid_request");
            let detail = response.json()["detail"].as_str().unwrap_or_default().to_owned();
            assert!(detail.contains(rule), "{users}: {detail}");
        }
    }
    assert_eq!(stack.acs().counters().await, json!({}), "ACS was called");
}

fn assert_done(response: &Response) {
    assert_eq!(response.status, StatusCode::NO_CONTENT, "{response:?}");
    assert_eq!(response.text, "");
}
