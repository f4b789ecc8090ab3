//! What the user has been given, and what was acknowledged.

use acs_broker_core::{EpochSeconds, Record};
use acs_emulator::Emulator;
use identity_client::{Timestamp, UserToken};

/// The tokens in the user's hands and the acknowledgements, in the order of their arrival.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    ticks: u32,
    tokens: Vec<Returned>,
    promises: Vec<Promise>,
}

#[derive(Debug)]
struct Returned {
    sign_in: EpochSeconds,
    at: u32,
    token: UserToken,
}

/// An acknowledged revocation, suspension or deletion.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Promise {
    /// Sessions up to this second have ended; `None` where sessions were kept.
    pub(crate) cutoff: Option<EpochSeconds>,
    pub(crate) deletes: bool,
    pub(crate) asked: u32,
    pub(crate) acknowledged: u32,
}

impl Ledger {
    /// Returns a moment that is later than all before.
    pub(crate) fn tick(&mut self) -> u32 {
        self.ticks += 1;
        self.ticks
    }

    pub(crate) fn promised(&mut self, promise: Promise) {
        self.promises.push(promise);
    }

    /// A token was handed out to a request that began at `asked`.
    pub(crate) fn token_returned(&mut self, sign_in: EpochSeconds, asked: u32, token: UserToken) {
        let broken = self.promises.iter().find(|promise| {
            promise.cutoff.is_some_and(|cutoff| sign_in <= cutoff) && promise.acknowledged < asked
        });
        assert!(broken.is_none(), "invariant 2: an ended session got a token: {broken:?}");
        let at = self.tick();
        self.tokens.push(Returned { sign_in, at, token });
    }

    /// Every token that an acknowledged operation ends is dead.
    pub(crate) fn check(&self, emulator: &Emulator, now: Timestamp) {
        for returned in &self.tokens {
            let ends = |promise: &&Promise| match promise.cutoff {
                Some(cutoff) => returned.sign_in <= cutoff,
                None => returned.at < promise.asked,
            };
            let Some(promise) = self.promises.iter().find(ends) else { continue };
            let is_active = emulator.introspect(returned.token.token.secret(), now).is_active();
            assert!(!is_active, "invariant 2: {promise:?} was acknowledged, {returned:?} lives");
        }
    }

    /// The record has forgotten nothing that was acknowledged.
    pub(crate) fn check_record(&self, record: &Record, global_cutoff: Option<EpochSeconds>) {
        let cutoff = record.cutoff(global_cutoff);
        for promise in &self.promises {
            assert!(promise.cutoff <= cutoff, "invariant 3: {promise:?} was forgotten: {record:?}");
            let Some(bound) = record.bound().filter(|_| promise.deletes) else { continue };
            let is_new = promise.cutoff < Some(bound.sign_in);
            assert!(is_new, "invariant 4: an old session resurrected the user: {record:?}");
        }
    }
}
