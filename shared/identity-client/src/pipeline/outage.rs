//! What the client does while ACS is out of service: it asks ACS once a second, and fails all other
//! requests at once. A caller hears so in milliseconds and not after a timeout, and the function
//! does not wait at its users' cost.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Whether ACS is out of service, by the last attempts of every call.
#[derive(Debug, Default)]
pub(crate) struct Outage(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The attempts that have failed since the last one that has not.
    failures: u32,
    /// When the next attempt may be sent, during an outage.
    next_attempt: Option<Instant>,
}

/// So many attempts fail in a row before ACS counts as out of service. Two calls have six, so that
/// a failure of a moment refuses nobody else.
const MIN_FAILURES: u32 = 7;
/// How far apart the attempts are during an outage, and so how late its end may be noticed.
const INTERVAL: Duration = Duration::from_secs(1);

impl Outage {
    /// Admits an attempt at `now`. During an outage it admits one a second.
    ///
    /// # Errors
    /// How long to wait for the next one.
    pub(crate) fn admit(&self, now: Instant) -> Result<(), Duration> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(next) = &mut state.next_attempt {
            if now < *next {
                return Err(*next - now);
            }
            *next = now + INTERVAL;
        }
        Ok(())
    }

    /// Notes how an attempt has ended: with any word of ACS's, or without one.
    pub(crate) fn note(&self, is_served: bool, now: Instant) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if is_served {
            *state = State::default();
            return;
        }
        state.failures = state.failures.saturating_add(1);
        if state.failures >= MIN_FAILURES {
            state.next_attempt = Some(now + INTERVAL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A user must not be refused because ACS has failed a few times.
    #[test]
    fn begins_after_seven_failures_in_a_row() {
        let (outage, now) = (Outage::default(), Instant::now());
        for served in [6, 0, 6] {
            (0..served).for_each(|_| outage.note(false, now));
            assert_eq!(outage.admit(now), Ok(()));
            if served == 0 {
                outage.note(true, now);
            }
        }
        outage.note(false, now);
        assert_eq!(outage.admit(now), Err(INTERVAL));
    }

    /// A request a second finds out that ACS is back, also if one of them never ends.
    #[test]
    fn admits_one_attempt_a_second() {
        let (outage, begin) = (Outage::default(), Instant::now());
        (0..MIN_FAILURES).for_each(|_| outage.note(false, begin));
        let second = begin + INTERVAL;
        assert_eq!(outage.admit(second - Duration::from_millis(1)), Err(Duration::from_millis(1)));
        assert_eq!(outage.admit(second), Ok(()));
        assert_eq!(outage.admit(second), Err(INTERVAL), "the first one is under way");
        assert_eq!(outage.admit(second + INTERVAL), Ok(()), "the first one hangs");
        outage.note(true, second + INTERVAL);
        assert_eq!(outage.admit(second + INTERVAL), Ok(()), "ACS is back");
    }
}
