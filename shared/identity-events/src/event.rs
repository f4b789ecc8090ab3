//! Events as callers get them: the operation, the user and the time.

use acs_broker_core::{Operation, RecordKey};
use jiff::Timestamp;

use crate::provider::Provider;
use crate::skip::Skipped;

/// The result of reading one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// An operation follows for a user.
    Event(ProviderEvent),
    /// Nothing follows.
    Skipped(Skipped),
}

/// A change to a user at their identity provider, and the operation that follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderEvent {
    /// The provider's own id of the event, else the envelope's: at most 128 characters, no secret.
    pub id: String,
    /// The provider that sent it.
    pub provider: Provider,
    /// The provider's name for it: at most 64 characters, safe in a log.
    pub kind: String,
    /// The user it is about.
    pub user: RecordKey,
    /// The operation that follows.
    pub operation: Operation,
    /// When it happened, by the provider's clock.
    pub occurred_at: Timestamp,
}
