//! An identity provider's event: what came of it, in words.

use std::error::Error;
use std::sync::Arc;

use acs_broker_core::RecordKey;
use acs_broker_identity_events::{Parsed, ProviderEvent};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::console::app::{Console, Effect};
use crate::console::operate::past;
use crate::console::problem::Problem;
use crate::console::timeline::{Entry, Kind};
use crate::console::{providers, sentences};
use crate::dev::event_bus;
use crate::gateway::request_id::request_id;
use crate::hosting::steps::{self, Collected};

/// What came of an event.
struct Outcome {
    /// `Cognito ChangePassword`.
    title: String,
    subject: Option<String>,
    /// In one word.
    word: &'static str,
    /// Why no operation followed: a code and a sentence.
    reason: Option<(&'static str, String)>,
    effect: Option<Effect>,
    delivered: Delivered,
}

/// How the delivery of an event ended.
struct Delivered {
    /// Whether the function is done with it.
    done: bool,
    took_ms: f64,
    collected: Collected,
}

/// `POST /dev/events`: an event as EventBridge would deliver it.
pub(crate) async fn send(
    State(console): State<Arc<Console>>,
    event: String,
) -> Result<Json<Value>, Problem> {
    let sources = console.sources()?;
    let parsed = acs_broker_identity_events::parse(sources, &event, console.now());
    let outcome = match parsed {
        Ok(Parsed::Event(parsed)) => console.carry_out(&event, &parsed).await?,
        Ok(Parsed::Skipped(skipped)) => {
            let delivered = console.deliver(&event).await?;
            Outcome {
                title: format!("{} {}", providers::name(skipped.provider), skipped.kind),
                subject: None,
                word: "skipped",
                reason: Some((skipped.reason.name(), skipped.to_string())),
                effect: None,
                delivered,
            }
        }
        Err(error) => {
            let delivered = console.deliver(&event).await?;
            Outcome {
                title: "event".to_owned(),
                subject: None,
                word: "rejected",
                reason: Some((error.code(), sentences::rejected_event(&error, sources))),
                effect: None,
                delivered,
            }
        }
    };
    Ok(Json(console.note_event(outcome)))
}

/// Returns what to do about an event without the operation that it asks for.
fn remedy(outcome: &str) -> Option<&'static str> {
    match outcome {
        "rejected" => {
            Some("Correct the event; in a deployment it waits in the dead-letter queue for that.")
        }
        "deferred" => Some("Nothing: the next sweep completes it."),
        "failed" => Some("Send it again; in a deployment the queue does."),
        _ => None,
    }
}

impl Console {
    async fn carry_out(&self, text: &str, event: &ProviderEvent) -> Result<Outcome, Problem> {
        let before = self.view(&event.user).await?;
        let delivered = self.deliver(text).await?;
        let effect = self.effect(&event.user, &before).await?;
        let is_pending = self.view(&event.user).await?.snapshot.stored.record.pending().is_some();
        let (word, reason) = match (delivered.done, is_pending) {
            (false, _) => {
                let text = "It is not recorded, and the queue would deliver it again.";
                ("failed", Some(("not_recorded", text.to_owned())))
            }
            (true, true) => {
                let text = "It is recorded, and sweep completes it: ACS did not respond.";
                ("deferred", Some(("acs_unavailable", text.to_owned())))
            }
            (true, false) => (past(event.operation), None),
        };
        let RecordKey::User(_, subject) = &event.user else {
            return Err(Problem::invalid("the event is not about a user"));
        };
        Ok(Outcome {
            title: format!("{} {}", providers::name(event.provider), event.kind),
            subject: Some(subject.as_str().to_owned()),
            word,
            reason,
            effect: Some(effect),
            delivered,
        })
    }

    async fn deliver(&self, event: &str) -> Result<Delivered, Problem> {
        let (started, id) = (Instant::now(), request_id());
        let work = event_bus::deliver(event, &self.parts.functions, &id, self.now());
        match steps::collect(work).await {
            (Ok(delivery), collected) => {
                let took_ms = steps::milliseconds(started.elapsed());
                Ok(Delivered { done: delivery.done, took_ms, collected })
            }
            (Err(error), _) => {
                tracing::error!(error = &error as &dyn Error, "the event was not handled");
                Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
            }
        }
    }

    fn note_event(&self, outcome: Outcome) -> Value {
        let Outcome { title, subject, word, reason, effect, delivered } = outcome;
        let Delivered { done, took_ms, collected } = delivered;
        let seq = self.timeline.add(
            Entry {
                subject: subject.clone(),
                code: reason.as_ref().map(|(code, _)| (*code).to_owned()),
                sentence: reason.as_ref().map(|(_, sentence)| sentence.clone()),
                tokens_died: effect.map(|effect| effect.tokens_died),
                remedy: remedy(word),
                took_ms,
                collected,
                ..Entry::new(Kind::Event, title, word)
            },
            self.now(),
        );
        json!({
            "outcome": word,
            "reason": reason.map(|(code, text)| json!({"code": code, "text": text})),
            "subject": subject,
            "sessionsEnded": effect.map_or(0, |effect| effect.sessions_ended),
            "tokensDied": effect.map_or(0, |effect| effect.tokens_died),
            "tookMs": took_ms,
            "timeline": seq,
            "done": done,
        })
    }
}
