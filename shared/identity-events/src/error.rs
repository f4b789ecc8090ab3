//! Events that cannot be carried out and must be seen by an operator.

use thiserror::Error;

use crate::kind;
use crate::provider::Provider;

/// An event that cannot be carried out and must not be dropped: an operator has to look at it.
/// It holds no user's data.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum EventError {
    /// The text does not have the form of an event.
    #[error("{field}: {rule}")]
    Malformed {
        /// The part of the text, as a JSON pointer (RFC 6901).
        field: &'static str,
        /// The rule that the part breaks.
        rule: &'static str,
    },
    /// Its source is not among the configured ones.
    #[error("source: is not among the configured ones")]
    UnknownSource,
    /// Its kind is unknown: no operation is known to follow, nor is it known to be harmless.
    #[error("{} {kind}: the kind of event is not known", .provider.name())]
    UnknownKind {
        /// The provider that sent it.
        provider: Provider,
        /// The provider's name for it, or `other` where that is not a name: safe in a log.
        kind: String,
    },
    /// It does not name the user it is about.
    #[error("{} {kind}: does not name a user", .provider.name())]
    WithoutUser {
        /// The provider that sent it.
        provider: Provider,
        /// The provider's name for it.
        kind: String,
    },
    /// Its time is more than five minutes from now.
    #[error("{} {kind}: is more than 5 minutes ahead of our clock", .provider.name())]
    TimestampInFuture {
        /// The provider that sent it.
        provider: Provider,
        /// The provider's name for it.
        kind: String,
    },
}

impl EventError {
    /// The name for logs and metrics, stable, `snake_case`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "event_malformed",
            Self::UnknownSource => "unknown_source",
            Self::UnknownKind { .. } => "unknown_kind",
            Self::WithoutUser { .. } => "event_without_user",
            Self::TimestampInFuture { .. } => "event_timestamp_in_future",
        }
    }

    pub(crate) const fn malformed(field: &'static str, rule: &'static str) -> Self {
        Self::Malformed { field, rule }
    }

    pub(crate) fn unknown_kind(provider: Provider, kind: &str) -> Self {
        Self::UnknownKind { provider, kind: kind::loggable(kind).to_owned() }
    }

    pub(crate) fn without_user(provider: Provider, kind: &str) -> Self {
        Self::WithoutUser { provider, kind: kind.to_owned() }
    }
}
