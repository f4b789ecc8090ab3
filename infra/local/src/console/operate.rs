//! An operator's operations, through the broker itself, as `acs-broker` carries them out.

use std::sync::Arc;

use acs_broker_core::{Accepted, Completion, Initiator, Operation};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::console::app::{Console, call};
use crate::console::problem::Problem;
use crate::console::timeline::{Entry, Kind};
use crate::hosting::steps;

/// The body of `POST /dev/operate`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Request {
    operation: Named,
    subject: String,
    issuer: Option<String>,
    /// For `revoke`: whether the sessions may get new tokens.
    #[serde(default)]
    keep_sessions: bool,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Named {
    Revoke,
    Suspend,
    Unsuspend,
    Delete,
}

/// `POST /dev/operate`.
pub(crate) async fn operate(
    State(console): State<Arc<Console>>,
    body: String,
) -> Result<Json<Value>, Problem> {
    let request: Request =
        serde_json::from_str(&body).map_err(|rule| Problem::invalid(rule.to_string()))?;
    let operation = match request.operation {
        Named::Revoke => Operation::Revoke { keep_sessions: request.keep_sessions },
        Named::Suspend => Operation::Suspend,
        Named::Unsuspend => Operation::Unsuspend,
        Named::Delete => Operation::Delete,
    };
    let user = console.user(request.issuer.as_deref(), &request.subject)?;
    let before = console.view(&user).await?;
    let started = Instant::now();
    let ctx = call(console.deadline());
    let broker = console.broker();
    let work = broker.execute(&user, operation, Initiator::Operator, &ctx);
    let (accepted, collected) = steps::collect(Box::pin(work)).await;
    let took_ms = steps::milliseconds(started.elapsed());
    let effect = console.effect(&user, &before).await?;
    let (outcome, known, sentence) = match &accepted {
        Ok(Accepted { completion: Completion::Done, was_known }) => {
            (past(operation), Some(*was_known), None)
        }
        Ok(Accepted { completion: Completion::Deferred(error), was_known }) => {
            let text = format!("It is recorded, and sweep completes it. ACS: {error}.");
            ("deferred", Some(*was_known), Some(text))
        }
        Err(error) => ("failed", None, Some(acs_broker_config::error_chain(error))),
    };
    let mut entry = Entry::new(Kind::Operator, format!("operator: {}", operation.name()), outcome);
    entry.subject = Some(request.subject);
    entry.sentence.clone_from(&sentence);
    entry.tokens_died = Some(effect.tokens_died);
    (entry.took_ms, entry.collected) = (took_ms, collected);
    let seq = console.timeline.add(entry, console.now());
    Ok(Json(json!({
        "outcome": outcome,
        "known": known,
        "sentence": sentence,
        "sessionsEnded": effect.sessions_ended,
        "tokensDied": effect.tokens_died,
        "tookMs": took_ms,
        "timeline": seq,
    })))
}

/// Returns the word for an operation that is done.
pub(crate) const fn past(operation: Operation) -> &'static str {
    match operation {
        Operation::Revoke { .. } => "revoked",
        Operation::Suspend => "suspended",
        Operation::Unsuspend => "unsuspended",
        Operation::Delete => "deleted",
    }
}
