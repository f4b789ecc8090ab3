//! The providers' parsers, one file each, and the choice among them by an event's source.

pub(crate) mod auth0;
pub(crate) mod cognito;
pub(crate) mod generic;
pub(crate) mod okta;

use acs_broker_core::Operation;

use crate::envelope::Envelope;
use crate::error::EventError;
use crate::event::Parsed;
use crate::provider::Provider;
use crate::sources::Sources;

/// Parses an envelope as its source's provider writes it. The source must equal a configured one:
/// only EventBridge decides which senders may use it.
pub(crate) fn parse(sources: &Sources, envelope: &Envelope) -> Result<Parsed, EventError> {
    let source = envelope.optional_text("/source")?;
    // Other services' notifications may arrive in the queue by a wrong subscription.
    if source.is_none() {
        let rule = "must be an EventBridge event, with a source";
        return Err(EventError::malformed("envelope", rule));
    }
    let issuer = &sources.issuer;
    if let Some(pool) = sources.cognito.as_ref().filter(|_| source == Some(cognito::SOURCE)) {
        return cognito::parse(pool, issuer, envelope);
    }
    if sources.auth0.iter().any(|known| source == Some(known)) {
        return auth0::parse(issuer, envelope);
    }
    if let Some(okta) = sources.okta.as_ref().filter(|okta| source == Some(okta.source.as_str())) {
        return okta::parse(okta.subject, issuer, envelope);
    }
    if source == sources.generic.as_deref() {
        return generic::parse(issuer, envelope);
    }
    Err(EventError::UnknownSource)
}

/// Returns every kind of event from which an operation follows. A kind that means one operation or
/// another by its content is there once for each.
pub fn kinds() -> impl Iterator<Item = (Provider, &'static str, Operation)> {
    let of = |provider, kinds: &'static [(&'static str, Operation)]| {
        kinds.iter().map(move |(kind, operation)| (provider, *kind, *operation))
    };
    let stream = auth0::STREAM_KINDS.iter().map(|(kind, _, operation)| (*kind, *operation));
    of(Provider::Cognito, cognito::KINDS)
        .chain(of(Provider::Auth0, auth0::LOG_KINDS))
        .chain(stream.map(|(kind, operation)| (Provider::Auth0, kind, operation)))
        .chain(of(Provider::Okta, okta::KINDS))
        .chain(of(Provider::Generic, generic::KINDS))
}
