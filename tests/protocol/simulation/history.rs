//! What users and operators have been told, and what was promised to them.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acs_broker_core::{
    BrokerError, BrokerEvent, EpochSeconds, Observer, RecordKey, Session, StoreError,
};
use acs_emulator::{Emulator, InactiveReason, Introspection};
use identity_client::{Timestamp, UserToken};
use tokio::time::Instant;

use crate::clock::{MAX_DIFFERENCE_MILLIS, now, request};
use crate::decisions::{Decision, Decisions, Moment};
use crate::swarm::{Chaos, Swarm};
use crate::witness::Witness;

/// What the users and operators of a world have seen, and what they were promised.
#[derive(Debug)]
pub(crate) struct History {
    told: Mutex<Told>,
    happened: Mutex<BTreeMap<String, u64>>,
    emulator: Arc<Emulator>,
    pub(crate) witness: Arc<Witness>,
    /// For how long a call of ACS may be on its way after its operation is complete.
    grace: Duration,
}

#[derive(Debug)]
struct Told {
    tokens: Vec<Returned>,
    promises: Vec<Promise>,
    decisions: Decisions,
    /// The global cutoffs, and since when each has certainly been written.
    marks: Vec<(EpochSeconds, Instant)>,
    /// Identities that somebody deleted at ACS.
    vanished: BTreeSet<String>,
    /// Identities that could not be recorded, and whose ids the log has.
    lost: BTreeSet<String>,
}

#[derive(Debug)]
struct Returned {
    user: RecordKey,
    sign_in: EpochSeconds,
    asked_at: Instant,
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
    pub(crate) fn new(emulator: Arc<Emulator>, witness: Arc<Witness>, swarm: Swarm) -> Self {
        let differ = if swarm.has(Chaos::Clocks) { MAX_DIFFERENCE_MILLIS * 2 } else { 0 };
        let told = Told {
            tokens: Vec::new(),
            promises: Vec::new(),
            decisions: Decisions::new(Duration::from_millis(differ)),
            marks: Vec::new(),
            vanished: BTreeSet::new(),
            lost: BTreeSet::new(),
        };
        // A lost call is repeated after five seconds, a slow one arrives late, and the sweep does both.
        let is_late = swarm.has(Chaos::Slow) || swarm.has(Chaos::Loss);
        let grace = Duration::from_secs(if is_late { 70 } else { 5 });
        Self { told: Mutex::new(told), happened: Mutex::default(), emulator, witness, grace }
    }

    pub(crate) fn token_returned(&self, session: &Session, asked_at: Instant, token: UserToken) {
        let mut told = self.told.lock().expect("told");
        let sign_in = session.sign_in;
        let broken = told.promises.iter().find(|promise| {
            promise.user == session.user
                && promise.cutoff.is_some_and(|mark| sign_in <= mark)
                && promise.acknowledged_at < asked_at
        });
        assert!(broken.is_none(), "invariant 2: an ended session got a token: {broken:?}");
        let mark = told.marks.iter().find(|(mark, at)| sign_in <= *mark && *at < asked_at);
        assert!(mark.is_none(), "invariant 2: a token despite the global cutoff: {mark:?}");
        let ban = told.decisions.stands(&session.user, false, asked_at);
        assert!(ban.is_none(), "invariant 2: a suspended user got a token: {ban:?}");
        let identity = token.identity.to_string();
        let is_own = self.witness.had(&session.user, &identity, asked_at);
        assert!(is_own, "invariant 1: a token of an identity that the user does not have");
        let (user, at, is_dead) = (session.user.clone(), Instant::now(), Cell::new(false));
        told.tokens.push(Returned { user, sign_in, asked_at, at, token, is_dead });
        self.check(&told);
    }

    pub(crate) fn promised(&self, promise: Promise) {
        let mut told = self.told.lock().expect("told");
        told.promises.push(promise);
        self.check(&told);
    }

    /// Somebody has deleted an identity at ACS.
    pub(crate) fn vanished(&self, identity: String) {
        self.told.lock().expect("told").vanished.insert(identity);
    }

    /// Whether the log has the id of this identity.
    pub(crate) fn is_logged(&self, identity: &str) -> bool {
        self.told.lock().expect("told").lost.contains(identity)
    }

