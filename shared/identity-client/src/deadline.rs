//! The time a call has.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// Longer than any call, and short enough that no clock arithmetic can overflow.
const LONGEST_BUDGET: Duration = Duration::from_hours(365 * 24);

/// When a call began (wall clock) and when it must be over (monotonic clock).
///
/// Nothing in this crate reads the system clock: the wall clock that requests are signed with is the
/// one given here, moved on by the time that has passed since.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    wall: Timestamp,
    started: Instant,
    until: Instant,
}

impl Deadline {
    /// A call that begins at `now` and must be over after `budget`.
    #[must_use]
    pub fn new(now: Timestamp, budget: Duration) -> Self {
        let started = Instant::now();
        Self { wall: now, started, until: started + budget.min(LONGEST_BUDGET) }
    }

    /// The wall clock's time at this moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.wall.saturating_add(self.started.elapsed()).unwrap_or(self.wall)
    }

    /// The time since the call began.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// The time that is left; zero when the call is over.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// The moment at which the call must be over.
    #[must_use]
    pub fn instant(&self) -> Instant {
        self.until
    }

    /// The same clock with `budget` from this moment on, or with the time that is left if that is less.
    #[must_use]
    pub fn sooner(&self, budget: Duration) -> Self {
        let until = Instant::now() + budget.min(LONGEST_BUDGET);
        Self { until: self.until.min(until), ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Timestamp {
        "2026-11-23T12:00:00Z".parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn the_wall_clock_moves_on_with_the_monotonic_one() {
        let deadline = Deadline::new(noon(), Duration::from_secs(10));
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(deadline.now().to_string(), "2026-11-23T12:00:04Z");
        assert_eq!(deadline.remaining(), Duration::from_secs(6));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_over_has_no_time_left() {
        let deadline = Deadline::new(noon(), Duration::from_secs(1));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(deadline.remaining(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_sooner_deadline_is_never_a_later_one() {
        let deadline = Deadline::new(noon(), Duration::from_secs(10));
        tokio::time::advance(Duration::from_secs(4)).await;
        let sooner = deadline.sooner(Duration::from_secs(2));
        assert_eq!(sooner.remaining(), Duration::from_secs(2));
        assert_eq!(sooner.now(), deadline.now());
        assert_eq!(deadline.sooner(Duration::MAX).instant(), deadline.instant());
    }
}
