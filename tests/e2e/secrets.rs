//! The functions' logs and responses, as on AWS, through regular requests and outages: one line of
//! JSON for each invocation, with its metrics, and never a secret or a subject.

mod recording;

use std::collections::BTreeSet;

use acs_broker_lambda::{Field, Metric};
use identity_client::Timestamp;
use serde_json::{Map, Value, json};

use recording::record;

/// No log, error or metric shows a secret or a user, not even at the level TRACE.
#[tokio::test]
async fn logs_hide_secrets_and_users() {
    let recording = record("TRACE").await;
    let errors = recording.responses.iter().filter(|response| !response.status.is_success());
    let errors: Vec<_> =
        errors.map(|response| format!("{:?} {}", response.headers, response.text)).collect();
    assert!(errors.len() >= 12, "too few errors: {errors:?}");
    for text in recording.logs.iter().chain(&errors) {
        for secret in &recording.secrets {
            let shown = text.lines().find(|line| line.contains(secret.as_str()));
            assert_eq!(shown, None, "shows {secret}");
        }
    }
}

/// Each invocation logs one line of JSON with the documented fields and well-formed metrics.
#[tokio::test]
async fn each_invocation_logs_one_documented_line() {
    let recording = record("INFO").await;
    let mut ids = BTreeSet::new();
    let mut requests = 0;
    for log in &recording.logs {
        let mut cold_starts = 0;
        for text in log.lines() {
            let fields: Map<String, Value> = serde_json::from_str(text).expect(text);
            check_fields(&fields);
            check_metrics(&fields);
            ids.insert(fields["requestId"].as_str().unwrap().to_owned());
            cold_starts += usize::from(fields.get("coldStart") == Some(&json!(true)));
            requests += 1;
        }
        assert_eq!(cold_starts, 1, "{log}");
    }
    assert_eq!(requests, recording.responses.len(), "one line for each request");
    assert_eq!(ids.len(), requests, "by the id of the request");
    let errors = recording.responses.iter().filter(|response| !response.status.is_success());
    for response in errors {
        let id = response.json()["requestId"].as_str().unwrap().to_owned();
        assert!(ids.contains(&id), "support finds the line by the id in the response");
    }
}

fn check_fields(line: &Map<String, Value>) {
    let metrics = metrics(line);
    for name in line.keys() {
        let is_known = name == "_aws" || Field::ALL.iter().any(|field| field.name() == name);
        assert!(is_known || metrics.contains(name), "{name} is not documented: {line:?}");
    }
    for name in &metrics {
        assert!(Metric::ALL.iter().any(|metric| metric.name() == name), "{name}: {line:?}");
    }
    assert!(["INFO", "WARN", "ERROR"].contains(&line["level"].as_str().unwrap()));
    assert!(line["timestamp"].as_str().unwrap().parse::<Timestamp>().is_ok());
    for operation in line.get("rescheduled").and_then(Value::as_array).into_iter().flatten() {
        let fields: Vec<_> = operation.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["code", "error", "user"]);
        assert_is_hash(&operation["user"]);
    }
    let operation = line["operation"].as_str().unwrap();
    if operation == "sweep" {
        assert!(line["report"].is_object());
        return;
    }
    if operation == "consumeEvent" {
        check_event_fields(line);
        return;
    }
    let own = ["issueToken", "revokeOwnTokens", "deleteSelf"];
    let is_operators = operation.ends_with("Users");
    assert!(is_operators || own.contains(&operation), "{line:?}");
    assert_eq!(line.contains_key("targets"), is_operators, "{line:?}");
    let status = line["status"].as_u64().unwrap();
    assert_eq!(line.contains_key("code"), status >= 400, "{line:?}");
    let needs_remedy = status >= 500;
    assert!(!needs_remedy || line["level"] == "ERROR" && line.contains_key("hint"), "{line:?}");
    let is_of_authorizer = line.get("code") == Some(&json!("invalid_claims"));
    let is_explained = line["level"] == "WARN" && line.contains_key("error");
    assert!(!is_of_authorizer || is_explained && line.contains_key("hint"), "{line:?}");
    let targets = line.get("targets").and_then(Value::as_array).into_iter().flatten();
    for user in line.get("user").into_iter().chain(targets) {
        assert_is_hash(user);
    }
}

/// Checks an event's fields: it is carried out or left to the sweep, or skipped, or unusable.
fn check_event_fields(line: &Map<String, Value>) {
    let has = |name: &str| line.contains_key(name);
    assert!(
        !has("status") && !has("user"),
        "an event has neither a caller nor a response: {line:?}"
    );
    assert_eq!(has("provider"), has("eventOperation") || has("skipReason"), "{line:?}");
    assert_eq!(has("provider"), has("kind"), "{line:?}");
    for name in ["eventId", "occurredAt", "target"] {
        assert_eq!(has(name), has("eventOperation"), "{name}: {line:?}");
    }
    if has("eventOperation") {
        assert_is_hash(&line["target"]);
        assert!(line["occurredAt"].as_str().unwrap().parse::<Timestamp>().is_ok());
        assert!(has("EventHandled") != has("EventDeferred"), "{line:?}");
    } else {
        assert!(has("EventSkipped") != has("EventRejected"), "{line:?}");
    }
    let has_gone_wrong = has("EventDeferred") || has("EventRejected");
    assert_eq!(line["level"] == "ERROR", has_gone_wrong, "{line:?}");
    for name in ["code", "error", "hint"] {
        assert_eq!(has(name), has_gone_wrong, "{name}: {line:?}");
    }
}

fn assert_is_hash(user: &Value) {
    let user = user.as_str().unwrap();
    assert!(user.len() == 16 && user.bytes().all(|byte| byte.is_ascii_hexdigit()), "{user}");
}

/// Checks CloudWatch's embedded metric format: each metric that the directive names has a value.
fn check_metrics(line: &Map<String, Value>) {
    let directive = &line["_aws"]["CloudWatchMetrics"][0];
    assert!(line["_aws"]["Timestamp"].is_i64() || line["_aws"]["Timestamp"].is_u64());
    assert_eq!(directive["Namespace"], "AcsTokenBroker");
    assert_eq!(directive["Dimensions"], json!([["operation"]]));
    for metric in directive["Metrics"].as_array().unwrap() {
        let name = metric["Name"].as_str().unwrap();
        assert!(line[name].is_number(), "{name} has no value: {line:?}");
        let has_unit = name.ends_with("Latency");
        assert_eq!(metric["Unit"], if has_unit { json!("Milliseconds") } else { Value::Null });
    }
    assert!(metrics(line).contains("Latency"));
}

fn metrics(line: &Map<String, Value>) -> BTreeSet<String> {
    let metrics = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
    metrics.iter().map(|metric| metric["Name"].as_str().unwrap().to_owned()).collect()
}
