//! Whole seconds, and arithmetic with instants that cannot fail.

use std::time::Duration;

use jiff::Timestamp;

/// Whole seconds since 1970: the unit of JWT claims (RFC 7519, `NumericDate`) and of DynamoDB's
/// TTL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EpochSeconds(pub i64);

/// Rounds down: a session that signed in within the second of a revocation counts as older.
impl From<Timestamp> for EpochSeconds {
    fn from(instant: Timestamp) -> Self {
        Self(instant.as_millisecond().div_euclid(1000))
    }
}

/// Returns the instant `pause` after `instant`, or the last one there is.
pub(crate) fn later(instant: Timestamp, pause: Duration) -> Timestamp {
    instant.checked_add(pause).unwrap_or(Timestamp::MAX)
}
