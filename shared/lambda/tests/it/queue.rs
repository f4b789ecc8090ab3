//! Batches of identity events.

use std::sync::Arc;
use std::time::Duration;

use acs_broker_core::{Accepted, BrokerError, Completion};
use acs_broker_identity_events::ProviderEvent;
use acs_broker_lambda::{EventOutcome, Invocation, serve_queue};
use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};

use crate::{Function, NOW};

const SOURCES: [(&str, &str); 2] =
    [("EVENT_ISSUER", "https://idp.example.com"), ("GENERIC_EVENT_SOURCE", "com.example.auth")];

/// Fails for the subject `busy`, and is done for all others.
async fn handle(invocation: Arc<Invocation<ProviderEvent>>) -> EventOutcome {
    if invocation.payload.user.to_text().ends_with("busy") {
        return Err(BrokerError::IdentityBusy);
    }
    Ok(Accepted { completion: Completion::Done, was_known: true })
}

fn message(id: &str, subject: &str) -> Value {
    let event = json!({"id": id, "source": "com.example.auth", "detail-type": "PasswordChanged",
        "detail": {"subject": subject, "occurredAt": "2026-11-26T13:00:00Z"}});
    json!({"messageId": id, "eventSource": "aws:sqs", "body": event.to_string()})
}

async fn serve(
    function: &Function,
    payload: Value,
    context: Context,
) -> Result<Vec<String>, String> {
    let event = LambdaEvent::new(payload, context);
    let response = serve_queue(Arc::clone(&function.app), handle, event).await;
    let response = response.map_err(|error| error.to_string())?;
    Ok(response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect())
}

fn lines(function: &Function) -> Vec<Value> {
    function.log.lock().unwrap().clone()
}

/// A message that fails goes back alone; its neighbours are done and stay done.
#[tokio::test]
async fn only_failed_messages_return() {
    let function = Function::with(&SOURCES);
    let mut poisoned = message("2", "alice");
    poisoned["body"] = "not an event".into();
    let records = [message("1", "alice"), poisoned, message("3", "busy"), message("4", "bob")];
    let failed = serve(&function, json!({"Records": records}), Context::default()).await;
    assert_eq!(failed.unwrap(), ["2", "3"]);

    let lines = lines(&function);
    let counts = ["EventHandled", "EventRejected", "EventRetried", "EventHandled"];
    assert_eq!(lines.len(), counts.len(), "a line for each message");
    for (line, count) in lines.iter().zip(counts) {
        assert_eq!(line[count], 1, "{line}");
        assert_eq!(line["operation"], "consumeEvent", "{line}");
    }
    assert_eq!(
        (&lines[1]["level"], &lines[1]["code"]),
        (&json!("ERROR"), &json!("event_malformed"))
    );
    assert_eq!((&lines[2]["level"], &lines[2]["code"]), (&json!("INFO"), &json!("identity_busy")));
    assert_eq!(lines[0]["RevocationLatency"], 2_000_000, "from 13:00:00 to 13:33:20");
    assert_eq!(lines[0]["target"].as_str().unwrap().len(), 16);
}

/// A message that has no time left is not begun, and returns to the queue.
#[tokio::test]
async fn message_without_time_returns() {
    let function = Function::with(&SOURCES);
    let mut context = Context::default();
    let deadline = NOW.as_duration() + Duration::from_millis(2500).try_into().unwrap();
    context.deadline = u64::try_from(deadline.as_millis()).unwrap();
    let records = [message("1", "alice"), message("2", "bob")];
    let failed = serve(&function, json!({"Records": records}), context).await;
    // Half of 2.2 seconds is too little for the first; all of it is enough for the second.
    assert_eq!(failed.unwrap(), ["1"]);
    assert_eq!(lines(&function)[0]["EventRetried"], 1);
}

/// An event of another service says so, and does not look like a batch without messages.
#[tokio::test]
async fn other_services_events_are_errors() {
    let function = Function::with(&SOURCES);
    for (payload, what) in [
        (json!({"Records": [{"EventSource": "aws:sns", "Sns": {}}]}), "got a record of SNS"),
        (json!({"Records": [{"eventSource": "aws:s3", "s3": {}}]}), "got a record of S3"),
        (json!({"Records": [{"eventSource": "aws:kinesis"}]}), "got a record of another source"),
        (
            json!({"Records": [{"eventSource": "aws:sqs", "body": "{}"}]}),
            "got a record without `messageId`",
        ),
        (json!({"Records": [1]}), "got a record of another source"),
        (json!({"Records": 1}), "got an event without `Records`"),
        (json!({"detail-type": "Scheduled Event", "detail": {}}), "got an EventBridge event"),
        (json!({}), "got an event without `Records`"),
        (json!(null), "got an event without `Records`"),
    ] {
        let error = serve(&function, payload, Context::default()).await.unwrap_err();
        assert!(error.starts_with("expected a batch of an SQS queue, ") && error.ends_with(what));
    }
    assert_eq!(lines(&function).len(), 0);
}

/// Events without the setting that says whom to believe stay in the queue.
#[tokio::test]
async fn missing_sources_keep_the_batch() {
    let records = json!({"Records": [message("1", "alice")]});
    let error = serve(&Function::new(), records, Context::default()).await.unwrap_err();
    assert!(error.contains("EVENT_ISSUER"), "{error}");
}
