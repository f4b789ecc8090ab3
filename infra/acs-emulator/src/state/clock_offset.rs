//! How far the resource's clock is from the wall clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// The distance of a resource's clock from the wall clock. Clones share it, so that other parts of a
/// stack can have the same time.
#[derive(Clone, Debug, Default)]
pub struct ClockOffset(Arc<AtomicI64>);

impl ClockOffset {
    /// Returns the distance in seconds; positive where the resource's clock is ahead.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Returns the time by the resource's clock.
    #[must_use]
    pub fn apply(&self, wall: Timestamp) -> Timestamp {
        Self::add(wall, self.seconds()).unwrap_or(wall)
    }

    /// Returns `wall` moved by `seconds`, if a timestamp can hold it.
    pub(crate) fn add(wall: Timestamp, seconds: i64) -> Option<Timestamp> {
        wall.checked_add(SignedDuration::from_secs(seconds)).ok()
    }

    pub(crate) fn set(&self, seconds: i64) {
        self.0.store(seconds, Ordering::Relaxed);
    }
}
