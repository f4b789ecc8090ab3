//! Users and queues get the version that a rollout gives them, and each change of a parameter makes
//! one.

use acs_broker_harness::deployment::Deployment;
use acs_broker_harness::events::{sample, subject};
use acs_broker_harness::stack::now;
use serde_json::{Value, json};

/// A sign-in before everything that happens in a test.
const LONG_AGO: i64 = 1_700_000_000;

/// A parameter that an operator changes reaches the users; it would not if the alias stayed at the
/// version before.
#[tokio::test]
async fn changed_parameter_reaches_users() {
    let deployed = Deployment::start().await;
    let session = deployed.outside.sign_in_at("alice", LONG_AGO).await;
    let before = deployed.acs_token(&session).await;
    assert_eq!(scopes(&deployed, &before).await, json!(["chat", "voip"]));
    assert_eq!(version(&deployed, "Issue").await, "1");

    deployed.set_parameter("ScopePolicy", r#"{"scopes":["chat"]}"#).await;
    let after = deployed.acs_token(&session).await;
    assert_eq!(scopes(&deployed, &after).await, json!(["chat"]));
    for function in ["Issue", "Revoke", "Delete", "IdentityEvents"] {
        assert_eq!(version(&deployed, function).await, "2", "{function}");
    }
}

/// Code that nobody has rolled out serves neither a user nor a queue.
#[tokio::test]
async fn newest_code_serves_nobody() {
    let deployed = Deployment::start().await;
    for function in ["Issue", "Revoke", "Delete", "IdentityEvents"] {
        let name = deployed.output(&format!("{function}FunctionName"));
        deployed.aws.set_environment(name, &json!({})).await;
        assert!(deployed.aws.invoke(name, &json!({})).await.failed, "{function} is not broken");
    }
    let sample = sample("generic-password-changed").at(now());
    let user = subject(&sample.event().unwrap());
    let session = deployed.outside.sign_in_at(&user, LONG_AGO).await;
    let token = deployed.acs_token(&session).await;
    deployed.publish(&sample).await;
    deployed.until_dead(&token).await;

    let fresh = deployed.outside.sign_in_at(&user, now() + 100).await;
    assert_eq!(deployed.revoke(&fresh).await.status, 204);
    let fresh = deployed.outside.sign_in_at(&user, now() + 200).await;
    assert_eq!(deployed.delete(&fresh).await.status, 204);
}

async fn scopes(deployed: &Deployment, token: &str) -> Value {
    deployed.acs().introspect(token).await["token"]["scopes"].clone()
}

/// The version of a function that its alias points to.
async fn version(deployed: &Deployment, function: &str) -> String {
    let name = deployed.output(&format!("{function}FunctionName"));
    let alias = format!("/2015-03-31/functions/{name}/aliases/live");
    let alias = deployed.aws.get("lambda", &alias).await;
    alias["FunctionVersion"].as_str().unwrap_or_default().to_owned()
}
