//! Batches of identity events: one message after another, each with its own part of the time and
//! its own log line.
//!
//! Lambda takes back the messages that the response names as failed, and removes the others. A
//! message that cannot be carried out ends in the dead-letter queue, after as many tries as the
//! queue allows; its neighbours are handled all the same.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use acs_broker_config::error_chain;
use acs_broker_core::{Accepted, BrokerError, Completion};
use acs_broker_identity_events::{EventError, Parsed, ProviderEvent, Skipped, Sources};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};
use thiserror::Error;

use crate::app::App;
use crate::http::problem::ProblemDetails;
use crate::invocation::{Invocation, MAX_REQUEST_TIME, time_left};
use crate::telemetry::field::Field;
use crate::telemetry::line::Level;
use crate::telemetry::metric::Metric;

/// How the operation that an event asks for ended.
pub type EventOutcome = Result<Accepted, BrokerError>;

/// The function was invoked with something else than a batch of a queue.
#[derive(Debug, Error)]
pub enum UnexpectedEventError {
    /// The event has no `Records` of messages.
    #[error("expected a batch of an SQS queue, got {0}")]
    NotABatch(&'static str),
    /// The event's members are not those of a batch.
    #[error("expected a batch of an SQS queue")]
    Malformed(#[source] serde_json::Error),
    /// The function was not told whose events to believe.
    #[error("there are events, but the setting EVENT_ISSUER is missing")]
    NoSources,
}

const OPERATION: &str = "consumeEvent";
/// With less time than this left for a message, it is returned to the queue.
const MIN_MESSAGE_BUDGET: Duration = Duration::from_secs(2);
/// What a batch may take where Lambda does not say how long it has.
const DEFAULT_BATCH_TIME: Duration = Duration::from_secs(30);
const HINT_REJECTED: &str =
    "look at the message in the dead-letter queue: it has ended no session and no token";

/// Handles a batch, and returns which messages failed.
///
/// # Errors
/// The event is not a batch of a queue, or no source of events is configured. Then the whole batch
/// stays in the queue.
pub async fn serve_queue<F, A>(
    app: Arc<App>,
    handle: F,
    event: LambdaEvent<Value>,
) -> Result<SqsBatchResponse, UnexpectedEventError>
where
    F: Fn(Arc<Invocation<ProviderEvent>>) -> A,
    A: Future<Output = EventOutcome>,
{
    let LambdaEvent { payload, context } = event;
    let messages = batch(payload)?.records;
    let sources = app.event_sources.clone().ok_or(UnexpectedEventError::NoSources)?;
    let mut response = SqsBatchResponse::default();
    let count = messages.len();
    for (index, message) in messages.into_iter().enumerate() {
        let message_id = message.message_id.clone().unwrap_or_default();
        // Each message has an equal part of the time: should ACS hang, the last one is written
        // down as well as the first.
        let budget = message_budget(&context, &app, count - index);
        let is_done = serve_message(&app, &handle, &sources, message, budget).await;
        if !is_done {
            response.add_failure(message_id);
        }
    }
    Ok(response)
}

/// Reads a batch. Other event sources invoke a function with records of their own: SNS, S3.
fn batch(payload: Value) -> Result<SqsEvent, UnexpectedEventError> {
    let records = payload.get("Records").and_then(Value::as_array);
    let Some(records) = records else {
        let is_event = payload.get("detail-type").is_some();
        let what = if is_event { "an EventBridge event" } else { "an event without `Records`" };
        return Err(UnexpectedEventError::NotABatch(what));
    };
    for record in records {
        let source = record.get("eventSource").or_else(|| record.get("EventSource"));
        match source.and_then(Value::as_str) {
            // Without its id a message could not be named as one that failed.
            Some("aws:sqs") if record.get("messageId").is_some_and(Value::is_string) => {}
            Some("aws:sqs") => {
                return Err(UnexpectedEventError::NotABatch("a record without `messageId`"));
            }
            Some("aws:sns") => return Err(UnexpectedEventError::NotABatch("a record of SNS")),
            Some("aws:s3") => return Err(UnexpectedEventError::NotABatch("a record of S3")),
            _ => return Err(UnexpectedEventError::NotABatch("a record of another source")),
        }
    }
    serde_json::from_value(payload).map_err(UnexpectedEventError::Malformed)
}

fn message_budget(context: &Context, app: &App, left: usize) -> Duration {
    let time = time_left(context, (app.clock)()).unwrap_or(DEFAULT_BATCH_TIME);
    (time / u32::try_from(left).unwrap_or(u32::MAX).max(1)).min(MAX_REQUEST_TIME)
}

/// Handles one message, and returns whether the queue may remove it.
async fn serve_message<F, A>(
    app: &Arc<App>,
    handle: &F,
    sources: &Sources,
    message: SqsMessage,
    budget: Duration,
) -> bool
where
    F: Fn(Arc<Invocation<ProviderEvent>>) -> A,
    A: Future<Output = EventOutcome>,
{
    let request_id = message.message_id.unwrap_or_default();
    let opened = Invocation::open(Arc::clone(app), OPERATION, request_id, budget, ());
    if opened.deadline.remaining() < MIN_MESSAGE_BUDGET {
        opened.count(Metric::EventRetried);
        opened.close();
        return false;
    }
    let body = message.body.unwrap_or_default();
    match acs_broker_identity_events::parse(sources, &body, opened.now()) {
        Ok(Parsed::Event(event)) => {
            let invocation = Arc::new(opened.with_payload(event));
            invocation.note_event();
            let outcome = handle(Arc::clone(&invocation)).await;
            let is_done = invocation.note_outcome(outcome);
            invocation.close();
            is_done
        }
        Ok(Parsed::Skipped(skipped)) => {
            opened.note_skipped(&skipped);
            opened.close();
            true
        }
        Err(error) => {
            opened.note_rejected(&error);
            opened.close();
            false
        }
    }
}

impl Invocation<ProviderEvent> {
    fn note_event(&self) {
        let event = &self.payload;
        let target = self.hash(&event.user);
        let mut line = self.line();
        line.set(Field::Provider, json!(event.provider));
        line.set(Field::Kind, event.kind.as_str());
        line.set(Field::EventOperation, event.operation.name());
        line.set(Field::EventId, event.id.as_str());
        line.set(Field::OccurredAt, event.occurred_at.to_string());
        line.set(Field::Target, target);
    }

    /// Notes how the operation ended, and returns whether the queue may remove the message. What
    /// ACS has yet to carry out is in the record, and `sweep` completes it; only what is not
    /// written down goes back into the queue.
    fn note_outcome(&self, outcome: EventOutcome) -> bool {
        match outcome {
            Ok(Accepted { completion: Completion::Done, .. }) => {
                // By the provider's clock, to the end of the work at ACS.
                let elapsed = self.now().duration_since(self.payload.occurred_at);
                let milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or_default();
                let mut line = self.line();
                line.count(Metric::EventHandled);
                line.measure(Metric::RevocationLatency, milliseconds);
                true
            }
            Ok(Accepted { completion: Completion::Deferred(error), .. }) => {
                self.count(Metric::EventDeferred);
                self.note_problem(&ProblemDetails::from(error));
                true
            }
            Err(error) => {
                self.count(Metric::EventRetried);
                self.note_problem(&ProblemDetails::from(error));
                false
            }
        }
    }
}

impl Invocation<()> {
    fn note_skipped(&self, skipped: &Skipped) {
        let mut line = self.line();
        line.set(Field::Provider, json!(skipped.provider));
        line.set(Field::Kind, skipped.kind.as_str());
        line.set(Field::SkipReason, skipped.reason.name());
        line.count(Metric::EventSkipped);
    }

    fn note_rejected(&self, error: &EventError) {
        if matches!(error, EventError::WithoutUser { .. }) {
            self.count(Metric::EventWithoutUser);
        }
        let mut line = self.line();
        line.count(Metric::EventRejected);
        line.set(Field::Code, error.code());
        line.set(Field::Error, error_chain(error as &dyn Error));
        line.raise(Level::Error, HINT_REJECTED);
    }
}
