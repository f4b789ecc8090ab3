//! The access keys of one resource: which one signs, and which is tried when ACS refuses it.

mod key_state;

use std::error::Error;
use std::fmt::{self, Debug};
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use self::key_state::KeyState;
use crate::credentials::access_key::AccessKey;

/// The shortest time between two refreshes. When the clock is wrong and not the keys, ACS refuses
/// every request, and each of them would call the source.
const MIN_REFRESH_INTERVAL: Duration = Duration::from_mins(1);

/// Where a [`KeyRing`] gets fresh keys when ACS refuses all that it has.
pub trait KeySource: Debug + Send + Sync + 'static {
    /// Returns the keys as they are now, the one to begin with first. The caller may give up before
    /// the future is ready.
    ///
    /// Resolves to an error when the keys cannot be fetched. Operators read it, so it must not show
    /// a key.
    fn keys(&self) -> FreshKeys<'_>;
}

/// The future that a [`KeySource`] returns.
pub type FreshKeys<'a> =
    Pin<Box<dyn Future<Output = Result<Vec<AccessKey>, Box<dyn Error + Send + Sync>>> + Send + 'a>>;

/// The access keys of one resource, so that one can be regenerated while another signs.
///
/// A request that ACS refuses with 401 is signed anew once, with the present time, and then sent
/// again with each further key, once. When ACS refuses all of them, the source is called for fresh
/// keys: by one request for all that wait, and at most once a minute. The key that was accepted
/// takes the place of the first one for five minutes. Clones share all of this.
#[derive(Clone)]
pub struct KeyRing {
    keys: Arc<Mutex<KeyState>>,
    source: Option<Arc<dyn KeySource>>,
    last_refresh: Arc<tokio::sync::Mutex<Option<Refresh>>>,
}

/// The last call of the source.
struct Refresh {
    began: Instant,
    outcome: Result<(), RefreshError>,
}

/// Why there are no fresh keys.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum RefreshError {
    #[error("fresh keys could not be fetched")]
    Failed(#[source] Arc<dyn Error + Send + Sync>),
    #[error("fresh keys did not come in time")]
    TimedOut,
}

impl KeyRing {
    /// Returns a ring that begins to sign with `first` and keeps `others` for when ACS refuses it.
    #[must_use]
    pub fn new(first: AccessKey, others: Vec<AccessKey>) -> Self {
        let keys = Arc::new(Mutex::new(KeyState::new(first, others)));
        Self { keys, source: None, last_refresh: Arc::default() }
    }

    /// Returns the same ring, which gets fresh keys from `source` when ACS refuses all that it has.
    #[must_use]
    pub fn with_refresh(self, source: Arc<dyn KeySource>) -> Self {
        Self { source: Some(source), ..self }
    }

    /// Returns the key that signs now.
    pub(crate) fn key_in_use(&self) -> AccessKey {
        self.state().current()
    }

    /// Returns the selector of one call, which begins with the key in use.
    pub(crate) fn selector(&self) -> KeySelector<'_> {
        let key = self.state().current();
        KeySelector { ring: self, key, is_signed_anew: false, refused: Vec::new() }
    }

    /// Fetches fresh keys from the source. Within a minute of the last refresh, returns the outcome
    /// of that one.
    async fn refresh(&self, until: Instant) -> Result<(), RefreshError> {
        let Some(source) = &self.source else { return Ok(()) };
        // The lock makes all requests wait for the one that calls the source.
        let turn = timeout_at(until, self.last_refresh.lock()).await;
        let mut last = turn.map_err(|_| RefreshError::TimedOut)?;
        if let Some(last) = &*last
            && last.began.elapsed() < MIN_REFRESH_INTERVAL
        {
            return last.outcome.clone();
        }
        tracing::warn!("ACS refused every access key; fetching fresh ones");
        // Stays if this request is dropped before the source has responded.
        *last = Some(Refresh { began: Instant::now(), outcome: Err(RefreshError::TimedOut) });
        let outcome = match timeout_at(until, source.keys()).await {
            Ok(Ok(fresh)) => {
                self.state().replace(fresh);
                Ok(())
            }
            Ok(Err(why)) => Err(RefreshError::Failed(why.into())),
            Err(_) => Err(RefreshError::TimedOut),
        };
        if let Some(last) = &mut *last {
            last.outcome.clone_from(&outcome);
        }
        outcome
    }

    fn state(&self) -> MutexGuard<'_, KeyState> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Selects the key that signs one call, and remembers the keys with which ACS has refused it.
pub(crate) struct KeySelector<'a> {
    ring: &'a KeyRing,
    key: AccessKey,
    /// Whether the call was signed twice with the same key.
    is_signed_anew: bool,
    refused: Vec<AccessKey>,
}

impl KeySelector<'_> {
    /// Returns the key that signs the next attempt.
    pub(crate) fn key(&self) -> &AccessKey {
        &self.key
    }

    /// Keeps the key for later calls, as ACS has accepted it.
    pub(crate) fn accept(&self) {
        // Without a refusal there is nothing to change: a slow call must not bring back a key that
        // ACS has refused to another call meanwhile.
        if !self.refused.is_empty() {
            self.ring.state().promote(&self.key);
        }
    }

    /// Selects the key for another attempt, after ACS has refused the call. Returns false when
    /// there is none.
    ///
    /// The first refusal of a call may be the fault of its date: a function that was frozen between
    /// signing and sending sends a date that has passed. So the same key signs once more.
    pub(crate) async fn next(&mut self, until: Instant) -> Result<bool, RefreshError> {
        if !mem::replace(&mut self.is_signed_anew, true) {
            return Ok(true);
        }
        self.refused.push(self.key.clone());
        if self.select_untried() {
            return Ok(true);
        }
        self.ring.refresh(until).await?;
        Ok(self.select_untried())
    }

    fn select_untried(&mut self) -> bool {
        let untried = self.ring.state().next_untried(&self.refused).cloned();
        untried.map(|key| self.key = key).is_some()
    }
}

impl Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
