//! The functions as processes under cargo-lambda: behind the gateway, and invoked with the sample
//! events of `infra/aws/events`.

use std::path::PathBuf;

use acs_broker_harness::dynamodb_local::DynamoDbLocal;
use acs_broker_harness::events::{sample, subject};
use acs_broker_harness::forwarder::Forwarder;
use acs_broker_harness::lambda::{Lambda, settings};
use acs_broker_harness::log::counted;
use acs_broker_harness::process::free_port;
use acs_broker_harness::stack::{StackProcess, now};
use acs_broker_harness::{table, tools};
use serde_json::{Value, json};

/// A sign-in before everything that happens in a test.
const LONG_AGO: i64 = 1_700_000_000;

/// The functions under cargo-lambda serve a user through the gateway, from the first token to the
/// deletion.
#[tokio::test]
async fn functions_serve_whole_user_life() {
    let mut lambda = Lambda::start().await;
    let stack = lambda.start_stack().await;
    lambda.start_functions(&settings(&stack));
    serve_whole_user_life(&stack).await;
}

/// Takes one user of a stack from the first token to the deletion.
pub(crate) async fn serve_whole_user_life(stack: &StackProcess) {
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
        "revoked": 0, "deleted": 0, "leasesExpired": 0, "rescheduled": 0, "failed": 0,
        "unfinished": false
    });
    assert_eq!(stack.sweep().await, nothing_was_due);
}

/// The packaged functions work with Amazon's own DynamoDB Local under cargo-lambda.
#[tokio::test]
async fn packaged_functions_work_with_dynamodb_local() {
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
    assert_eq!(stack.event(&event.envelope).await["done"], true);
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

/// Each sample event in `infra/aws/events` does what its name says.
#[tokio::test]
async fn sample_events_do_what_they_name() {
    let mut lambda = Lambda::start().await;
    let stack = lambda.start_stack().await;
    lambda.start_functions(&settings(&stack));
    invoke_with_sample_events(&lambda, &stack).await;
}

/// Invokes each function with its sample events, and looks at responses, tokens and identities.
pub(crate) async fn invoke_with_sample_events(lambda: &Lambda, stack: &StackProcess) {
    let acs = stack.acs();
    let alice = token(&invoke(lambda, "issue", "issue-token").await);
    let bob = token(&invoke(lambda, "issue", "issue-token-narrowed").await);
    let narrowed = acs.introspect(&bob).await;
    assert_eq!(narrowed["token"]["scopes"], json!(["chat"]), "{narrowed}");
    assert_eq!(acs.live_identities().await.len(), 2);

    assert_eq!(invoke(lambda, "revoke", "revoke-own-tokens").await["statusCode"], 204);
    assert!(!acs.is_active(&alice).await && acs.is_active(&bob).await);
    let alice = token(&invoke(lambda, "issue", "issue-token").await);

    assert_eq!(operate(lambda, "revoke", "revoke-users").await, "done");
    assert!(!acs.is_active(&alice).await && acs.is_active(&bob).await);
    assert_eq!(invoke(lambda, "issue", "issue-token").await["statusCode"], 401);
    assert_eq!(operate(lambda, "revoke", "suspend-users").await, "done");
    assert_eq!(invoke(lambda, "issue", "issue-token").await["statusCode"], 403);
    assert_eq!(operate(lambda, "revoke", "unsuspend-users").await, "done");
    assert_eq!(invoke(lambda, "issue", "issue-token").await["statusCode"], 401);

    assert_eq!(operate(lambda, "delete", "delete-users").await, "done");
    assert_eq!(acs.live_identities().await.len(), 1);
    assert_eq!(invoke(lambda, "delete", "delete-self").await["statusCode"], 204);
    assert!(!acs.is_active(&bob).await);

    assert_eq!(invoke(lambda, "sweep", "sweep").await["unfinished"], false);

    let poisoned = json!([{"itemIdentifier": "5a5a5a5a-0000-4000-8000-000000000002"}]);
    let revoked = invoke(lambda, "identity-events", "revoke-queue").await;
    assert_eq!(revoked["batchItemFailures"], poisoned, "{revoked}");
    let deleted = invoke(lambda, "identity-events", "delete-queue").await;
    assert_eq!(deleted["batchItemFailures"], json!([]), "{deleted}");
    // An event that comes without its queue would be lost if it were not an error.
    let bare_event = sample_file("identity/cognito-change-password");
    let failed = lambda.invoke("identity-events", &bare_event).await;
    assert!(!failed.status.success(), "{failed:?}");
    let error = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(error.contains("expected a batch of an SQS queue"), "{error}");
}

/// An ACS that cannot be reached costs time and nothing else: an identity that was not asked for is
/// not counted as lost.
#[tokio::test]
async fn unreachable_acs_costs_only_time() {
    let mut lambda = Lambda::start().await;
    let stack = lambda.start_stack().await;
    let (acs, port) = (stack.acs(), free_port());
    let mut settings = settings(&stack);
    for setting in settings.values_mut() {
        *setting = setting.replace(stack.ready("/acs/http"), &format!("http://127.0.0.1:{port}"));
    }
    lambda.start_functions(&settings);
    let session = stack.sign_in("alice").await;

    let response = stack.token(&session).await;
    assert_eq!((response.status.as_u16(), response.code().as_str()), (503, "acs_unavailable"));
    assert_eq!(response.header("retry-after"), "2");
    assert_eq!(counted(&lambda.log("issue"), "IdentityUnconfirmed"), 0);

    let _reachable = Forwarder::start(port, stack.ready("/acs/http")).await;
    assert!(acs.is_active(&stack.token(&session).await.token()).await);
    assert_eq!(acs.identities().await.len(), 1);
}

/// Invokes a function as an operator and returns the outcome for the one user.
async fn operate(lambda: &Lambda, function: &str, event: &str) -> String {
    let response = invoke(lambda, function, event).await;
    assert_eq!(response["statusCode"], 200, "{response}");
    let body: Value = serde_json::from_str(response["body"].as_str().unwrap()).unwrap();
    body["results"][0]["outcome"].as_str().unwrap().to_owned()
}

/// Invokes a function with a sample event and returns its response.
async fn invoke(lambda: &Lambda, function: &str, event: &str) -> Value {
    let output = lambda.invoke(function, &sample_file(event)).await;
    let output_text = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{event}: {output_text}{error}{}", lambda.log(function));
    serde_json::from_str(&output_text).unwrap()
}

fn sample_file(name: &str) -> PathBuf {
    tools::repository().join("infra/aws/events").join(name).with_extension("json")
}

fn token(response: &Value) -> String {
    assert_eq!(response["statusCode"], 200, "{response}");
    let body: Value = serde_json::from_str(response["body"].as_str().unwrap()).unwrap();
    body["token"].as_str().unwrap().to_owned()
}
