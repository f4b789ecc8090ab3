//! The same functions as processes under cargo-lambda: behind the gateway, and invoked with the
//! sample events of `infra/aws/events`.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise"
)]

use std::path::PathBuf;

use acs_broker_harness::dynamodb_local::DynamoDbLocal;
use acs_broker_harness::events::{sample, subject};
use acs_broker_harness::lambda::{Lambda, settings};
use acs_broker_harness::stack::now;
use acs_broker_harness::{table, tools};
use serde_json::{Value, json};

/// A sign-in before everything that happens in a test.
const LONG_AGO: i64 = 1_700_000_000;

#[tokio::test]
async fn the_functions_under_cargo_lambda_serve_a_users_whole_life_through_the_gateway() {
    let mut lambda = Lambda::start().await;
    let stack = lambda.start_stack().await;
    lambda.start_functions(&settings(&stack));
    let acs = stack.acs();
    let session = stack.sign_in_at("alice", LONG_AGO).await;

    let first = stack.token(&session).await;
    let renewed = stack.token(&session).await;
    assert_eq!(renewed.identity(), first.identity());
    assert!(acs.is_active(&first.token()).await && acs.is_active(&renewed.token()).await);

    assert_eq!(stack.revoke(&session).await.status, 204);
    assert!(!acs.is_active(&first.token()).await && !acs.is_active(&renewed.token()).await);
    assert_eq!(stack.token(&session).await.code(), "sign_in_again");

    let session = stack.sign_in_at("alice", now() + 200).await;
    assert_eq!(stack.token(&session).await.identity(), first.identity());
    assert_eq!(stack.delete(&session).await.status, 204);
    assert_eq!(acs.live_identities().await, [""; 0]);

    let nothing_was_due = json!({
        "revoked": 0, "deleted": 0, "leasesEnded": 0, "postponed": 0, "failed": 0,
        "unfinished": false
    });
    assert_eq!(stack.sweep().await, nothing_was_due);
}

#[tokio::test]
async fn the_deployed_programs_pass_with_amazons_own_table_under_cargo_lambda() {
    let mut lambda = Lambda::start().await;
    let stack = lambda.start_stack().await;
    let amazon = DynamoDbLocal::start().await;
    let mut settings = settings(&stack);
    settings.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), amazon.endpoint.clone());
    settings.insert("TABLE_NAME".to_owned(), amazon.table.name.clone());
    lambda.start_packaged_functions(&settings);
    let acs = stack.acs();
    let event = sample("generic-password-changed").at(now());
    let user = subject(&event.event().unwrap());

    let session = stack.sign_in_at(&user, LONG_AGO).await;
    let first = stack.token(&session).await;
    assert_eq!(stack.event(&event.envelope).await, json!({"function": "revoke", "done": true}));
    assert!(!acs.is_active(&first.token()).await);
    assert_eq!(stack.token(&session).await.code(), "sign_in_again");
    let session = stack.sign_in_at(&user, now() + 200).await;
    assert_eq!(stack.token(&session).await.identity(), first.identity());

    acs.add_fault(json!({"operation": "delete", "effect": {"status": 503, "body": "html"}})).await;
    assert_eq!(stack.delete(&session).await.code(), "acs_unavailable");
    acs.clear_faults().await;
    table::make_due(&amazon.table, stack.ready("/issuer"), &user).await;
    assert_eq!(stack.sweep().await["deleted"], 1);
    assert_eq!(acs.live_identities().await, [""; 0]);
}

#[tokio::test]
async fn every_sample_event_does_what_its_name_says() {
    let mut lambda = Lambda::start().await;
    let stack = lambda.start_stack().await;
    lambda.start_functions(&settings(&stack));
    let acs = stack.acs();

    let alice = token(&invoke(&lambda, "issue", "issue-token").await);
    let bob = token(&invoke(&lambda, "issue", "issue-token-narrowed").await);
    let narrowed = acs.introspect(&bob).await;
    assert_eq!(narrowed["token"]["scopes"], json!(["chat"]), "{narrowed}");
    assert_eq!(acs.live_identities().await.len(), 2);

    assert_eq!(invoke(&lambda, "revoke", "revoke-own-tokens").await["statusCode"], 204);
    assert!(!acs.is_active(&alice).await && acs.is_active(&bob).await);
    let alice = token(&invoke(&lambda, "issue", "issue-token").await);

    assert_eq!(invoke(&lambda, "revoke", "revoke-user-tokens").await["statusCode"], 204);
    assert!(!acs.is_active(&alice).await && acs.is_active(&bob).await);
    assert_eq!(invoke(&lambda, "issue", "issue-token").await["statusCode"], 401);

    assert_eq!(invoke(&lambda, "delete", "delete-user").await["statusCode"], 204);
    assert_eq!(acs.live_identities().await.len(), 1);
    assert_eq!(invoke(&lambda, "delete", "delete-self").await["statusCode"], 204);
    assert!(!acs.is_active(&bob).await);

    assert_eq!(invoke(&lambda, "sweep", "sweep").await["unfinished"], false);

    let poisoned = json!([{"itemIdentifier": "5a5a5a5a-0000-4000-8000-000000000002"}]);
    let revoked = invoke(&lambda, "revoke", "revoke-queue").await;
    assert_eq!(revoked["batchItemFailures"], poisoned, "{revoked}");
    for event in ["cognito-change-password", "auth0-password-changed", "okta-update-password"] {
        let answer = invoke(&lambda, "revoke", &format!("identity/{event}")).await;
        assert_eq!(answer["batchItemFailures"], json!([]), "{event}");
    }
    let unusable = sample_file("identity/cognito-change-password-without-user");
    let failed = lambda.invoke("revoke", &unusable).await;
    assert!(!failed.status.success(), "nobody would put it back: {failed:?}");
    let deleted = invoke(&lambda, "delete", "delete-queue").await;
    assert_eq!(deleted["batchItemFailures"], json!([]), "{deleted}");
}

/// What the function answers to a sample event.
async fn invoke(lambda: &Lambda, function: &str, event: &str) -> Value {
    let output = lambda.invoke(function, &sample_file(event)).await;
    let said = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{event}: {said}{error}{}", lambda.log(function));
    serde_json::from_str(&said).unwrap()
}

fn sample_file(name: &str) -> PathBuf {
    tools::repository().join("infra/aws/events").join(name).with_extension("json")
}

fn token(answer: &Value) -> String {
    assert_eq!(answer["statusCode"], 200, "{answer}");
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    body["token"].as_str().unwrap().to_owned()
}
