//! What the functions say, run as on AWS through good days and bad ones: one line of JSON per
//! request, metrics in it, and never a secret or a name.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise"
)]

mod life;

use std::collections::BTreeSet;

use identity_client::Timestamp;
use serde_json::{Map, Value, json};

use life::live;

/// The fields of a line that are no metrics.
const FIELDS: [&str; 23] = [
    "_aws",
    "action",
    "code",
    "coldStart",
    "error",
    "eventId",
    "ignored",
    "kind",
    "level",
    "lostIdentity",
    "message",
    "occurredAt",
    "operation",
    "postponed",
    "provider",
    "remedy",
    "report",
    "requestId",
    "signInClaim",
    "status",
    "target",
    "timestamp",
    "user",
];

#[tokio::test]
async fn no_log_error_or_metric_shows_a_secret_or_who_a_user_is_even_at_level_trace() {
    let life = live("TRACE").await;
    let errors = life.answers.iter().filter(|answer| !answer.status.is_success());
    let errors: Vec<_> =
        errors.map(|answer| format!("{:?} {}", answer.headers, answer.text)).collect();
    assert!(errors.len() >= 12, "a life with too little in it: {errors:?}");
    for said in life.logs.iter().chain(&errors) {
        for secret in &life.secrets {
            let shown = said.lines().find(|line| line.contains(secret.as_str()));
            assert_eq!(shown, None, "shows {secret}");
        }
    }
}

#[tokio::test]
async fn each_request_is_one_line_of_json_with_the_documented_fields_and_well_formed_metrics() {
    let life = live("INFO").await;
    let mut ids = BTreeSet::new();
    let mut requests = 0;
    for log in &life.logs {
        let mut cold_starts = 0;
        for text in log.lines() {
            let fields: Map<String, Value> = serde_json::from_str(text).expect(text);
            check_fields(&fields);
            check_metrics(&fields);
            ids.insert(fields["requestId"].as_str().unwrap().to_owned());
            cold_starts += usize::from(fields["coldStart"] == true);
            requests += 1;
        }
        assert_eq!(cold_starts, 1, "{log}");
    }
    assert_eq!(requests, life.answers.len(), "one line for each request");
    assert_eq!(ids.len(), requests, "by the id of the request");
    let errors = life.answers.iter().filter(|answer| !answer.status.is_success());
    for answer in errors {
        let id = answer.json()["requestId"].as_str().unwrap().to_owned();
        assert!(ids.contains(&id), "support finds the line by the id in the answer");
    }
}

fn check_fields(line: &Map<String, Value>) {
    let metrics = metrics(line);
    for name in line.keys() {
        let is_known = FIELDS.contains(&name.as_str());
        assert!(is_known || metrics.contains(name), "{name} is not documented: {line:?}");
    }
    assert!(["INFO", "WARN", "ERROR"].contains(&line["level"].as_str().unwrap()));
    assert!(line["timestamp"].as_str().unwrap().parse::<Timestamp>().is_ok());
    assert_eq!(line["message"], "request");
    for work in line.get("postponed").and_then(Value::as_array).into_iter().flatten() {
        let fields: Vec<_> = work.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["code", "error", "user"]);
        assert_is_hash(&work["user"]);
    }
    let operation = line["operation"].as_str().unwrap();
    if operation == "sweep" {
        assert!(line["report"].is_object());
        return;
    }
    if ["revokeByEvent", "deleteByEvent"].contains(&operation) {
        check_event_fields(line);
        return;
    }
    let own = ["issueToken", "revokeOwnTokens", "deleteSelf"];
    let is_operators = ["revokeUserTokens", "deleteUser"].contains(&operation);
    assert!(is_operators || own.contains(&operation), "{line:?}");
    assert_eq!(line.contains_key("target"), is_operators, "{line:?}");
    let status = line["status"].as_u64().unwrap();
    assert_eq!(line.contains_key("code"), status >= 400, "{line:?}");
    let needs_remedy = status >= 500;
    assert!(!needs_remedy || line["level"] == "ERROR" && line.contains_key("remedy"), "{line:?}");
    let is_of_authorizer = line.get("code") == Some(&json!("invalid_claims"));
    let is_told = line["level"] == "WARN" && line.contains_key("error");
    assert!(!is_of_authorizer || is_told && line.contains_key("remedy"), "{line:?}");
    for user in ["user", "target"].into_iter().filter_map(|name| line.get(name)) {
        assert_is_hash(user);
    }
}

/// An event is carried out, or left to the sweep; or ignored; or it cannot be used.
fn check_event_fields(line: &Map<String, Value>) {
    let has = |name: &str| line.contains_key(name);
    assert!(!has("status") && !has("user"), "nobody asks and nobody is answered: {line:?}");
    assert_eq!(has("provider"), has("action") || has("ignored"), "{line:?}");
    assert_eq!(has("provider"), has("kind"), "{line:?}");
    for name in ["eventId", "occurredAt", "target"] {
        assert_eq!(has(name), has("action"), "{name}: {line:?}");
    }
    if has("action") {
        assert_is_hash(&line["target"]);
        assert!(line["occurredAt"].as_str().unwrap().parse::<Timestamp>().is_ok());
        assert!(has("EventHandled") != has("EventLeftToSweep"), "{line:?}");
    } else {
        assert!(has("EventIgnored") != has("EventUnusable"), "{line:?}");
    }
    let has_gone_wrong = has("EventLeftToSweep") || has("EventUnusable");
    assert_eq!(line["level"] == "ERROR", has_gone_wrong, "{line:?}");
    for name in ["code", "error", "remedy"] {
        assert_eq!(has(name), has_gone_wrong, "{name}: {line:?}");
    }
}

fn assert_is_hash(user: &Value) {
    let user = user.as_str().unwrap();
    assert!(user.len() == 16 && user.bytes().all(|byte| byte.is_ascii_hexdigit()), "{user}");
}

/// CloudWatch's embedded metric format: what the directive names must be there.
fn check_metrics(line: &Map<String, Value>) {
    let directive = &line["_aws"]["CloudWatchMetrics"][0];
    assert!(line["_aws"]["Timestamp"].is_i64() || line["_aws"]["Timestamp"].is_u64());
    assert_eq!(directive["Namespace"], "AcsTokenBroker");
    assert_eq!(directive["Dimensions"], json!([["operation"]]));
    for metric in directive["Metrics"].as_array().unwrap() {
        let name = metric["Name"].as_str().unwrap();
        assert!(line[name].is_number(), "{name} has no value: {line:?}");
        assert!(["Count", "Milliseconds"].contains(&metric["Unit"].as_str().unwrap()));
    }
    assert!(metrics(line).contains("Latency"));
}

fn metrics(line: &Map<String, Value>) -> BTreeSet<String> {
    let metrics = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
    metrics.iter().map(|metric| metric["Name"].as_str().unwrap().to_owned()).collect()
}
