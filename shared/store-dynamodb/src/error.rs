use std::error::Error;

use thiserror::Error;

/// Why the table gave no answer.
#[derive(Debug, Error)]
#[error("{what}")]
pub struct TableError {
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

impl TableError {
    /// The table is out of reach or did not answer in time; a write may have happened.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let what = "the user table did not answer";
        Self { kind: Kind::Unavailable, what, source: source.into() }
    }

    /// The table is over its capacity.
    pub fn throttled(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let what = "the user table is over its capacity";
        Self { kind: Kind::Throttled, what, source: source.into() }
    }

    /// The table refused the call: a missing right, a missing table, a malformed request.
    pub fn refused(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let what = "the user table refused the call";
        Self { kind: Kind::Refused, what, source: source.into() }
    }

    /// A row holds something that this version cannot read; the source names the attribute and its
    /// rule.
    pub fn corrupt(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let what = "the user table holds a row that this version cannot read";
        Self { kind: Kind::Corrupt, what, source: source.into() }
    }

    /// Whether trying again later can help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self.kind, Kind::Unavailable | Kind::Throttled)
    }

    /// Whether the table is over its capacity.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        self.kind == Kind::Throttled
    }

    /// Whether the row itself is the trouble.
    #[must_use]
    pub fn is_corrupt(&self) -> bool {
        self.kind == Kind::Corrupt
    }
}
