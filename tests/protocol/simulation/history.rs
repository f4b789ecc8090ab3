use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Mutex;

use acs_broker_core::{BrokerError, BrokerEvent, EpochSeconds, Observer, RecordKey, StoreError};
use acs_emulator::Emulator;
use identity_client::{Timestamp, UserToken};
use tokio::time::Instant;

use crate::decisions::{Decision, Decisions, Moment};
use crate::network::now;

/// What the users and operators of a world have seen, and what they were promised.
#[derive(Debug, Default)]
pub(crate) struct History {
    told: Mutex<Told>,
    happened: Mutex<BTreeMap<String, u64>>,
}

#[derive(Debug, Default)]
struct Told {
    tokens: Vec<Returned>,
    promises: Vec<Promise>,
    decisions: Decisions,
    /// The global cutoffs, and since when each has certainly been written.
    marks: Vec<(EpochSeconds, Instant)>,
}

#[derive(Debug)]
struct Returned {
    user: RecordKey,
    sign_in: EpochSeconds,
    at: Instant,
    token: UserToken,
    /// Once dead a token stays so, and need not be looked at again.
    is_dead: Cell<bool>,
}

/// An acknowledged revocation or deletion.
#[derive(Clone, Debug)]
pub(crate) struct Promise {
    pub(crate) user: RecordKey,
    /// Sessions up to this second have ended; `None` where sessions were kept.
    pub(crate) cutoff: Option<EpochSeconds>,
    /// Whether it was a deletion.
    pub(crate) deletes: bool,
    pub(crate) asked_at: Instant,
    pub(crate) acknowledged_at: Instant,
}

impl History {
    pub(crate) fn token_returned(
        &self,
        emulator: &Emulator,
        user: &RecordKey,
        sign_in: EpochSeconds,
        asked_at: Instant,
        token: UserToken,
    ) {
        let mut told = self.told.lock().expect("told");
        let broken = told.promises.iter().find(|promise| {
            promise.user == *user
                && promise.cutoff.is_some_and(|mark| sign_in <= mark)
                && promise.acknowledged_at < asked_at
        });
        assert!(broken.is_none(), "a session that had ended got a token: {sign_in:?} {broken:?}");
        let mark = told.marks.iter().find(|(mark, at)| sign_in <= *mark && *at < asked_at);
        assert!(mark.is_none(), "a session that the global cutoff ended got a token: {sign_in:?}");
        let ban = told.decisions.stands(user, false, asked_at);
        assert!(ban.is_none(), "a banned user got a token: {ban:?}");
        let user = user.clone();
        let at = Instant::now();
        told.tokens.push(Returned { user, sign_in, at, token, is_dead: Cell::new(false) });
        told.check(emulator);
    }

    pub(crate) fn promised(&self, emulator: &Emulator, promise: Promise) {
        let mut told = self.told.lock().expect("told");
        told.promises.push(promise);
        told.check(emulator);
    }

    /// Somebody is about to say who is banned or let in; returns the number of their word.
    pub(crate) fn decision_asked(&self, decision: Decision) -> usize {
        self.told.lock().expect("told").decisions.asked(decision)
    }

    pub(crate) fn decision_acknowledged(&self, emulator: &Emulator, number: usize, at: Moment) {
        let mut told = self.told.lock().expect("told");
        told.decisions.acknowledged(number, at);
        told.check(emulator);
    }

    /// The instants of events about a user that may arrive once more.
    pub(crate) fn events(&self, user: &RecordKey, lifts: bool) -> Vec<Timestamp> {
        self.told.lock().expect("told").decisions.events(user, lifts)
    }

    /// The global cutoff is certainly written.
    pub(crate) fn global_cutoff_written(&self, mark: EpochSeconds) {
        self.told.lock().expect("told").marks.push((mark, Instant::now()));
    }

    /// Nobody is banned or free against a word that stands for certain.
    pub(crate) fn assert_decided(&self, user: &RecordKey, is_suspended: bool) {
        let told = self.told.lock().expect("told");
        let against = told.decisions.stands(user, is_suspended, Instant::now());
        assert!(against.is_none(), "suspended: {is_suspended}, against {against:?}");
    }

    /// Tokens of sessions that the user's final cutoff has ended.
    pub(crate) fn assert_dead_up_to(
        &self,
        emulator: &Emulator,
        user: &RecordKey,
        cutoff: EpochSeconds,
    ) {
        let told = self.told.lock().expect("told");
        for returned in told.tokens.iter().filter(|returned| returned.user == *user) {
            assert!(
                returned.sign_in > cutoff || !returned.is_active(emulator),
                "a token outlives its session: {returned:?}"
            );
        }
        let promised = told.promises.iter().filter(|promise| promise.user == *user);
        let highest = promised.filter_map(|promise| promise.cutoff).max();
        assert!(highest.is_none_or(|highest| highest <= cutoff), "a revocation was forgotten");
    }

    /// No identity that the user has was created for a session of a life that has ended.
    pub(crate) fn assert_not_resurrected(&self, user: &RecordKey, created_for: EpochSeconds) {
        let told = self.told.lock().expect("told");
        let deletions = told.promises.iter().filter(|one| one.deletes && one.user == *user);
        let last = deletions.filter_map(|promise| promise.cutoff).max();
        assert!(last.is_none_or(|last| last < created_for), "an old session resurrected a user");
    }

    pub(crate) fn count(&self, what: &str) {
        *self.happened.lock().expect("happened").entry(what.to_owned()).or_default() += 1;
    }

    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        self.happened.lock().expect("happened").clone()
    }
}

impl Told {
    /// Whatever was handed out to a session that has ended by an acknowledged revocation is dead;
    /// so is whatever was handed out before one that kept the sessions, and to who is banned.
    fn check(&self, emulator: &Emulator) {
        for returned in self.tokens.iter().filter(|returned| returned.is_active(emulator)) {
            let ban = self.decisions.stands(&returned.user, false, Instant::now());
            assert!(ban.is_none(), "a user is banned and a token lives: {ban:?} {returned:?}");
        }
        for promise in &self.promises {
            for returned in self.tokens.iter().filter(|returned| returned.user == promise.user) {
                let must_be_dead = match promise.cutoff {
                    Some(cutoff) => returned.sign_in <= cutoff,
                    None => returned.at < promise.asked_at,
                };
                assert!(
                    !must_be_dead || !returned.is_active(emulator),
                    "a revocation was acknowledged and a token lives: {promise:?} {returned:?}"
                );
            }
        }
    }
}

impl Returned {
    fn is_active(&self, emulator: &Emulator) -> bool {
        let is_dead = self.is_dead.get()
            || !emulator.introspect(self.token.token.secret(), now()).is_active();
        self.is_dead.set(is_dead);
        !is_dead
    }
}

impl Observer for History {
    fn on_event(&self, event: BrokerEvent) {
        self.count(
            match event {
                BrokerEvent::IdentityLost(_) => "IdentityLost".to_owned(),
                other => format!("{other:?}"),
            }
            .as_str(),
        );
    }

    fn on_retry_scheduled(&self, _key: &RecordKey, _why: &BrokerError) {
        self.count("RetryScheduled");
    }

    fn on_optional_write_failed(&self, _write: &'static str, _why: &StoreError) {
        self.count("optional write failed");
    }
}
