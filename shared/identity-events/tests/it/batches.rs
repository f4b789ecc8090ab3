use std::fs;

use acs_broker_identity_events::{Action, Reading};
use serde_json::Value;

use crate::{aws, read, samples};

/// The bodies of a batch of a queue, as `infra/aws/events` has it for trying out the functions.
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

#[test]
fn a_batch_of_the_revoke_queue_has_one_message_that_must_not_hold_up_its_neighbours() {
    let bodies = bodies("revoke-queue.json");
    let [first, poisoned, last] = bodies.as_slice() else { panic!("{bodies:?}") };
    assert!(is_sample(first) && is_sample(last));
    assert_eq!(read(poisoned).unwrap_err().code(), "not_an_event");
    for body in [first, last] {
        assert!(matches!(read(body), Ok(Reading::Change(event)) if event.action == Action::Revoke));
    }
}

#[test]
fn a_batch_of_the_delete_queue_deletes() {
    for body in bodies("delete-queue.json") {
        assert!(is_sample(&body));
        assert!(
            matches!(read(&body), Ok(Reading::Change(event)) if event.action == Action::Delete)
        );
    }
}
