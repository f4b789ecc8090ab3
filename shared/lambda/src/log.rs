use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;

use acs_broker_store_dynamodb::RecordKey;
use hmac::{Hmac, KeyInit, Mac};
use identity_client::Deadline;
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::Sha256;

use crate::problem::Problem;
use crate::settings::UserHashKey;

/// The one line a request logs. It is structured JSON for people and queries, and at the same time
/// a metric in CloudWatch's embedded metric format, which costs no call and no second line.
#[derive(Debug)]
pub(crate) struct LogEntry {
    level: Level,
    fields: Map<String, Value>,
    counts: BTreeMap<&'static str, u32>,
    measures: Vec<Measure>,
}

/// A figure of the request that is no count.
#[derive(Debug)]
struct Measure {
    name: &'static str,
    unit: &'static str,
    value: Value,
}

/// How much a line asks of the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Level {
    /// Nothing.
    Info,
    /// To look into it when it goes on.
    Warn,
    /// To act.
    Error,
}

impl LogEntry {
    pub(crate) fn new(operation: &'static str) -> Self {
        let fields = Map::from_iter([("operation".to_owned(), json!(operation))]);
        Self { level: Level::Info, fields, counts: BTreeMap::new(), measures: Vec::new() }
    }

    pub(crate) fn set(&mut self, field: &str, value: impl Into<Value>) {
        self.fields.insert(field.to_owned(), value.into());
    }

    pub(crate) fn push(&mut self, field: &str, value: Value) {
        let list = self.fields.entry(field).or_insert_with(|| json!([]));
        if let Some(list) = list.as_array_mut() {
            list.push(value);
        }
    }

    pub(crate) fn count(&mut self, metric: &'static str) {
        *self.counts.entry(metric).or_default() += 1;
    }

    /// Adds a figure to the metrics, in a unit of CloudWatch's.
    pub(crate) fn measure(
        &mut self,
        name: &'static str,
        unit: &'static str,
        value: impl Into<Value>,
    ) {
        self.measures.push(Measure { name, unit, value: value.into() });
    }

    /// Asks something of the operator. What is graver stays, and so does, among equals, what was
    /// asked first.
    pub(crate) fn raise(&mut self, level: Level, remedy: &'static str) {
        if level > self.level {
            self.level = level;
            self.set("remedy", remedy);
        }
    }

    pub(crate) fn problem(&mut self, problem: &Problem) {
        self.set("code", json!(problem.code));
        self.count(problem.code.metric());
        if let Some(cause) = &problem.cause {
            self.set("error", cause.as_str());
        }
        if problem.code.status().is_server_error() {
            self.raise(Level::Error, problem.code.remedy());
        } else if problem.cause.is_some() {
            self.raise(Level::Warn, problem.code.remedy());
        }
    }

    /// The line. Its metrics have one dimension, `operation`.
    pub(crate) fn line(&mut self, namespace: &str, deadline: &Deadline) -> String {
        let now = deadline.now();
        let microseconds = u32::try_from(deadline.elapsed().as_micros()).unwrap_or(u32::MAX);
        self.measure("Latency", "Milliseconds", f64::from(microseconds) / 1000.0);
        let mut metrics = Vec::new();
        for Measure { name, unit, value } in std::mem::take(&mut self.measures) {
            metrics.push(json!({"Name": name, "Unit": unit}));
            self.set(name, value);
        }
        metrics.extend(self.counts.keys().map(|name| json!({"Name": name, "Unit": "Count"})));
        for (name, count) in std::mem::take(&mut self.counts) {
            self.set(name, count);
        }
        self.set("level", json!(self.level));
        self.set("timestamp", now.to_string());
        self.set("message", "request");
        let directive =
            json!({"Namespace": namespace, "Dimensions": [["operation"]], "Metrics": metrics});
        let aws = json!({"Timestamp": now.as_millisecond(), "CloudWatchMetrics": [directive]});
        self.set("_aws", aws);
        Value::Object(std::mem::take(&mut self.fields)).to_string()
    }
}

/// An error with all its causes, `outer: middle: inner`. `Display` names only the outermost, and so
/// do the loggers of Lambda.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        // A transparent error says its cause's words.
        if !text.ends_with(&said) {
            let _ = write!(text, ": {said}");
        }
        cause = error.source();
    }
    text
}

/// The name of a user in logs: 16 hexadecimal digits of HMAC-SHA256 over the row's key.
pub(crate) fn user_hash(key: &UserHashKey, user: &RecordKey) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else {
        return String::new(); // an HMAC takes keys of any length
    };
    mac.update(user.to_text().as_bytes());
    mac.finalize().into_bytes().iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use thiserror::Error;

    use super::*;
    use crate::problem::Code;

    #[derive(Debug, Error)]
    #[error("outer")]
    struct Outer(#[source] Middle);

    #[derive(Debug, Error)]
    #[error(transparent)]
    struct Middle(#[from] std::num::ParseIntError);

    #[test]
    fn an_operator_reads_every_cause_once() {
        let error = Outer(Middle("x".parse::<u8>().unwrap_err()));
        assert_eq!(chain(&error), "outer: invalid digit found in string");
    }

    fn said(entry: &mut LogEntry) -> Value {
        let deadline = Deadline::new(identity_client::Timestamp::UNIX_EPOCH, Duration::ZERO);
        serde_json::from_str(&entry.line("AcsTokenBroker", &deadline)).unwrap()
    }

    #[test]
    fn claims_that_the_authorizer_should_not_pass_are_told_to_the_operator_with_the_remedy() {
        let mut entry = LogEntry::new("issueToken");
        entry.problem(&Problem::invalid_claims("issuer: must be there"));
        let line = said(&mut entry);
        assert_eq!((&line["level"], &line["code"]), (&json!("WARN"), &json!("invalid_claims")));
        assert_eq!(line["error"], "issuer: must be there");
        assert!(line["remedy"].as_str().unwrap().contains("authorizer"), "{line}");
    }

    #[test]
    fn what_an_operator_must_do_first_is_not_hidden_by_what_comes_after() {
        let mut entry = LogEntry::new("issueToken");
        entry.raise(Level::Error, "delete it");
        entry.problem(&Problem::invalid_claims("issuer: must be there"));
        entry.problem(&Problem::new(Code::AcsUnavailable));
        let line = said(&mut entry);
        assert_eq!((&line["level"], &line["remedy"]), (&json!("ERROR"), &json!("delete it")));
    }

    #[test]
    fn a_user_has_one_name_in_logs_that_does_not_tell_who_it_is() {
        let user = |subject: &str| {
            RecordKey::user("https://idp.example".parse().unwrap(), subject.parse().unwrap())
        };
        let key: UserHashKey = "0123456789abcdef".parse().unwrap();
        let alice = user_hash(&key, &user("alice"));
        assert_eq!(alice.len(), 16);
        assert_eq!(alice, user_hash(&key, &user("alice")));
        assert_ne!(alice, user_hash(&key, &user("bob")));
        let other: UserHashKey = "another key, 16+".parse().unwrap();
        assert_ne!(alice, user_hash(&other, &user("alice")));
    }
}
