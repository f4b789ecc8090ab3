//! Access keys change without an outage, in the README's order and not in the naive one.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise"
)]

use acs_broker_harness::deployment::{Deployment, connection_string};
use serde_json::{Value, json};

/// A sign-in before everything that happens in a test.
const LONG_AGO: i64 = 1_700_000_000;

#[tokio::test]
async fn a_key_that_is_taken_out_of_use_first_takes_no_token_along() {
    let deployed = Deployment::start().await;
    let session = deployed.outside.sign_in_at("alice", LONG_AGO).await;
    let before = deployed.acs_token(&session).await;

    use_key(&deployed, "secondary").await;
    let after = deployed.acs_token(&session).await;
    // Here one would wait as long as the longest token lives; the token from before ends with it.
    let primary = deployed.acs().regenerate_key("primary").await;
    put_secret(&deployed, "ACS_CONNECTION_STRING", &primary).await;

    assert!(!deployed.acs().is_active(&before).await, "which is why one waits");
    assert!(deployed.acs().is_active(&after).await, "nobody's chat breaks off");
    assert_eq!(deployed.token(&session).await.status, 200);
}

#[tokio::test]
async fn a_key_that_is_regenerated_while_in_use_ends_every_token_at_once_but_no_function() {
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

#[tokio::test]
async fn a_secret_whose_keys_are_all_wrong_is_an_error_that_the_log_explains() {
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
    assert!(line["remedy"].as_str().unwrap().contains("ACS_CONNECTION_STRING"), "{line}");
}

/// What a deployment with another `AcsKeyInUse` does to a function.
async fn use_key(deployed: &Deployment, key: &str) {
    let name = deployed.output("IssueFunctionName");
    let configuration = deployed.aws.configuration(name).await;
    let mut variables = configuration["Environment"]["Variables"].clone();
    variables["ACS_KEY_IN_USE"] = json!(key);
    deployed.aws.set_environment(name, &variables).await;
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
