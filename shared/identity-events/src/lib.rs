//! Reads identity providers' events: which operation follows for which user.
//!
//! Text in, decision out: [`parse`] takes one `EventBridge` envelope. There is one file per
//! provider, each with the table of what it knows.

mod date_time;
mod envelope;
mod error;
mod event;
mod json;
mod kind;
mod provider;
mod providers;
mod skip;
mod sources;

use acs_broker_core::{MAX_CLOCK_SKEW, Operation};
use jiff::Timestamp;
use serde_json::Value;

use crate::envelope::Envelope;
pub use crate::error::EventError;
pub use crate::event::{Parsed, ProviderEvent};
pub use crate::provider::Provider;
pub use crate::providers::kinds;
pub use crate::skip::{SkipReason, Skipped};
pub use crate::sources::{Cognito, Okta, OktaSubject, Sources};

/// Where an envelope holds its kind: Cognito's, those of Auth0's logs and streams, Okta's, the
/// generic one.
const KIND_POINTERS: [&str; 5] =
    ["/detail/eventName", "/detail/data/type", "/detail/type", "/detail/eventType", "/detail-type"];

/// Parses one `EventBridge` envelope, the text of a queue's message.
///
/// # Errors
/// The event calls for an operation that cannot be carried out, or it is unclear what it calls
/// for: see [`EventError`].
pub fn parse(sources: &Sources, text: &str, now: Timestamp) -> Result<Parsed, EventError> {
    match providers::parse(sources, &Envelope::parse(text)?)? {
        // A cutoff further ahead would lock the user out until then.
        Parsed::Event(event) if event.occurred_at - MAX_CLOCK_SKEW > now => {
            let ProviderEvent { provider, kind, .. } = event;
            Err(EventError::TimestampInFuture { provider, kind })
        }
        parsed => Ok(parsed),
    }
}

/// Whether an envelope calls for a deletion, whatever its source: by its kind alone, as the rules
/// do that choose a queue.
#[must_use]
pub fn is_deletion(envelope: &Value) -> bool {
    let found = KIND_POINTERS.map(|pointer| envelope.pointer(pointer).and_then(Value::as_str));
    kinds()
        .any(|(_, kind, operation)| operation == Operation::Delete && found.contains(&Some(kind)))
}
