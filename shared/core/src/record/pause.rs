//! How long the next attempt at ACS for one user must wait.
//!
//! Without these pauses one user could use up the quota of all users: each request would try a
//! pending operation that ACS refuses, or create another identity whose id is lost.

use std::time::Duration;

use jiff::Timestamp;

use crate::time::later;

/// The pause after attempts to create an identity whose outcome is unknown. Each may have cost an
/// identity, so the pause doubles from one second to one minute. It ends with a binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreationPause {
    /// When the next attempt may begin.
    pub until: Timestamp,
    /// How long the pause is.
    pub length: Duration,
}

/// The last attempt to carry out a pending operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When it began.
    pub began_at: Timestamp,
    /// Whether it is known to have failed. Otherwise it may be under way, or its request died.
    pub failed: bool,
}

/// What a request may do about a pending operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttemptState {
    /// Another request attempts it. Its result is worth waiting for.
    UnderWay,
    /// The last attempt failed a moment ago. The next one may begin after this time.
    Paused(Duration),
    /// Nobody attempts it.
    Free,
}

const MIN_CREATION_PAUSE: Duration = Duration::from_secs(1);
const MAX_CREATION_PAUSE: Duration = Duration::from_mins(1);
/// How far apart the attempts of requests are for one user. A revocation takes ACS a quarter of a
/// second, so an attempt that lasts longer has died.
pub(crate) const ATTEMPT_INTERVAL: Duration = Duration::from_secs(5);

impl CreationPause {
    /// Returns the pause that follows on an attempt with an unknown outcome, after `earlier`.
    pub(crate) fn after(earlier: Option<Self>, now: Timestamp) -> Self {
        let doubled = earlier.map_or(MIN_CREATION_PAUSE, |pause| pause.length * 2);
        let length = doubled.min(MAX_CREATION_PAUSE);
        Self { until: later(now, length), length }
    }

    /// Returns how much of the pause is left.
    pub(crate) fn remaining(self, now: Timestamp) -> Option<Duration> {
        let left = Duration::try_from(self.until.duration_since(now)).ok()?;
        // A clock that was set back must not pause for longer.
        (!left.is_zero()).then(|| left.min(self.length))
    }
}

impl Attempt {
    /// Returns an attempt that begins now.
    #[must_use]
    pub const fn begin(now: Timestamp) -> Self {
        Self { began_at: now, failed: false }
    }

    /// Returns what a request may do at `now`.
    pub(crate) fn state(self, now: Timestamp) -> AttemptState {
        let next = later(self.began_at, ATTEMPT_INTERVAL);
        match Duration::try_from(next.duration_since(now)).ok().filter(|left| !left.is_zero()) {
            None => AttemptState::Free,
            // A clock that was set back must not pause for longer.
            Some(left) if self.failed => AttemptState::Paused(left.min(ATTEMPT_INTERVAL)),
            Some(left) if left > ATTEMPT_INTERVAL => AttemptState::Free,
            Some(_) => AttemptState::UnderWay,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millisecond: i64) -> Timestamp {
        Timestamp::from_millisecond(millisecond).unwrap()
    }

    /// Lost creations slow down: one second, then twice as long each time, up to a minute.
    #[test]
    fn creation_pause_doubles_to_a_minute() {
        let mut pause = None;
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            let next = CreationPause::after(pause, at(0));
            assert_eq!(next.length, Duration::from_secs(seconds));
            assert_eq!(next.until, at(i64::try_from(seconds).unwrap() * 1000));
            pause = Some(next);
        }
        let pause = pause.unwrap();
        assert_eq!(pause.remaining(at(59_000)), Some(Duration::from_secs(1)));
        assert_eq!(pause.remaining(at(60_000)), None);
        assert_eq!(pause.remaining(at(-3_600_000)), Some(pause.length), "a clock set back");
    }

    /// A failed attempt pauses the next one, one under way is waited for, and both for 5 seconds.
    #[test]
    fn attempt_counts_for_five_seconds() {
        let under_way = Attempt::begin(at(1000));
        let failed = Attempt { failed: true, ..under_way };
        for (now, running, over) in [
            (1000, AttemptState::UnderWay, AttemptState::Paused(Duration::from_secs(5))),
            (5999, AttemptState::UnderWay, AttemptState::Paused(Duration::from_millis(1))),
            (6000, AttemptState::Free, AttemptState::Free),
            // The clock was set back by an hour.
            (-3_600_000, AttemptState::Free, AttemptState::Paused(Duration::from_secs(5))),
        ] {
            assert_eq!((under_way.state(at(now)), failed.state(at(now))), (running, over), "{now}");
        }
    }
}
