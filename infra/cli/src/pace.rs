//! Many users, one after the other, as fast as ACS should be asked.

use std::future::Future;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use indicatif::ProgressBar;
use tokio::time::{MissedTickBehavior, interval};

/// A tenth of a second between two users: 300 in 30 seconds. ACS revokes 500 in 30 seconds; the
/// rest is for the functions.
pub(crate) const PAUSE: Duration = Duration::from_millis(100);
/// A revocation takes ACS about a quarter of a second.
const AT_ONCE: usize = 4;

/// Acts on one item after the other and returns what came of each, in their order. When `stop`
/// resolves no further one is begun; those under way are finished.
pub(crate) async fn each<I, O, F>(
    items: Vec<I>,
    bar: &ProgressBar,
    stop: impl Future<Output = ()>,
    act: impl Fn(I) -> F,
) -> Vec<O>
where
    F: Future<Output = O>,
{
    let mut ticks = interval(PAUSE);
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
                bar.inc(1);
                output
            }
        })
        .buffered(AT_ONCE)
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

    #[tokio::test(start_paused = true)]
    async fn acs_is_never_asked_more_than_ten_times_a_second_however_fast_it_is() {
        let (start, begun) = (Instant::now(), Mutex::new(Vec::new()));
        let bar = Progress::HIDDEN.bar(50);
        let done = each((0..50).collect(), &bar, pending(), |number| {
            begun.lock().unwrap().push(start.elapsed());
            // A slow one must not be made good for by a burst.
            let takes = Duration::from_millis(if number == 10 { 3000 } else { 1 });
            async move {
                sleep(takes).await;
                number
            }
        });
        assert_eq!(done.await, (0..50).collect::<Vec<_>>(), "in their order");
        let begun = begun.into_inner().unwrap();
        for pair in begun.windows(2) {
            assert!(pair[1] >= pair[0] + PAUSE, "{pair:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn acs_being_slow_does_not_slow_the_walk_down_more_than_it_must() {
        let start = Instant::now();
        let bar = Progress::HIDDEN.bar(100);
        each((0..100).collect(), &bar, pending(), |_: u32| sleep(Duration::from_millis(250))).await;
        assert!(start.elapsed() < Duration::from_secs(11), "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn an_interruption_finishes_what_is_under_way_and_begins_nothing_else() {
        let bar = Progress::HIDDEN.bar(100);
        let stop = sleep(Duration::from_millis(450));
        let done = each((0..100).collect(), &bar, stop, |number: u32| async move {
            sleep(Duration::from_millis(250)).await;
            number
        });
        assert_eq!(done.await, [0, 1, 2, 3, 4]);
    }
}
