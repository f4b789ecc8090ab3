//! The time of the simulated world, and the clocks that show another one.

use std::cell::Cell;
use std::future::Future;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use identity_client::{Deadline, Timestamp};
use tokio::time::Instant;

thread_local! {
    static WALL: Cell<Option<(Timestamp, Instant)>> = const { Cell::new(None) };
}

tokio::task_local! {
    static REQUEST: u32;
}

/// A clock that is ahead of the true time, or behind it.
#[derive(Debug, Default)]
pub(crate) struct Clock(AtomicI64);

/// By how much a process's clock is ahead or behind at most. If two clocks differed by five minutes,
/// the one would cut the events of the other.
pub(crate) const MAX_DIFFERENCE_MILLIS: u64 = 120_000;

/// The true time, which is ACS's too. It stands still while all tasks work.
pub(crate) fn now() -> Timestamp {
    let started = WALL.get().unwrap_or_else(|| {
        let start = "2026-11-23T00:00:00.25Z".parse().expect("an instant");
        WALL.set(Some((start, Instant::now())));
        (start, Instant::now())
    });
    started.0.checked_add(started.1.elapsed()).expect("an instant")
}

pub(crate) fn reset_clock() {
    WALL.set(None);
}

/// Runs a future as the request of this number.
pub(crate) async fn as_request<F: Future>(number: u32, request: F) -> F::Output {
    REQUEST.scope(number, request).await
}

/// Returns the number of the request that this task serves; 0 is nobody's.
pub(crate) fn request() -> u32 {
    REQUEST.try_with(|number| *number).unwrap_or(0)
}

impl Clock {
    pub(crate) fn set(&self, millis_ahead: i64) {
        self.0.store(millis_ahead, Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> Timestamp {
        let ahead = jiff_millis(self.0.load(Ordering::Relaxed));
        if ahead.1 { now() - ahead.0 } else { now() + ahead.0 }
    }

    pub(crate) fn deadline(&self, budget: Duration) -> Deadline {
        Deadline::new(self.now(), budget)
    }
}

/// Returns the length, and whether it goes back.
fn jiff_millis(millis: i64) -> (Duration, bool) {
    (Duration::from_millis(millis.unsigned_abs()), millis < 0)
}
