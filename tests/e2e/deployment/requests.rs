//! Apps and operators call the deployed gateway.

use acs_broker_harness::deployment::Deployment;
use acs_broker_harness::stack::now;
use serde_json::json;

/// A sign-in before everything that happens in a test.
const LONG_AGO: i64 = 1_700_000_000;

/// An app gets its token, renews it and loses it, and its user can be deleted.
#[tokio::test]
async fn app_lives_through_whole_life() {
    let deployed = Deployment::start().await;
    let (outside, acs) = (&deployed.outside, deployed.acs());
    let session = outside.sign_in_at("alice", LONG_AGO).await;

    let first = deployed.token(&session).await;
    let renewed = deployed.token(&session).await;
    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!(renewed.identity(), first.identity());
    assert!(acs.is_active(&first.token()).await && acs.is_active(&renewed.token()).await);

    assert_eq!(deployed.revoke(&session).await.status, 204);
    assert!(!acs.is_active(&first.token()).await && !acs.is_active(&renewed.token()).await);
    assert_eq!(deployed.token(&session).await.code(), "sign_in_again");

    let fresh = outside.sign_in_at("alice", now() + 200).await;
    assert_eq!(deployed.token(&fresh).await.identity(), first.identity());
    assert_eq!(deployed.delete(&fresh).await.status, 204);
    assert_eq!(acs.live_identities().await, [""; 0]);
}

/// Only an operator may act on other users, and a request without a session on no user.
#[tokio::test]
async fn only_operators_act_on_others() {
    let deployed = Deployment::start().await;
    let outside = &deployed.outside;
    let bob = outside.sign_in_at("bob", LONG_AGO).await;
    let token = deployed.acs_token(&bob).await;

    assert_eq!(deployed.revoke_user(&bob, "bob").await.status, 403);
    assert_eq!(deployed.delete_user(&bob, "bob").await.status, 403);
    let anonymous = deployed.send(deployed.request(http::Method::POST, "/v1/token")).await;
    assert_eq!(anonymous.status, 401);
    assert_eq!(anonymous.json(), json!({"message": "Unauthorized"}));
    assert!(deployed.acs().is_active(&token).await);

    let operator = outside.sign_in_operator().await;
    assert_eq!(deployed.revoke_user(&operator, "bob").await.outcomes(), ["done"]);
    assert!(!deployed.acs().is_active(&token).await);
    assert_eq!(deployed.token(&bob).await.code(), "sign_in_again");
    assert_eq!(deployed.delete_user(&operator, "bob").await.outcomes(), ["done"]);
    assert_eq!(deployed.acs().live_identities().await, [""; 0]);
}
