//! Instants as the console shows them.

use acs_broker_core::EpochSeconds;
use jiff::Timestamp;

/// Returns a second as an instant.
pub(crate) fn instant(seconds: EpochSeconds) -> Option<Timestamp> {
    Timestamp::from_second(seconds.0).ok()
}

/// Returns an instant's time of day, UTC.
pub(crate) fn of_day(instant: Timestamp) -> String {
    instant.strftime("%H:%M:%S UTC").to_string()
}
