//! A loop over many users at the rate that ACS allows.

use std::future::Future;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use tokio::time::{MissedTickBehavior, interval};

use crate::progress::Meter;

/// The pause between two users: 300 users in 30 seconds. ACS allows 500 revocations in 30 seconds;
/// the rest is for the functions.
pub(crate) const PAUSE: Duration = Duration::from_millis(100);
/// A revocation takes ACS about a quarter of a second, so four at once keep up with the pause.
const CONCURRENCY: usize = 4;

/// Acts on one item after the other, no two closer than `pause`, and returns the results in the
/// order of the items. When `stop` resolves, no further item is started; those under way are
/// finished.
pub(crate) async fn for_each<I, O, F>(
    items: Vec<I>,
    meter: &Meter,
    pause: Duration,
    stop: impl Future<Output = ()>,
    act: impl Fn(I) -> F,
) -> Vec<O>
where
    F: Future<Output = O>,
{
    let mut ticks = interval(pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let paced = stream::unfold((items.into_iter(), ticks), |(mut items, mut ticks)| async move {
        let item = items.next()?;
        ticks.tick().await;
        Some((item, (items, ticks)))
    });
    paced
        .take_until(stop)
        .map(|item| {
            let done = act(item);
            async move {
                let output = done.await;
                meter.inc(1);
                output
            }
        })
        .buffered(CONCURRENCY)
        .collect()
        .await
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::Mutex;

    use tokio::time::{Instant, sleep};

    use super::*;
    use crate::progress::Progress;

    /// ACS gets at most ten requests a second, however fast it is.
    #[tokio::test(start_paused = true)]
    async fn rate_never_exceeds_ten_a_second() {
        let (start, started) = (Instant::now(), Mutex::new(Vec::new()));
        let meter = Progress::HIDDEN.meter(Some(50));
        let done = for_each((0..50).collect(), &meter, PAUSE, pending(), |number| {
            started.lock().unwrap().push(start.elapsed());
            // A slow item must not be followed by a burst.
            let takes = Duration::from_millis(if number == 10 { 3000 } else { 1 });
            async move {
                sleep(takes).await;
                number
            }
        });
        assert_eq!(done.await, (0..50).collect::<Vec<_>>(), "in their order");
        let started = started.into_inner().unwrap();
        for pair in started.windows(2) {
            assert!(pair[1] >= pair[0] + PAUSE, "{pair:?}");
        }
    }

    /// A slow ACS does not slow the loop down: calls overlap.
    #[tokio::test(start_paused = true)]
    async fn slow_calls_do_overlap() {
        let start = Instant::now();
        let meter = Progress::HIDDEN.meter(Some(100));
        for_each((0..100).collect(), &meter, PAUSE, pending(), |_: u32| {
            sleep(Duration::from_millis(250))
        })
        .await;
        assert!(start.elapsed() < Duration::from_secs(11), "{:?}", start.elapsed());
    }

    /// An interruption finishes the items under way and starts no other.
    #[tokio::test(start_paused = true)]
    async fn interruption_starts_nothing_more() {
        let meter = Progress::HIDDEN.meter(Some(100));
        let stop = sleep(Duration::from_millis(450));
        let done = for_each((0..100).collect(), &meter, PAUSE, stop, |number: u32| async move {
            sleep(Duration::from_millis(250)).await;
            number
        });
        assert_eq!(done.await, [0, 1, 2, 3, 4]);
    }
}
