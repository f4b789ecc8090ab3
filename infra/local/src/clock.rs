//! The clock that all parts of the stack share.

use std::fmt;

use acs_emulator::ClockOffset;
use jiff::Timestamp;

/// Tells the time: the machine's, moved by as much as the ACS emulator's clock is. Clones share the
/// movement.
#[derive(Clone)]
pub(crate) struct Clock {
    wall: fn() -> Timestamp,
    offset: ClockOffset,
}

impl Clock {
    /// Returns a clock that follows `wall` at this distance.
    pub(crate) const fn new(wall: fn() -> Timestamp, offset: ClockOffset) -> Self {
        Self { wall, offset }
    }

    /// Returns the time.
    pub(crate) fn now(&self) -> Timestamp {
        self.offset.apply((self.wall)())
    }

    /// Returns the machine's time, which the emulator's own interface takes.
    pub(crate) fn wall(&self) -> Timestamp {
        (self.wall)()
    }

    /// Returns by how many seconds the clock is ahead of the machine's.
    pub(crate) fn offset_seconds(&self) -> i64 {
        self.offset.seconds()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Clock").field("offset", &self.offset).finish_non_exhaustive()
    }
}
