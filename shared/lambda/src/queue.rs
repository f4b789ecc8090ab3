//! Identity events from a queue: one message after another, each with its own time, its own log
//! line and its own end. Lambda takes back what a batch's answer names, and nothing else.

use std::collections::VecDeque;
use std::time::Duration;

use acs_broker_core::WorkError;
use acs_broker_identity_events::{IdentityEvent, Ignored, Reading, Sources, Unusable};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use lambda_http::Context;
use serde_json::json;
use thiserror::Error;

use crate::app::App;
use crate::exchange::Exchange;
use crate::log::{Level, chain};
use crate::problem::Problem;

/// A batch of messages on its way through a function.
///
/// A message that says nothing usable ends in the dead-letter queue, after as many tries as the
/// queue allows; its neighbours are handled all the same.
#[derive(Debug)]
pub struct Batch<'a> {
    app: &'a App,
    sources: &'a Sources,
    operation: &'static str,
    context: &'a Context,
    messages: VecDeque<SqsMessage>,
    answer: SqsBatchResponse,
}

/// One event that is to be carried out.
#[derive(Debug)]
pub struct Delivery<'a> {
    /// What has happened to whom.
    pub event: IdentityEvent,
    exchange: Exchange<'a>,
    message_id: String,
}

/// The function has a queue and was not told whose events to believe.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("there are events, but EVENT_ISSUER is missing")]
pub struct NoSources;

/// Why an event was not carried out.
#[derive(Debug, Error)]
pub enum Undone {
    /// ACS or the table did not do its part.
    #[error(transparent)]
    Work(#[from] WorkError),
    /// The event asks for what another function does: the rule that sent it here is wrong.
    #[error("the event belongs into another queue")]
    Misrouted,
}

/// With less time than this a message goes back into the queue untouched. It is enough to write an
/// order down.
const LEAST_FOR_MESSAGE: Duration = Duration::from_secs(2);

const REMEDY_UNUSABLE: &str =
    "look at the message in the dead-letter queue: nobody's tokens were revoked for it";

impl<'a> Batch<'a> {
    /// Opens a batch for an operation, named as in the log.
    ///
    /// # Errors
    /// [`NoSources`]
    pub fn begin(
        app: &'a App,
        operation: &'static str,
        messages: SqsEvent,
        context: &'a Context,
    ) -> Result<Self, NoSources> {
        let sources = app.event_sources.as_ref().ok_or(NoSources)?;
        let (messages, answer) = (messages.records.into(), SqsBatchResponse::default());
        Ok(Self { app, sources, operation, context, messages, answer })
    }

    /// Closes a delivery. An order that ACS has yet to carry out is written down, and `sweep` sees
    /// to it; only what is not written down goes back into the queue.
    pub fn end(&mut self, delivery: Delivery<'a>, outcome: Result<(), Undone>) {
        let Delivery { event, exchange, message_id } = delivery;
        match outcome {
            Ok(()) => {
                exchange.note_handled(&event);
                exchange.end_message();
            }
            Err(Undone::Work(WorkError::Acs(error))) => {
                exchange.count("EventLeftToSweep");
                exchange.entry().problem(&Problem::from(&error));
                exchange.end_message();
            }
            Err(Undone::Work(WorkError::Table(error))) => {
                exchange.entry().problem(&Problem::from(&error));
                self.put_back(message_id, exchange);
            }
            Err(Undone::Misrouted) => {
                exchange.note_undeliverable("event_misrouted", &Undone::Misrouted);
                self.put_back(message_id, exchange);
            }
        }
    }

    /// What Lambda is to be told: which messages are not done.
    #[must_use]
    pub fn answer(self) -> SqsBatchResponse {
        self.answer
    }

    fn put_back(&mut self, message_id: String, exchange: Exchange<'_>) {
        self.answer.add_failure(message_id);
        exchange.end_message();
    }
}

impl<'a> Iterator for Batch<'a> {
    type Item = Delivery<'a>;

    /// The next event that asks for something. What asks for nothing, or cannot be used, is dealt
    /// with on the way.
    fn next(&mut self) -> Option<Delivery<'a>> {
        loop {
            let left = self.messages.len();
            let message = self.messages.pop_front()?;
            let message_id = message.message_id.unwrap_or_default();
            let exchange =
                Exchange::begin_message(self.app, self.operation, &message_id, left, self.context);
            if exchange.remaining() < LEAST_FOR_MESSAGE {
                exchange.count("EventPutBack");
                self.put_back(message_id, exchange);
                continue;
            }
            let body = message.body.unwrap_or_default();
            match acs_broker_identity_events::read(self.sources, &body, exchange.now()) {
                Ok(Reading::Change(event)) => {
                    exchange.note_event(&event);
                    return Some(Delivery { event, exchange, message_id });
                }
                Ok(Reading::Ignored(why)) => {
                    exchange.note_ignored(&why);
                    exchange.end_message();
                }
                Err(unusable) => {
                    exchange.note_unusable(&unusable);
                    self.put_back(message_id, exchange);
                }
            }
        }
    }
}

impl<'a> Delivery<'a> {
    /// The exchange in which the event is carried out.
    #[must_use]
    pub const fn exchange(&self) -> &Exchange<'a> {
        &self.exchange
    }
}

impl Exchange<'_> {
    fn note_event(&self, event: &IdentityEvent) {
        let user = self.hash(&event.user);
        let mut entry = self.entry();
        entry.set("provider", json!(event.provider));
        entry.set("kind", event.kind.as_str());
        entry.set("action", json!(event.action));
        entry.set("eventId", event.id.as_str());
        entry.set("occurredAt", event.occurred_at.to_string());
        entry.set("target", user);
    }

    fn note_ignored(&self, why: &Ignored) {
        let mut entry = self.entry();
        entry.set("provider", json!(why.provider));
        entry.set("kind", why.kind.as_str());
        entry.set("ignored", why.reason.name());
        entry.count("EventIgnored");
    }

    /// Counts an event that was carried out, and how long it took from the moment it happened at
    /// the provider, by the provider's clock, to the end of the work at ACS.
    fn note_handled(&self, event: &IdentityEvent) {
        let elapsed = self.now().duration_since(event.occurred_at);
        let milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or_default();
        let mut entry = self.entry();
        entry.count("EventHandled");
        entry.measure("EventToRevocation", "Milliseconds", milliseconds);
    }

    fn note_unusable(&self, unusable: &Unusable) {
        if matches!(unusable, Unusable::WithoutUser { .. }) {
            self.count("EventWithoutUser");
        }
        self.note_undeliverable(unusable.code(), unusable);
    }

    fn note_undeliverable(&self, code: &'static str, why: &dyn std::error::Error) {
        let mut entry = self.entry();
        entry.count("EventUnusable");
        entry.set("code", code);
        entry.set("error", chain(why));
        entry.raise(Level::Error, REMEDY_UNUSABLE);
    }
}
