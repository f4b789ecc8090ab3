//! Access keys change without an outage in the order of docs/rotate-keys.md, and with one in the naive order.

use acs_broker_harness::deployment::{Deployment, connection_string};
use serde_json::{Value, json};

/// A sign-in before everything that happens in a test.
const LONG_AGO: i64 = 1_700_000_000;

/// A key that was taken out of use first can be regenerated, and no token in use dies.
#[tokio::test]
async fn unused_key_regenerates_without_outage() {
    let deployed = Deployment::start().await;
    let session = deployed.outside.sign_in_at("alice", LONG_AGO).await;
    let before = deployed.acs_token(&session).await;

    deployed.set_parameter("AcsKeyInUse", "secondary").await;
    let after = deployed.acs_token(&session).await;
    // An operator waits here for the longest lifetime of a token. The test does not, so the old
    // token dies with its key.
    let primary = deployed.acs().regenerate_key("primary").await;
    put_secret(&deployed, "ACS_CONNECTION_STRING", &primary).await;

    assert!(!deployed.acs().is_active(&before).await, "the old token outlived its key");
    assert!(deployed.acs().is_active(&after).await, "the new token died");
    assert_eq!(deployed.token(&session).await.status, 200);
}

/// A key that is regenerated while in use ends every token, and the functions go on with the other
/// key.
#[tokio::test]
async fn key_in_use_ends_every_token() {
    let deployed = Deployment::start().await;
    let session = deployed.outside.sign_in_at("alice", LONG_AGO).await;
    let token = deployed.acs_token(&session).await;

    let primary = deployed.acs().regenerate_key("primary").await;
    assert!(!deployed.acs().is_active(&token).await, "the naive order breaks off every chat");
    assert_eq!(deployed.token(&session).await.status, 200, "the secondary key steps in");

    put_secret(&deployed, "ACS_CONNECTION_STRING", &primary).await;
    deployed.acs().regenerate_key("secondary").await;
    assert_eq!(deployed.token(&session).await.status, 200, "the secret is read again");
}

/// A secret in which all keys are wrong is an error that the log explains.
#[tokio::test]
async fn wrong_keys_are_explained_in_log() {
    let deployed = Deployment::start().await;
    let session = deployed.outside.sign_in_at("alice", LONG_AGO).await;
    assert_eq!(deployed.token(&session).await.status, 200);
    for key in ["primary", "secondary"] {
        deployed.acs().regenerate_key(key).await;
    }
    assert_eq!(deployed.token(&session).await.code(), "acs_misconfigured");
    let log = deployed.aws.log("/aws/lambda/acs-token-broker/issue").await;
    let line =
        acs_broker_harness::log::lines(&log).find(|line| line["AcsMisconfigured"] == 1).unwrap();
    assert!(line["hint"].as_str().unwrap().contains("ACS_CONNECTION_STRING"), "{line}");
}

/// Puts a new key into the secret.
async fn put_secret(deployed: &Deployment, member: &str, key: &str) {
    let arn = deployed.output("SecretArn");
    let ask = json!({ "SecretId": arn });
    let held = deployed.aws.call("secretsmanager", "secretsmanager.GetSecretValue", ask).await;
    let mut secret: Value = serde_json::from_str(held["SecretString"].as_str().unwrap()).unwrap();
    secret[member] = json!(connection_string(&deployed.outside, key));
    let put = json!({ "SecretId": arn, "SecretString": secret.to_string() });
    deployed.aws.call("secretsmanager", "secretsmanager.PutSecretValue", put).await;
}
