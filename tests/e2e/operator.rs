//! What operators do with `acs-broker`, on a local stack.

use acs_broker_harness::operator::Operator;
use acs_broker_harness::stack::{Stack, now};
use acs_broker_harness::table;
use serde_json::json;

#[tokio::test]
async fn an_operator_sees_a_user_puts_them_out_and_lets_them_in_again() {
    let stack = Stack::start().await;
    let operator = Operator::of(&stack);
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

#[tokio::test]
async fn everybody_is_put_out_at_once_and_their_tokens_die_to_the_last() {
    let stack = Stack::start().await;
    let operator = Operator::of(&stack);
    let mut users = Vec::new();
    for number in 0..12 {
        let session = stack.sign_in_at(&format!("user-{number}"), now() - 100).await;
        let token = stack.acs_token(&session).await;
        users.push((session, token));
    }
    let newcomer = stack.sign_in_at("newcomer", now() - 100).await;

    let plan = operator.run("revoke-everybody --dry-run").await;
    assert_eq!((plan.exit, &plan.json["users"]), (0, &json!(12)), "{}", plan.text);
    assert!(stack.acs().is_active(&users[0].1).await, "a dry run revokes nothing");
    assert_eq!(operator.run("revoke-everybody").await.exit, 2, "nobody was there to confirm it");
    assert!(stack.acs().is_active(&users[0].1).await);

    let walked = operator.run("revoke-everybody --yes").await;
    assert_eq!((walked.exit, &walked.json["done"]), (0, &json!(12)), "{}", walked.text);
    for (session, token) in &users {
        assert!(!stack.acs().is_active(token).await);
        assert_eq!(stack.token(session).await.code(), "sign_in_again");
    }
    assert_eq!(stack.token(&newcomer).await.code(), "sign_in_again", "even without a record");
    let fresh = stack.sign_in_at("user-0", now() + 200).await;
    assert_eq!(stack.token(&fresh).await.status, 200);

    let again = operator.run("revoke-everybody --resume --yes").await;
    assert_eq!((again.exit, &again.json["done"]), (0, &json!(0)), "{}", again.text);
    let token = stack.acs_token(&fresh).await;
    assert!(stack.acs().is_active(&token).await, "who has signed in since is left alone");
}

/// An operator who revokes every user learns of a row that was left out.
#[tokio::test]
async fn an_operator_is_warned_of_a_row_that_the_walk_skips() {
    let stack = Stack::start().await;
    let operator = Operator::of(&stack);
    stack.acs_token(&stack.sign_in_at("alice", now() - 100).await).await;
    table::put_unknown_key(&table::of(&stack)).await;

    let walked = operator.run("revoke-everybody --yes").await;
    assert_eq!((walked.exit, &walked.json["done"]), (0, &json!(1)), "{}", walked.text);
    let warning = "a row has a key that this version cannot read";
    assert!(walked.text.contains(warning), "{}", walked.text);
}

#[tokio::test]
async fn an_operator_deletes_several_users_and_learns_which_are_left_to_the_sweep() {
    let stack = Stack::start().await;
    let operator = Operator::of(&stack);
    for user in ["alice", "bob"] {
        stack.acs_token(&stack.sign_in(user).await).await;
    }
    let outage = json!({"operation": "delete", "effect": {"status": 503, "body": "html"}});
    stack.acs().add_fault(outage).await;
    let done = operator.run("delete alice bob --yes").await;
    assert_eq!(done.exit, 3, "{}", done.text);
    for user in done.json["users"].as_array().unwrap() {
        assert_eq!(user["outcome"], "leftToSweep", "{}", done.text);
    }
    stack.acs().clear_faults().await;
    let done = operator.run("delete alice bob --yes").await;
    assert_eq!(done.exit, 0, "{}", done.text);
    assert_eq!(stack.acs().live_identities().await, [""; 0]);
    let nobody = operator.run("orphans").await.json;
    assert_eq!(nobody, json!({"orphans": [], "possiblyLost": []}));
}
