//! The keys that are known, and which of them signs.

use std::time::Duration;

use tokio::time::Instant;

use crate::credentials::access_key::AccessKey;

/// How long a fallback key signs in the place of the first one. Then the first key is tried again:
/// a single refusal by mistake must not leave a process with the key that is regenerated next.
const FALLBACK_KEY_TTL: Duration = Duration::from_mins(5);

/// The keys of a ring.
pub(super) struct KeyState {
    first: AccessKey,
    others: Vec<AccessKey>,
    fallback: Option<FallbackKey>,
}

/// A key that signs because ACS has refused the first one.
struct FallbackKey {
    key: AccessKey,
    since: Instant,
}

impl KeyState {
    /// Returns the state in which `first` signs.
    pub(super) fn new(first: AccessKey, others: Vec<AccessKey>) -> Self {
        Self { first, others, fallback: None }
    }

    /// Returns the key that signs now.
    pub(super) fn current(&mut self) -> AccessKey {
        self.fallback.take_if(|fallback| fallback.since.elapsed() >= FALLBACK_KEY_TTL);
        self.fallback.as_ref().map_or(&self.first, |fallback| &fallback.key).clone()
    }

    /// Returns the first key that is not among `refused`.
    pub(super) fn next_untried(&self, refused: &[AccessKey]) -> Option<&AccessKey> {
        [&self.first].into_iter().chain(&self.others).find(|key| !refused.contains(key))
    }

    /// Makes `key` the one that signs, as ACS has accepted it after it had refused another one.
    pub(super) fn promote(&mut self, key: &AccessKey) {
        if self.first == *key {
            self.fallback = None;
        } else if self.others.contains(key) {
            tracing::warn!("ACS refused the access key in use and accepted another one");
            self.fallback = Some(FallbackKey { key: key.clone(), since: Instant::now() });
        }
        // A key that is neither was replaced meanwhile by a refresh, and stays so.
    }

    /// Replaces all keys. An empty list changes nothing: old keys are better than none.
    pub(super) fn replace(&mut self, fresh: Vec<AccessKey>) {
        let mut fresh = fresh.into_iter();
        if let Some(first) = fresh.next() {
            *self = Self::new(first, fresh.collect());
        }
    }
}
