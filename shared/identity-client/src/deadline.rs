//! The time that a call has.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// Longer than any call, and short enough that no clock arithmetic can overflow.
const MAX_BUDGET: Duration = Duration::from_hours(365 * 24);

/// When a call began (wall clock) and when it must be over (monotonic clock).
///
/// Nothing in this crate reads the system clock. Requests are signed with the wall clock's time
/// that is given here, moved on by the time that has passed since.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    began_at: Timestamp,
    started: Instant,
    expires_at: Instant,
}

impl Deadline {
    /// Returns the deadline of a call that begins at `now` and must be over after `budget`.
    #[must_use]
    pub fn new(now: Timestamp, budget: Duration) -> Self {
        let started = Instant::now();
        Self { began_at: now, started, expires_at: started + budget.min(MAX_BUDGET) }
    }

    /// Returns the wall clock's time at this moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.began_at.saturating_add(self.started.elapsed()).unwrap_or(self.began_at)
    }

    /// Returns the time since the call began.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Returns the time that is left; zero when the call is over.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.expires_at.saturating_duration_since(Instant::now())
    }

    /// Returns the moment at which the call must be over.
    #[must_use]
    pub fn expires_at(&self) -> Instant {
        self.expires_at
    }

    /// Returns the same clock with `budget` from this moment on, or with the time that is left if
    /// that is less.
    #[must_use]
    pub fn capped_at(&self, budget: Duration) -> Self {
        let expires_at = Instant::now() + budget.min(MAX_BUDGET);
        Self { expires_at: self.expires_at.min(expires_at), ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Timestamp {
        "2026-11-23T12:00:00Z".parse().unwrap()
    }

    /// The wall clock moves on with the monotonic one.
    #[tokio::test(start_paused = true)]
    async fn wall_clock_follows_monotonic_clock() {
        let deadline = Deadline::new(noon(), Duration::from_secs(10));
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(deadline.now().to_string(), "2026-11-23T12:00:04Z");
        assert_eq!(deadline.remaining(), Duration::from_secs(6));
    }

    /// A call that is over has no time left.
    #[tokio::test(start_paused = true)]
    async fn expired_call_has_no_time() {
        let deadline = Deadline::new(noon(), Duration::from_secs(1));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(deadline.remaining(), Duration::ZERO);
    }

    /// A capped deadline is never later than the deadline that it was made from.
    #[tokio::test(start_paused = true)]
    async fn capped_deadline_is_never_later() {
        let deadline = Deadline::new(noon(), Duration::from_secs(10));
        tokio::time::advance(Duration::from_secs(4)).await;
        let capped = deadline.capped_at(Duration::from_secs(2));
        assert_eq!(capped.remaining(), Duration::from_secs(2));
        assert_eq!(capped.now(), deadline.now());
        assert_eq!(deadline.capped_at(Duration::MAX).expires_at(), deadline.expires_at());
    }
}
