//! Why the store did not respond, and what that means for a caller.

use std::error::Error;

use thiserror::Error;

/// Why the store did not do what it was asked for.
#[derive(Debug, Error)]
#[error("{what}")]
pub struct StoreError {
    kind: Kind,
    what: &'static str,
    #[source]
    source: Box<dyn Error + Send + Sync>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Unavailable,
    Throttled,
    Refused,
    Corrupt,
}

impl StoreError {
    /// Returns the error of a table that is out of reach or did not respond in time. A write may have
    /// happened.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let what = "the user table did not respond";
        Self { kind: Kind::Unavailable, what, source: source.into() }
    }

    /// Returns the error of a table that is over its capacity.
    pub fn throttled(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let what = "the user table is over its capacity";
        Self { kind: Kind::Throttled, what, source: source.into() }
    }

    /// Returns the error of a table that refused the call: a missing right, a missing table, a
    /// malformed request.
    pub fn refused(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let what = "the user table refused the call";
        Self { kind: Kind::Refused, what, source: source.into() }
    }

    /// Returns the error of a row that this version cannot read. The source names the attribute and
    /// its rule.
    pub fn corrupt(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let what = "the user table holds a row that this version cannot read";
        Self { kind: Kind::Corrupt, what, source: source.into() }
    }

    /// Returns whether trying again later can help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self.kind, Kind::Unavailable | Kind::Throttled)
    }

    /// Returns whether the table is over its capacity.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        self.kind == Kind::Throttled
    }

    /// Returns whether the row itself is the cause.
    #[must_use]
    pub fn is_corrupt(&self) -> bool {
        self.kind == Kind::Corrupt
    }
}
