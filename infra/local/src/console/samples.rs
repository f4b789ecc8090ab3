//! The sample events of `infra/aws/events/identity`, filled with a user and the present time.

use std::sync::Arc;

use acs_broker_identity_events::{Parsed, Sources};
use axum::Json;
use axum::extract::{Query, State};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::console::app::Console;
use crate::console::problem::Problem;
use crate::console::sample_files;

/// The ids that stand for the user in the samples, as each provider writes them.
const PLACEHOLDERS: [&str; 6] = [
    "a11ce000-0000-4000-8000-000000000001",
    "auth0|a11ce0000000000000000001",
    "a11ce0000000000000000001",
    "00ua11ce0000000001",
    "alice@example.com",
    "alice",
];

/// The query of the samples.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SamplesQuery {
    subject: String,
}

/// `GET /dev/events/samples`.
pub(crate) async fn list(
    State(console): State<Arc<Console>>,
    Query(query): Query<SamplesQuery>,
) -> Result<Json<Value>, Problem> {
    let now = console.now();
    let sources = console.sources()?;
    let samples: Vec<_> = sample_files::ALL
        .iter()
        .filter_map(|(name, text)| sample(sources, name, text, &query.subject, now))
        .collect();
    Ok(Json(json!({"samples": samples})))
}

/// Returns a sample about `subject` that happens now, and what follows from it.
fn sample(
    sources: &Sources,
    name: &str,
    text: &str,
    subject: &str,
    now: Timestamp,
) -> Option<Value> {
    let event = fill(sources, text, subject, now)?;
    let (operation, reason) =
        match acs_broker_identity_events::parse(sources, &event.to_string(), now) {
            Ok(Parsed::Event(event)) => (event.operation.name(), None),
            Ok(Parsed::Skipped(skipped)) => ("skipped", Some(skipped.to_string())),
            Err(error) => ("rejected", Some(error.to_string())),
        };
    let provider = name.split('-').next().unwrap_or_default();
    Some(json!({
        "name": name,
        "provider": if provider == "unknown" { Value::Null } else { json!(provider) },
        "operation": operation,
        "reason": reason,
        "event": event,
    }))
}

/// Returns the event of a sample with another user and moved to the present. What lies in the
/// sample's future stays in the future.
pub(crate) fn fill(sources: &Sources, text: &str, subject: &str, now: Timestamp) -> Option<Value> {
    let mut event: Value = serde_json::from_str(text).ok()?;
    let sent: Timestamp = event.get("time")?.as_str()?.parse().ok()?;
    let occurred = match acs_broker_identity_events::parse(sources, text, sent) {
        Ok(Parsed::Event(event)) => event.occurred_at,
        Ok(Parsed::Skipped(_)) | Err(_) => sent,
    };
    let shift = now.duration_since(occurred);
    walk(&mut event, &|text| {
        if PLACEHOLDERS.contains(&text.as_str()) {
            subject.clone_into(text);
        } else if let Some(moved) = shifted(text, shift, sent, now) {
            *text = moved;
        }
    });
    Some(event)
}

/// Returns an instant of a sample moved to the present, with as many digits as it had.
fn shifted(text: &str, shift: SignedDuration, sent: Timestamp, now: Timestamp) -> Option<String> {
    let instant: Timestamp = text.parse().ok()?;
    let moved = instant.checked_add(shift).ok()?;
    // The bus gets an event after it happened, but the console sends it at once.
    let moved = if instant <= sent { moved.min(now) } else { moved };
    let form = if text.contains('.') { "%Y-%m-%dT%H:%M:%S%.3fZ" } else { "%Y-%m-%dT%H:%M:%SZ" };
    Some(moved.strftime(form).to_string())
}

fn walk(value: &mut Value, change: &impl Fn(&mut String)) {
    match value {
        Value::String(text) => change(text),
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, change)),
        Value::Object(members) => members.values_mut().for_each(|member| walk(member, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