    /// Whatever was handed out to a session that has ended by an acknowledged revocation is dead;
    /// so is whatever was handed out before one that kept the sessions, and to who is suspended. No
    /// token dies without a cause.
    fn check(&self, told: &Told) {
        self.witness.assert_sound();
        for returned in told.tokens.iter().filter(|returned| !returned.is_dead.get()) {
            let token = returned.token.token.secret();
            if let Introspection::Inactive(reason) = self.emulator.introspect(token, now()) {
                returned.is_dead.set(true);
                let has_cause = self.has_cause(told, returned, reason);
                assert!(has_cause, "invariant 5: a token died without a cause: {returned:?}");
                continue;
            }
            // ACS has reported that this identity does not exist. Its tokens live until the sweep has
            // deleted it all the same.
            if self.witness.was_replaced(returned.token.identity.as_ref()) {
                continue;
            }
            let ban = told.decisions.stands(&returned.user, false, Instant::now());
            assert!(ban.is_none(), "invariant 2: a suspended user's token lives: {ban:?}");
            let broken = told.promises.iter().find(|promise| promise.ends(returned));
            assert!(
                broken.is_none(),
                "invariant 2: a revocation was acknowledged and a token lives: {broken:?} {returned:?}"
            );
        }
    }

    /// Whether an operation that was asked for explains that a token is dead.
    fn has_cause(&self, told: &Told, returned: &Returned, reason: InactiveReason) -> bool {
        let identity = returned.token.identity.to_string();
        let same = told.tokens.iter().find(|earlier| earlier.token == returned.token);
        let minted = same.map_or(returned.at, |first| first.at);
        match reason {
            InactiveReason::Unknown => false,
            InactiveReason::Expired | InactiveReason::KeyRegenerated => true,
            InactiveReason::IdentityDeleted => {
                told.vanished.contains(&identity)
                    || self.witness.was_replaced(&identity)
                    || self.witness.deletes(&identity)
            }
            InactiveReason::Revoked => self.witness.pending_of(&identity).iter().any(|pending| {
                let is_needless = pending.enforces.is_some_and(|cutoff| {
                    let written = self.witness.global_cutoff_written(cutoff);
                    returned.sign_in > cutoff
                        && written.is_some_and(|written| written < returned.asked_at)
                        && pending.accepted > returned.at
                });
                let is_later = pending.can_end(returned.asked_at, self.grace);
                // A call of ACS that was sent twice can arrive after the operation is complete, and
                // end a token that was minted in between and is remembered.
                let is_repeated = pending.accepted < minted && pending.can_end(minted, self.grace);
                (is_later || is_repeated) && !is_needless
            }),
        }
    }

    /// Somebody is about to say who is banned or let in; returns the number of their word.
    pub(crate) fn decision_asked(&self, decision: Decision) -> usize {
        self.told.lock().expect("told").decisions.asked(decision)
    }

    pub(crate) fn decision_acknowledged(&self, number: usize, at: Moment) {
        let mut told = self.told.lock().expect("told");
        told.decisions.acknowledged(number, at);
        self.check(&told);
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
        assert!(against.is_none(), "invariant 5: suspended is {is_suspended}, against {against:?}");
    }

    /// Tokens of sessions that the user's final cutoff has ended are dead.
    pub(crate) fn assert_dead_up_to(&self, user: &RecordKey, cutoff: EpochSeconds) {
        let told = self.told.lock().expect("told");
        self.check(&told);
        for returned in told.tokens.iter().filter(|returned| returned.user == *user) {
            // The process that gave the identity up may have died before it deleted it.
            let is_given_up = self.witness.was_replaced(returned.token.identity.as_ref());
            let is_over = returned.sign_in > cutoff || returned.is_dead.get() || is_given_up;
            assert!(is_over, "invariant 2: a token outlives its session: {returned:?}");
        }
        let promised = told.promises.iter().filter(|promise| promise.user == *user);
        let highest = promised.filter_map(|promise| promise.cutoff).max();
        assert!(
            highest.is_none_or(|highest| highest <= cutoff),
            "invariant 3: a revocation was forgotten"
        );
    }

    /// No identity that the user has was created for a session of a life that has ended.
    pub(crate) fn assert_not_resurrected(&self, user: &RecordKey, created_for: EpochSeconds) {
        let told = self.told.lock().expect("told");
        let deletions = told.promises.iter().filter(|one| one.deletes && one.user == *user);
        let last = deletions.filter_map(|promise| promise.cutoff).max();
        assert!(
            last.is_none_or(|last| last < created_for),
            "invariant 4: an old session resurrected a user"
        );
    }

    pub(crate) fn count(&self, what: &str) {
        self.witness.log(|| format!("#{} {what}", request()));
        *self.happened.lock().expect("happened").entry(what.to_owned()).or_default() += 1;
    }

    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        self.happened.lock().expect("happened").clone()
    }
}

impl Promise {
    fn ends(&self, returned: &Returned) -> bool {
        self.user == returned.user
            && match self.cutoff {
                Some(cutoff) => returned.sign_in <= cutoff,
                None => returned.at < self.asked_at,
            }
    }
}

impl Observer for History {
    fn on_event(&self, event: BrokerEvent) {
        if let BrokerEvent::IdentityLost(identity) = &event {
            self.told.lock().expect("told").lost.insert(identity.to_string());
        }
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
