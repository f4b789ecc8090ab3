//! The one line that an invocation logs.

use std::collections::BTreeMap;
use std::mem;

use identity_client::Deadline;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::telemetry::field::Field;
use crate::telemetry::metric::Metric;

/// The line: structured JSON for people and queries, and at the same time a metric in CloudWatch's
/// embedded metric format, which costs no call and no second line.
#[derive(Debug)]
pub(crate) struct LogLine {
    level: Level,
    fields: Map<String, Value>,
    counts: BTreeMap<Metric, u32>,
    measures: Vec<(Metric, Value)>,
}

/// How much a line asks of the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Level {
    /// Nothing.
    Info,
    /// To look into it if it goes on.
    Warn,
    /// To act.
    Error,
}

impl LogLine {
    pub(crate) fn new(operation: &'static str) -> Self {
        let fields = Map::from_iter([(Field::Operation.name().to_owned(), json!(operation))]);
        Self { level: Level::Info, fields, counts: BTreeMap::new(), measures: Vec::new() }
    }

    pub(crate) fn set(&mut self, field: Field, value: impl Into<Value>) {
        self.fields.insert(field.name().to_owned(), value.into());
    }

    /// Appends to a field that is a list.
    pub(crate) fn push(&mut self, field: Field, value: Value) {
        let list = self.fields.entry(field.name()).or_insert_with(|| json!([]));
        if let Some(list) = list.as_array_mut() {
            list.push(value);
        }
    }

    pub(crate) fn count(&mut self, metric: Metric) {
        *self.counts.entry(metric).or_default() += 1;
    }

    /// Adds a measured value to the metrics, in the metric's unit.
    pub(crate) fn measure(&mut self, metric: Metric, value: impl Into<Value>) {
        self.measures.push((metric, value.into()));
    }

    /// Asks something of the operator. The gravest level stays, and of two equal ones the first
    /// hint.
    pub(crate) fn raise(&mut self, level: Level, hint: &'static str) {
        if level > self.level {
            self.level = level;
            if !hint.is_empty() {
                self.set(Field::Hint, hint);
            }
        }
    }

    /// Returns the line. Its metrics have one dimension, `operation`.
    pub(crate) fn finish(&mut self, namespace: &str, deadline: &Deadline) -> String {
        let now = deadline.now();
        let microseconds = u32::try_from(deadline.elapsed().as_micros()).unwrap_or(u32::MAX);
        self.measure(Metric::Latency, f64::from(microseconds) / 1000.0);
        let counts = mem::take(&mut self.counts).into_iter();
        let counts = counts.map(|(metric, count)| (metric, json!(count)));
        let mut declared = Vec::new();
        for (metric, value) in mem::take(&mut self.measures).into_iter().chain(counts) {
            declared.push(json!({"Name": metric.name(), "Unit": metric.unit()}));
            self.fields.insert(metric.name().to_owned(), value);
        }
        self.set(Field::Level, json!(self.level));
        self.set(Field::Timestamp, now.to_string());
        self.set(Field::Message, "invocation completed");
        let directive =
            json!({"Namespace": namespace, "Dimensions": [["operation"]], "Metrics": declared});
        let aws = json!({"Timestamp": now.as_millisecond(), "CloudWatchMetrics": [directive]});
        self.fields.insert("_aws".to_owned(), aws);
        Value::Object(mem::take(&mut self.fields)).to_string()
    }
}
