//! What identity providers say about their users, and what it means for the users' tokens.
//!
//! Text in, decision out: [`read`] takes one `EventBridge` envelope. There is one file per provider,
//! each with the table of what it knows.

mod auth0;
mod cognito;
mod envelope;
mod event;
mod finding;
mod generic;
mod ignored;
mod json;
mod okta;
mod sources;
mod unusable;

use acs_broker_store_dynamodb::RecordKey;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::envelope::Envelope;
pub use crate::event::{Action, IdentityEvent, Provider, Reading};
use crate::finding::Finding;
pub use crate::ignored::{Ignored, Reason};
pub use crate::sources::{Cognito, Okta, OktaSubject, Sources};
pub use crate::unusable::Unusable;

/// How far a provider's clock may be ahead of ours. A watermark further off would lock the user out
/// until then.
const MOST_AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// Where an envelope says of what kind it is: Cognito's, those of Auth0's logs and streams, Okta's,
/// the generic one.
const KIND_POINTERS: [&str; 5] =
    ["/detail/eventName", "/detail/data/type", "/detail/type", "/detail/eventType", "/detail-type"];

/// Reads one `EventBridge` envelope, the text of a queue's message.
///
/// # Errors
/// The envelope asks for something that cannot be carried out, or it cannot be seen what it asks
/// for: see [`Unusable`].
pub fn read(sources: &Sources, envelope: &str, now: Timestamp) -> Result<Reading, Unusable> {
    let envelope = Envelope::parse(envelope)?;
    let (provider, finding) = find(sources, &envelope)?;
    let (kind, action, id, subject, occurred_at) = match finding {
        Finding::Ignored { kind, reason } => {
            return Ok(Reading::Ignored(Ignored::new(provider, kind, reason)));
        }
        Finding::Change { kind, action, id, subject, occurred_at } => {
            (kind.to_owned(), action, id.to_owned(), subject, occurred_at)
        }
    };
    let Some(subject) = subject else { return Err(Unusable::WithoutUser { provider, kind }) };
    if occurred_at.duration_since(now) > MOST_AHEAD {
        return Err(Unusable::FromTheFuture { provider, kind });
    }
    let user = RecordKey::user(sources.issuer.clone(), subject);
    Ok(Reading::Change(IdentityEvent { id, provider, kind, user, action, occurred_at }))
}

/// Every kind of event that asks for something, from the tables that [`read`] uses. A kind that
/// means one thing or another by what it says is there once for each.
pub fn kinds() -> impl Iterator<Item = (Provider, &'static str, Action)> {
    let of = |provider, kinds: &'static [(&'static str, Action)]| {
        kinds.iter().map(move |(kind, action)| (provider, *kind, *action))
    };
    let stream = auth0::STREAM_KINDS.iter().map(|(kind, _, action)| (*kind, *action));
    of(Provider::Cognito, cognito::KINDS)
        .chain(of(Provider::Auth0, auth0::LOG_KINDS))
        .chain(stream.map(|(kind, action)| (Provider::Auth0, kind, action)))
        .chain(of(Provider::Okta, okta::KINDS))
        .chain(of(Provider::Generic, generic::KINDS))
}

/// Whether an envelope asks for a deletion, whoever sends it: by its kind alone, as the rules do that
/// choose a queue.
#[must_use]
pub fn asks_for_deletion(envelope: &Value) -> bool {
    let said = KIND_POINTERS.map(|pointer| envelope.pointer(pointer).and_then(Value::as_str));
    kinds().any(|(_, kind, action)| action == Action::Delete && said.contains(&Some(kind)))
}

fn find<'a>(
    sources: &Sources,
    envelope: &'a Envelope,
) -> Result<(Provider, Finding<'a>), Unusable> {
    let source = Some(envelope.text("/source")?);
    if let Some(pool) = sources.cognito.as_ref().filter(|_| source == Some(cognito::SOURCE)) {
        return Ok((Provider::Cognito, cognito::read(pool, envelope)?));
    }
    if sources.auth0.iter().any(|known| source == Some(known)) {
        return Ok((Provider::Auth0, auth0::read(envelope)?));
    }
    if let Some(okta) = sources.okta.as_ref().filter(|okta| source == Some(okta.source.as_str())) {
        return Ok((Provider::Okta, okta::read(okta.subject, envelope)?));
    }
    if source == sources.generic.as_deref() {
        return Ok((Provider::Generic, generic::read(envelope)?));
    }
    Err(Unusable::UnknownSource)
}
