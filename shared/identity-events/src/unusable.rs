use thiserror::Error;

use crate::event::Provider;

/// An event that cannot be carried out and must not be dropped either: somebody has to look at it.
/// Nothing of anybody's data is in it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Unusable {
    /// The text is not what it should be.
    #[error("{field}: {rule}")]
    NotAnEvent {
        /// Which part of the text, as a JSON pointer (RFC 6901).
        field: &'static str,
        /// Which rule it breaks.
        rule: &'static str,
    },
    /// It comes from a source that was not named as one to believe.
    #[error("source: is none of those configured")]
    UnknownSource,
    /// It does not say whom it is about.
    #[error("{} {kind}: does not say whom it is about", .provider.name())]
    WithoutUser {
        /// Who says it.
        provider: Provider,
        /// The provider's name for it.
        kind: String,
    },
    /// It is to have happened more than five minutes from now.
    #[error("{} {kind}: is more than 5 minutes ahead of our clock", .provider.name())]
    FromTheFuture {
        /// Who says it.
        provider: Provider,
        /// The provider's name for it.
        kind: String,
    },
}

impl Unusable {
    /// The name for logs and metrics, stable, `snake_case`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAnEvent { .. } => "not_an_event",
            Self::UnknownSource => "unknown_source",
            Self::WithoutUser { .. } => "event_without_user",
            Self::FromTheFuture { .. } => "event_from_the_future",
        }
    }
}
