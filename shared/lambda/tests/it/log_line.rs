//! The line that an invocation logs.

use std::sync::Arc;

use acs_broker_core::{BrokerError, Observer, RecordKey, StoreError};
use acs_broker_lambda::{Invocation, serve_schedule};
use lambda_runtime::Context;
use serde_json::{Value, json};

use crate::Function;

fn user(subject: &str) -> RecordKey {
    RecordKey::user("https://idp.example.com".parse().unwrap(), subject.parse().unwrap())
}

/// Returns the line of a sweep that has rescheduled operations.
async fn swept(rescheduled: Vec<(RecordKey, BrokerError)>) -> Value {
    let function = Function::new();
    let handle = async |invocation: Arc<Invocation<()>>| {
        for (key, why) in &rescheduled {
            invocation.on_retry_scheduled(key, why);
        }
        Ok::<_, StoreError>(json!({}))
    };
    serve_schedule(Arc::clone(&function.app), "sweep", handle, &Context::default()).await.unwrap();
    function.line()
}

/// An operator learns which operations wait, and is called when waiting does not help.
#[tokio::test]
async fn rescheduled_operations_are_listed() {
    let busy = || BrokerError::Store(StoreError::throttled("later"));
    let line = swept(vec![(user("alice"), busy())]).await;
    assert_eq!((&line["level"], &line["RetryScheduled"]), (&json!("INFO"), &json!(1)));

    let refused = BrokerError::Store(StoreError::refused("no right"));
    let line = swept(vec![(user("alice"), busy()), (user("bob"), refused)]).await;
    assert_eq!((&line["level"], &line["RetryScheduled"]), (&json!("ERROR"), &json!(2)));
    assert_eq!(line["hint"], "read the error; check the function's rights and the table");
    let entry = &line["rescheduled"][1];
    assert_eq!(entry["code"], "internal_error");
    let error =
        "the user table did not carry out the call: the user table refused the call: no right";
    assert_eq!(entry["error"], error);
    assert_eq!(entry["user"].as_str().unwrap().len(), 16);
    assert_ne!(entry["user"], line["rescheduled"][0]["user"]);
}

/// The first hint of the gravest level stays, whatever follows it.
#[tokio::test]
async fn gravest_hint_stays() {
    let refused = BrokerError::Store(StoreError::refused("no right"));
    let corrupt = BrokerError::Store(StoreError::corrupt("not a row"));
    let busy = BrokerError::Store(StoreError::throttled("later"));
    let line = swept(vec![(user("a"), refused), (user("b"), busy), (user("c"), corrupt)]).await;
    assert_eq!(line["level"], "ERROR");
    assert_eq!(line["hint"], "read the error; check the function's rights and the table");
}

/// CloudWatch finds each metric in the directive, and the process's first invocation.
#[tokio::test]
async fn metrics_are_declared() {
    let line = swept(vec![]).await;
    let directive = &line["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(directive["Namespace"], "AcsTokenBroker");
    assert_eq!(directive["Dimensions"], json!([["operation"]]));
    assert_eq!(directive["Metrics"], json!([{"Name": "Latency", "Unit": "Milliseconds"}]));
    assert_eq!((&line["operation"], &line["coldStart"]), (&json!("sweep"), &json!(true)));
}
