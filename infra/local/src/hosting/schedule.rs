//! The schedule of the function `sweep`: once a minute.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::clock::Clock;
use crate::hosting::functions::{Functions, InvokeError};

const PERIOD: Duration = Duration::from_mins(1);

/// Runs `sweep` now, with the event that the schedule would send, and returns its report.
///
/// # Errors
/// [`InvokeError`]: the function gave no report.
pub(crate) async fn sweep(functions: &Functions, now: Timestamp) -> Result<Value, InvokeError> {
    let event = json!({
        "version": "0",
        "id": "local",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "000000000000",
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "region": "local",
        "resources": [],
        "detail": {},
    });
    functions.invoke("sweep", event, "local-schedule", now).await
}

/// Sweeps once a minute until it is dropped; what goes wrong is logged, and tried again. `note`
/// takes each report.
pub(crate) async fn run(
    functions: Functions,
    clock: Clock,
    note: impl Fn(&Result<Value, InvokeError>) + Send,
) {
    let mut ticks = interval_at(Instant::now() + PERIOD, PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let swept = sweep(&functions, clock.now()).await;
        note(&swept);
        if let Err(error) = swept {
            tracing::error!(error = &error as &dyn std::error::Error, "the sweep failed");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use acs_emulator::ClockOffset;

    use super::*;
    use crate::hosting::functions::Function;

    /// The sweep goes on after one has failed.
    #[tokio::test(start_paused = true)]
    async fn sweep_continues_after_a_failure() {
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&runs);
        let failing: Function = Arc::new(move |event, _| {
            assert_eq!(event["time"], "2023-11-14T22:13:20Z");
            counted.fetch_add(1, Ordering::Relaxed);
            Box::pin(async { Err(InvokeError::TimedOut) })
        });
        let clock = Clock::new(|| Timestamp::constant(1_700_000_000, 0), ClockOffset::default());
        let schedule = run(Functions::new([("sweep", failing)]), clock, |_| {});
        assert!(tokio::time::timeout(PERIOD * 3 + PERIOD / 2, schedule).await.is_err());
        assert_eq!(runs.load(Ordering::Relaxed), 3);
    }
}
