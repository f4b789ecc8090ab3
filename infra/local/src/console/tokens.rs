//! Which ACS tokens a client got, and which ones the broker discarded.
//!
//! The broker asks ACS for a token before it reads the record. Where the session turns out to have
//! ended, the token exists at ACS and nobody has it.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use acs_emulator::TokenState;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Serialize;

/// How many tokens are remembered. Older ones count as handed out.
const MAX_TOKENS: usize = 10_000;

/// A token at ACS, and whether the broker discarded it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct KnownToken {
    /// What ACS knows.
    #[serde(flatten)]
    pub(crate) state: TokenState,
    /// Whether nobody got it through the gateway.
    pub(crate) discarded: bool,
}

/// The tokens that went through the gateway.
#[derive(Debug)]
pub(crate) struct HandedOut(Mutex<Kept>);

#[derive(Debug)]
struct Kept {
    /// Tokens that are older may have been handed out without being remembered.
    since: Timestamp,
    /// The fingerprints.
    known: HashSet<String>,
    /// The same in the order of the responses, each with its time.
    order: VecDeque<(String, Timestamp)>,
}

impl KnownToken {
    /// Returns whether somebody has the token and ACS accepts it.
    pub(crate) const fn is_live(&self) -> bool {
        self.state.active && !self.discarded
    }
}

impl HandedOut {
    /// Returns a memory that begins at `now`.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self(Mutex::new(Kept { since: now, known: HashSet::new(), order: VecDeque::new() }))
    }

    /// Notes that a client got the token with this text.
    pub(crate) fn note(&self, text: &str, now: Timestamp) {
        let fingerprint = STANDARD.encode(digest(&SHA256, text.as_bytes()));
        let mut kept = self.lock();
        kept.known.insert(fingerprint.clone());
        kept.order.push_back((fingerprint, now));
        if kept.order.len() > MAX_TOKENS
            && let Some((forgotten, at)) = kept.order.pop_front()
        {
            kept.known.remove(&forgotten);
            kept.since = at;
        }
    }

    /// Returns the tokens with what is known about their way to a client.
    pub(crate) fn judge(&self, tokens: Vec<TokenState>) -> Vec<KnownToken> {
        let kept = self.lock();
        let judged = tokens.into_iter().map(|state| {
            let is_known = kept.known.contains(&state.fingerprint);
            let discarded = !is_known && state.token.issued_at > kept.since;
            KnownToken { state, discarded }
        });
        judged.collect()
    }

    /// Returns what is remembered, the oldest first.
    pub(crate) fn fingerprints(&self) -> Vec<String> {
        self.lock().order.iter().map(|(fingerprint, _)| fingerprint.clone()).collect()
    }

    /// Replaces what is remembered. Nothing else was handed out before `now`.
    pub(crate) fn replace(&self, fingerprints: Vec<String>, now: Timestamp) {
        let mut kept = self.lock();
        kept.since = Timestamp::MIN;
        kept.known = fingerprints.iter().cloned().collect();
        kept.order = fingerprints.into_iter().map(|fingerprint| (fingerprint, now)).collect();
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
