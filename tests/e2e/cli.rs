//! Operators use `acs-broker` on a local stack.

use acs_broker_harness::cli::CliRunner;
use acs_broker_harness::stack::{StackProcess, now};
use acs_broker_harness::table;
use serde_json::json;

/// An operator shows a user, suspends them and unsuspends them.
#[tokio::test]
async fn show_suspend_and_unsuspend_work() {
    let stack = StackProcess::start().await;
    let operator = CliRunner::of(&stack);
    let session = stack.sign_in_at("alice", now() - 100).await;
    let first = stack.token(&session).await;

    let shown = operator.run("show alice").await;
    assert_eq!((shown.exit, &shown.json["identity"]["id"]), (0, &json!(first.identity())));
    let suspended = operator.run("suspend alice").await;
    assert_eq!(suspended.exit, 0, "{}", suspended.text);
    assert!(!stack.acs().is_active(&first.token()).await);
    let later = stack.sign_in_at("alice", now() + 200).await;
    assert_eq!(stack.token(&later).await.code(), "user_suspended");
    let shown = operator.run("show alice").await.json;
    assert_eq!(
        (&shown["suspended"], &shown["suspension"]["by"]),
        (&json!(true), &json!("operator"))
    );

    assert_eq!(operator.run("unsuspend alice").await.exit, 0);
    assert_eq!(stack.token(&session).await.code(), "sign_in_again", "not with the old session");
    assert_eq!(stack.token(&later).await.identity(), first.identity());
}

/// The sessions of all users end at once, and each of their tokens dies.
#[tokio::test]
async fn all_users_are_revoked() {
    let stack = StackProcess::start().await;
    let operator = CliRunner::of(&stack);
    let mut users = Vec::new();
    for number in 0..12 {
        let session = stack.sign_in_at(&format!("user-{number}"), now() - 100).await;
        let token = stack.acs_token(&session).await;
        users.push((session, token));
    }
    let newcomer = stack.sign_in_at("newcomer", now() - 100).await;

    let plan = operator.run("revoke-all --dry-run").await;
    assert_eq!((plan.exit, &plan.json["users"]), (0, &json!(12)), "{}", plan.text);
    assert!(stack.acs().is_active(&users[0].1).await, "a dry run revokes nothing");
    assert_eq!(operator.run("revoke-all").await.exit, 2, "no terminal to confirm it at");
    assert!(stack.acs().is_active(&users[0].1).await);

    let scanned = operator.run("revoke-all --yes").await;
    assert_eq!((scanned.exit, &scanned.json["revoked"]), (0, &json!(12)), "{}", scanned.text);
    for (session, token) in &users {
        assert!(!stack.acs().is_active(token).await);
        assert_eq!(stack.token(session).await.code(), "sign_in_again");
    }
    assert_eq!(stack.token(&newcomer).await.code(), "sign_in_again", "even without a record");
    let fresh = stack.sign_in_at("user-0", now() + 200).await;
    assert_eq!(stack.token(&fresh).await.status, 200);

    let again = operator.run("revoke-all --resume --yes").await;
    assert_eq!((again.exit, &again.json["revoked"]), (0, &json!(0)), "{}", again.text);
    let token = stack.acs_token(&fresh).await;
    assert!(stack.acs().is_active(&token).await, "a newer session is spared");
}

/// An operator deletes several users and learns which deletions are left to the sweep.
#[tokio::test]
async fn bulk_delete_reports_deferred_users() {
    let stack = StackProcess::start().await;
    let operator = CliRunner::of(&stack);
    for user in ["alice", "bob"] {
        stack.acs_token(&stack.sign_in(user).await).await;
    }
    let outage = json!({"operation": "delete", "effect": {"status": 503, "body": "html"}});
    stack.acs().add_fault(outage).await;
    let done = operator.run("delete alice bob --yes").await;
    assert_eq!(done.exit, 3, "{}", done.text);
    for user in done.json["users"].as_array().unwrap() {
        assert_eq!(user["outcome"], "deferred", "{}", done.text);
    }
    stack.acs().clear_faults().await;
    let done = operator.run("delete alice bob --yes").await;
    assert_eq!(done.exit, 0, "{}", done.text);
    assert_eq!(stack.acs().live_identities().await, [""; 0]);
    let orphans = operator.run("orphans").await.json;
    assert_eq!(orphans, json!({"orphans": [], "unconfirmedIdentities": []}));
}

/// An operator who revokes every user learns of a row that was left out.
#[tokio::test]
async fn revoke_all_warns_of_unreadable_row() {
    let stack = StackProcess::start().await;
    let operator = CliRunner::of(&stack);
    stack.acs_token(&stack.sign_in_at("alice", now() - 100).await).await;
    table::put_unknown_key(&table::of(&stack)).await;

    let walked = operator.run("revoke-all --yes").await;
    assert_eq!(walked.exit, 0, "{}", walked.text);
    let warning = "a row has a key that this version cannot read";
    assert!(walked.text.contains(warning), "{}", walked.text);
}
