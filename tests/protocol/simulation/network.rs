//! Messages to a server and its replies, late, once, or not at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout_at};

use crate::random::Random;
use crate::swarm::{Chaos, Swarm};

/// Carries messages to a server and its answers back, late, once, or not at all. What was sent
/// arrives even when its sender has died or given up since.
#[derive(Debug)]
pub(crate) struct Network {
    random: Arc<Random>,
    swarm: Swarm,
    is_calm: AtomicBool,
}

/// Why a sender has no answer.
#[derive(Debug)]
pub(crate) enum Broken {
    /// There was no connection; nothing was sent.
    NotSent,
    /// The connection broke, or the time was over.
    Interrupted,
}

impl Network {
    pub(crate) fn new(random: Arc<Random>, swarm: Swarm) -> Self {
        Self { random, swarm, is_calm: AtomicBool::new(false) }
    }

    /// From now on every message arrives soon.
    pub(crate) fn calm_down(&self) {
        self.is_calm.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.is_calm.load(Ordering::Relaxed)
    }

    /// Whether something goes wrong now, of which this many in a thousand messages suffer.
    pub(crate) fn suffers(&self, chaos: Chaos, per_mille: u64) -> bool {
        let can = self.swarm.has(chaos) && !self.is_calm();
        can && self.random.below(1000) < per_mille
    }

    fn delay(&self, usual: u64) -> Duration {
        let is_slow = self.suffers(Chaos::Slow, 30);
        if is_slow { self.random.millis(500, 9_000) } else { self.random.millis(1, usual) }
    }

    pub(crate) async fn exchange<T: Send + 'static>(
        &self,
        usual_millis: u64,
        until: Instant,
        serve: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Broken> {
        if self.suffers(Chaos::Loss, 20) {
            return Err(Broken::NotSent);
        }
        let (there, back) = (self.delay(usual_millis), self.delay(usual_millis));
        let is_lost = self.suffers(Chaos::Loss, 20);
        let answer_is_lost = self.suffers(Chaos::Loss, 30);
        let breaks_at = self.suffers(Chaos::Loss, 500).then(|| there + back);
        let (sender, receiver) = oneshot::channel();
        tokio::spawn(async move {
            sleep(there).await;
            if is_lost {
                return keep_until_broken(sender, breaks_at).await;
            }
            let answer = serve();
            sleep(back).await;
            if answer_is_lost {
                return keep_until_broken(sender, breaks_at).await;
            }
            let _ = sender.send(answer);
        });
        match timeout_at(until, receiver).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) | Err(_) => Err(Broken::Interrupted),
        }
    }
}

/// A lost message shows as a reset after a while, or as silence.
async fn keep_until_broken<T>(sender: oneshot::Sender<T>, breaks_after: Option<Duration>) {
    sleep(breaks_after.unwrap_or(Duration::from_mins(1))).await;
    drop(sender);
}
