//! Which of a resource's access keys signs, when ACS no longer accepts the one that did.

use std::{
    error::Error,
    fmt::{self, Debug},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, timeout_at};

use crate::AccessKey;

/// How long a source is left alone after it was asked: when it is not the keys that are wrong but the
/// clock, every request is refused, and every one would ask.
const RENEWAL_PAUSE: Duration = Duration::from_mins(1);

/// How long another key signs in the place of the first one. Then that is asked again: a single refusal
/// by mistake must not leave a process with the key that is about to be regenerated.
const STAND_IN: Duration = Duration::from_mins(5);

/// Where a [`KeyRing`] gets fresh keys when ACS refuses all that it has.
pub trait KeySource: Debug + Send + Sync + 'static {
    /// The keys as they are now, the one to begin with first. Who waits for them may give up before.
    ///
    /// Resolves to an error when they cannot be had. Operators read it, so it must not show a key.
    fn keys(&self) -> FreshKeys<'_>;
}

/// What a [`KeySource`] is asked for.
pub type FreshKeys<'a> =
    Pin<Box<dyn Future<Output = Result<Vec<AccessKey>, Box<dyn Error + Send + Sync>>> + Send + 'a>>;

/// The access keys of one resource, so that one can be regenerated while another signs.
///
/// A request that ACS refuses with 401 is sent again with each further key, once. When all are refused
/// the source is asked for fresh ones: by one request for all that wait, and at most once a minute. The
/// key that was accepted stands in for the first one for five minutes. Clones share all of this.
#[derive(Clone)]
pub struct KeyRing {
    keys: Arc<Mutex<Known>>,
    source: Option<Arc<dyn KeySource>>,
    renewal: Arc<tokio::sync::Mutex<Option<Renewal>>>,
}

struct Known {
    first: AccessKey,
    others: Vec<AccessKey>,
    stand_in: Option<StandIn>,
}

/// A key that signs because ACS has refused the first one.
struct StandIn {
    key: AccessKey,
    since: Instant,
}

/// The last time that the source was asked.
struct Renewal {
    began: Instant,
    outcome: Result<(), RenewalError>,
}

/// Why there are no fresh keys.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum RenewalError {
    #[error("fresh keys could not be had")]
    Failed(#[source] Arc<dyn Error + Send + Sync>),
    #[error("fresh keys did not come in time")]
    TooSlow,
}

impl KeyRing {
    /// A ring that begins to sign with `first` and keeps `others` for when ACS refuses it.
    #[must_use]
    pub fn new(first: AccessKey, others: Vec<AccessKey>) -> Self {
        let keys = Arc::new(Mutex::new(Known { first, others, stand_in: None }));
        Self { keys, source: None, renewal: Arc::default() }
    }

    /// The same keys, to be replaced by those of `source` when ACS refuses them all.
    #[must_use]
    pub fn renewed_by(self, source: Arc<dyn KeySource>) -> Self {
        Self { source: Some(source), ..self }
    }

    /// The choice of a key for one call, which begins with the one in use.
    pub(crate) fn choice(&self) -> KeyChoice<'_> {
        KeyChoice { ring: self, key: self.known().in_use(), refused: Vec::new() }
    }

    /// Asks the source for fresh keys. If that was done less than a minute ago, tells what came of it.
    async fn renew(&self, until: Instant) -> Result<(), RenewalError> {
        let Some(source) = &self.source else { return Ok(()) };
        let turn = timeout_at(until, self.renewal.lock()).await;
        let mut last = turn.map_err(|_| RenewalError::TooSlow)?;
        if let Some(last) = &*last
            && last.began.elapsed() < RENEWAL_PAUSE
        {
            return last.outcome.clone();
        }
        tracing::warn!("every access key was refused, fresh ones are asked for");
        // Stays if this request is dropped before the source has answered.
        *last = Some(Renewal { began: Instant::now(), outcome: Err(RenewalError::TooSlow) });
        let outcome = match timeout_at(until, source.keys()).await {
            Ok(Ok(fresh)) => {
                self.known().replace(fresh);
                Ok(())
            }
            Ok(Err(why)) => Err(RenewalError::Failed(why.into())),
            Err(_) => Err(RenewalError::TooSlow),
        };
        if let Some(last) = &mut *last {
            last.outcome.clone_from(&outcome);
        }
        outcome
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn in_use(&mut self) -> AccessKey {
        self.stand_in.take_if(|stand_in| stand_in.since.elapsed() >= STAND_IN);
        self.stand_in.as_ref().map_or(&self.first, |stand_in| &stand_in.key).clone()
    }

    /// The first key that is none of `refused`.
    fn beside(&self, refused: &[AccessKey]) -> Option<&AccessKey> {
        [&self.first].into_iter().chain(&self.others).find(|key| !refused.contains(key))
    }

    fn prefer(&mut self, key: &AccessKey) {
        if self.first == *key {
            self.stand_in = None;
        } else if self.others.contains(key) {
            tracing::warn!("the access key in use was refused, another one accepted");
            self.stand_in = Some(StandIn { key: key.clone(), since: Instant::now() });
        }
    }

    fn replace(&mut self, fresh: Vec<AccessKey>) {
        let mut fresh = fresh.into_iter();
        if let Some(first) = fresh.next() {
            *self = Self { first, others: fresh.collect(), stand_in: None };
        }
    }
}

/// The key that signs one call, and those with which ACS has refused it.
pub(crate) struct KeyChoice<'a> {
    ring: &'a KeyRing,
    key: AccessKey,
    refused: Vec<AccessKey>,
}

impl KeyChoice<'_> {
    pub(crate) fn key(&self) -> &AccessKey {
        &self.key
    }

    /// Keeps the key for later calls, as ACS has accepted it.
    pub(crate) fn keep(&self) {
        if !self.refused.is_empty() {
            self.ring.known().prefer(&self.key);
        }
    }

    /// Chooses a key with which ACS has not refused the call. False when there is none.
    pub(crate) async fn change(&mut self, until: Instant) -> Result<bool, RenewalError> {
        self.refused.push(self.key.clone());
        if self.take_another() {
            return Ok(true);
        }
        self.ring.renew(until).await?;
        Ok(self.take_another())
    }

    fn take_another(&mut self) -> bool {
        let other = self.ring.known().beside(&self.refused).cloned();
        other.map(|key| self.key = key).is_some()
    }
}

impl Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
