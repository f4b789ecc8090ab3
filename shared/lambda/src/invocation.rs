//! One event on its way through a function, with its deadline and its log line.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acs_broker_config::error_chain;
use acs_broker_core::{
    BrokerError, BrokerEvent, CallContext, Observer, RecordKey, StoreError, TokenSource,
};
use identity_client::Deadline;
use jiff::Timestamp;
use lambda_runtime::Context;
use serde_json::json;

use crate::app::App;
use crate::http::problem::ProblemDetails;
use crate::http::problem_code::ProblemCode;
use crate::telemetry::field::Field;
use crate::telemetry::line::{Level, LogLine};
use crate::telemetry::metric::Metric;

/// One invocation, and what it is about: an HTTP request, an identity event, or a schedule's turn.
#[derive(Debug)]
pub struct Invocation<P> {
    /// What the function works with.
    pub app: Arc<App>,
    /// What the invocation is about.
    pub payload: P,
    pub(crate) request_id: String,
    pub(crate) deadline: Deadline,
    line: Mutex<LogLine>,
}

/// An HTTP client waits this long for a response, and no longer.
pub(crate) const MAX_REQUEST_TIME: Duration = Duration::from_secs(10);
/// What an invocation keeps of its time to write its response and its log line.
const RESPONSE_RESERVE: Duration = Duration::from_millis(300);
/// Lambda's own limit. A deadline further off, or past, does not count: cargo-lambda's emulator
/// sends a constant.
const MAX_INVOCATION_TIME: Duration = Duration::from_mins(15);

impl<P> Invocation<P> {
    /// Opens the invocation of an operation, which has `budget`.
    pub(crate) fn open(
        app: Arc<App>,
        operation: &'static str,
        request_id: String,
        budget: Duration,
        payload: P,
    ) -> Self {
        let deadline = Deadline::new((app.clock)(), budget);
        let mut line = LogLine::new(operation);
        line.set(Field::RequestId, request_id.as_str());
        if app.is_cold_start() {
            line.set(Field::ColdStart, true);
        }
        Self { app, payload, request_id, deadline, line: Mutex::new(line) }
    }

    /// Returns the context for calls of the broker.
    pub fn call(&self) -> CallContext<'_>
    where
        P: Sync,
    {
        CallContext::new(self.deadline, self)
    }

    /// Notes where a token comes from.
    pub fn note_token_source(&self, source: TokenSource) {
        let mut line = self.line();
        line.set(Field::TokenSource, source.name());
        if source == TokenSource::Reused {
            line.count(Metric::TokenReused);
        }
    }

    /// Returns the present.
    pub fn now(&self) -> Timestamp {
        self.deadline.now()
    }

    /// Counts something for the metrics.
    pub fn count(&self, metric: Metric) {
        self.line().count(metric);
    }

    pub(crate) fn line(&self) -> MutexGuard<'_, LogLine> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the name of a user in logs.
    pub(crate) fn hash(&self, user: &RecordKey) -> String {
        self.app.user_hash_key.hash(user)
    }

    /// Writes the log line. Only the runner closes an invocation.
    pub(crate) fn close(&self) {
        let line = self.line().finish(&self.app.metrics_namespace, &self.deadline);
        (self.app.log)(&line);
    }
}

impl Invocation<()> {
    /// Returns the invocation, now that it is known what it is about.
    pub(crate) fn with_payload<P>(self, payload: P) -> Invocation<P> {
        let Self { app, payload: (), request_id, deadline, line } = self;
        Invocation { app, payload, request_id, deadline, line }
    }
}

/// Returns what is left of an invocation's time, if Lambda says so.
pub(crate) fn time_left(context: &Context, now: Timestamp) -> Option<Duration> {
    let end = i64::try_from(context.deadline).ok()?;
    let left = end.checked_sub(now.as_millisecond())?;
    let left = Duration::from_millis(u64::try_from(left).ok()?);
    (left <= MAX_INVOCATION_TIME).then(|| left.saturating_sub(RESPONSE_RESERVE))
}

impl<P: Sync> Observer for Invocation<P> {
    fn on_event(&self, event: BrokerEvent) {
        let mut line = self.line();
        if let BrokerEvent::IdentityLost(identity) = &event {
            line.set(Field::LostIdentity, identity.as_ref());
            let hint = "delete the identity `lostIdentity` at ACS: nobody else knows it";
            line.raise(Level::Error, hint);
        }
        line.count(match event {
            BrokerEvent::IdentityCreated => Metric::IdentityCreated,
            BrokerEvent::IdentityReplaced => Metric::IdentityReplaced,
            BrokerEvent::IdentityDiscarded => Metric::IdentityDiscarded,
            BrokerEvent::OrphanJournaled => Metric::OrphanJournaled,
            BrokerEvent::IdentityUnconfirmed => Metric::IdentityUnconfirmed,
            BrokerEvent::IdentityLost(_) => Metric::IdentityLost,
            BrokerEvent::TokenDiscarded => Metric::TokenDiscarded,
            BrokerEvent::LeaseWait => Metric::LeaseWait,
        });
    }

    fn on_retry_scheduled(&self, key: &RecordKey, why: &BrokerError) {
        let code = ProblemDetails::classify(why).0;
        let mut line = self.line();
        line.count(Metric::RetryScheduled);
        let entry = json!({"user": self.hash(key), "code": code, "error": error_chain(why)});
        line.push(Field::Rescheduled, entry);
        if matches!(code, ProblemCode::AcsMisconfigured | ProblemCode::InternalError) {
            // To try again will not help.
            line.raise(Level::Error, code.hint());
        }
    }

    fn on_optional_write_failed(&self, write: &'static str, why: &StoreError) {
        let mut line = self.line();
        line.push(Field::FailedWrites, json!({"write": write, "error": error_chain(why)}));
        line.raise(Level::Warn, "see the table's throttles; nothing is lost");
    }
}
