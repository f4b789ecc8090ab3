//! The batches in `infra/aws/events`, for trying out a function by hand.

use std::fs;

use acs_broker_core::Operation;
use acs_broker_identity_events::Parsed;
use serde_json::Value;

use crate::{aws, parse, samples};

/// Returns the bodies of a queue's batch.
fn bodies(batch: &str) -> Vec<String> {
    let text = fs::read_to_string(aws().join("events").join(batch)).unwrap();
    let batch: Value = serde_json::from_str(&text).unwrap();
    let records = batch["Records"].as_array().unwrap().iter();
    records.map(|record| record["body"].as_str().unwrap().to_owned()).collect()
}

fn is_sample(body: &str) -> bool {
    let body: Value = serde_json::from_str(body).unwrap();
    samples().iter().any(|(_, text)| serde_json::from_str::<Value>(text).unwrap() == body)
}

/// The revoke queue's batch has one message that fails between two that revoke.
#[test]
fn revoke_queue_has_one_bad_message() {
    let bodies = bodies("revoke-queue.json");
    let [first, bad, last] = bodies.as_slice() else { panic!("{bodies:?}") };
    assert!(is_sample(first) && is_sample(last));
    assert_eq!(parse(bad).unwrap_err().code(), "event_malformed");
    for body in [first, last] {
        assert!(
            matches!(parse(body), Ok(Parsed::Event(event)) if event.operation == Operation::REVOKE)
        );
    }
}

/// Every message of the delete queue's batch deletes.
#[test]
fn delete_queue_only_deletes() {
    for body in bodies("delete-queue.json") {
        assert!(is_sample(&body));
        assert!(
            matches!(parse(&body), Ok(Parsed::Event(event)) if event.operation == Operation::Delete)
        );
    }
}
