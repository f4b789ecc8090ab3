//! The one line that an invocation logs.

use identity_client::Deadline;
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Value, json};

use crate::telemetry::field::Field;
use crate::telemetry::metric::Metric;

/// The line: structured JSON for people and queries, and at the same time a metric in CloudWatch's
/// embedded metric format, which costs no call and no second line.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
#[derive(Debug)]
pub(crate) struct LogLine {
    level: Level,
    operation: &'static str,
    fields: Vec<(Field, Value)>,
    metrics: Vec<(Metric, Value)>,
}

/// How much a line asks of the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Level {
    /// Nothing.
    Info,
    /// To look into it if it goes on.
    Warn,
    /// To act.
    Error,
}

/// A line that is complete.
struct Finished<'a> {
    line: &'a LogLine,
    namespace: &'a str,
    /// To the millisecond.
    at: Timestamp,
}

/// The member `_aws` of a line, which declares its metrics.
struct Declaration<'a>(&'a Finished<'a>);

/// The one set of metrics in a declaration.
#[derive(serde::Serialize)]
#[serde(rename_all = "PascalCase")]
struct MetricSet<'a> {
    namespace: &'a str,
    dimensions: [[&'static str; 1]; 1],
    metrics: Vec<DeclaredMetric>,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "PascalCase")]
struct DeclaredMetric {
    name: &'static str,
    /// Left out of a count: a log is paid for by the byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'static str>,
}

/// The members of a plain line, without a second allocation for more.
const USUAL_FIELDS: usize = 8;

impl LogLine {
    pub(crate) fn new(operation: &'static str) -> Self {
        let fields = Vec::with_capacity(USUAL_FIELDS);
        Self { level: Level::Info, operation, fields, metrics: Vec::new() }
    }

    pub(crate) fn set(&mut self, field: Field, value: impl Into<Value>) {
        *self.entry(field) = value.into();
    }

    /// Appends to a field that is a list.
    pub(crate) fn push(&mut self, field: Field, value: Value) {
        match self.entry(field) {
            Value::Array(list) => list.push(value),
            first => *first = json!([value]),
        }
    }

    pub(crate) fn count(&mut self, metric: Metric) {
        match self.metrics.iter_mut().find(|(counted, _)| *counted == metric) {
            Some((_, count)) => *count = json!(count.as_u64().unwrap_or_default() + 1),
            None => self.metrics.push((metric, json!(1))),
        }
    }

    /// Adds a measured value to the metrics, in the metric's unit.
    pub(crate) fn measure(&mut self, metric: Metric, value: impl Into<Value>) {
        self.metrics.push((metric, value.into()));
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
        let microseconds = u32::try_from(deadline.elapsed().as_micros()).unwrap_or(u32::MAX);
        self.measure(Metric::Latency, f64::from(microseconds) / 1000.0);
        let finished = Finished { line: self, namespace, at: to_millisecond(deadline.now()) };
        serde_json::to_string(&finished).unwrap_or_default()
    }

    fn entry(&mut self, field: Field) -> &mut Value {
        let known = self.fields.iter().position(|(known, _)| *known == field);
        let value = known.map_or(Value::Null, |index| self.fields.remove(index).1);
        &mut self.fields.push_mut((field, value)).1
    }
}

impl Serialize for Finished<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let LogLine { level, operation, fields, metrics } = self.line;
        let mut line = serializer.serialize_map(None)?;
        line.serialize_entry(Field::Level.name(), level)?;
        line.serialize_entry(Field::Timestamp.name(), &self.at)?;
        line.serialize_entry(Field::Operation.name(), operation)?;
        for (field, value) in fields {
            line.serialize_entry(field.name(), value)?;
        }
        for (metric, value) in metrics {
            line.serialize_entry(metric.name(), value)?;
        }
        line.serialize_entry("_aws", &Declaration(self))?;
        line.end()
    }
}

impl Serialize for Declaration<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Finished { line, namespace, at } = self.0;
        let declared = line.metrics.iter();
        let declared =
            declared.map(|(metric, _)| DeclaredMetric { name: metric.name(), unit: metric.unit() });
        let metrics = declared.collect();
        let set = MetricSet { namespace, dimensions: [[Field::Operation.name()]], metrics };
        let mut declaration = serializer.serialize_map(Some(2))?;
        declaration.serialize_entry("Timestamp", &at.as_millisecond())?;
        declaration.serialize_entry("CloudWatchMetrics", &[set])?;
        declaration.end()
    }
}

fn to_millisecond(at: Timestamp) -> Timestamp {
    let round = TimestampRound::new().smallest(Unit::Millisecond).mode(RoundMode::Trunc);
    at.round(round).unwrap_or(at)
}
