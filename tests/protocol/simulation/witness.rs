//! Sees every write that takes effect, and every identity that ACS creates. It knows who asked for
//! what, and says which writes a correct broker never makes.

mod rules;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acs_broker_core::{
    EpochSeconds, Initiator, Operation, PendingKind, Record, RecordKey, UniqueId,
};
use identity_client::Timestamp;
use tokio::time::Instant;

use crate::clock::now;
use crate::state::{Change, State};

/// The witness of one world.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    seen: Mutex<Seen>,
    log: Option<Arc<Log>>,
}

/// What has happened, line by line, for who wants to read it.
pub(crate) type Log = Mutex<Vec<String>>;

/// A write that took effect.
#[derive(Debug)]
pub(crate) struct Write<'a> {
    pub(crate) key: &'a RecordKey,
    pub(crate) before: &'a Record,
    pub(crate) after: &'a Record,
    /// The request that the writer serves.
    pub(crate) request: u32,
    pub(crate) by_writers_clock: Timestamp,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ask {
    Issue,
    Execute(Operation, Initiator),
    RevokeAll,
    Sweep,
}

#[derive(Debug, Default)]
struct Seen {
    asks: Vec<(Ask, Instant)>,
    broken: Option<String>,
    lease_holders: HashMap<UniqueId, u32>,
    creators: HashMap<String, u32>,
    bindings: Vec<Binding>,
    replaced: BTreeSet<String>,
    /// When ACS revoked the tokens of an identity last.
    revoked: HashMap<String, Instant>,
    /// When ACS was first heard to report that an identity does not exist.
    reported: HashMap<String, Timestamp>,
    pending: HashMap<UniqueId, Pending>,
    /// The global cutoffs, and when each was written.
    global: Vec<(EpochSeconds, Instant)>,
    changes: BTreeMap<Change, u64>,
}

/// An identity that a user has, or had.
#[derive(Debug)]
struct Binding {
    user: RecordKey,
    identity: String,
    until: Option<Instant>,
}

/// An operation that was accepted.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) identity: String,
    pub(crate) kind: PendingKind,
    pub(crate) accepted: Instant,
    pub(crate) cleared: Option<Instant>,
    /// The global cutoff, where it is what the operation carries out.
    pub(crate) enforces: Option<EpochSeconds>,
}

impl Witness {
    pub(crate) fn new(log: Option<Arc<Log>>) -> Self {
        Self { seen: Mutex::default(), log }
    }

    /// Writes down what has happened, if somebody wants to read it.
    pub(crate) fn log(&self, line: impl FnOnce() -> String) {
        if let Some(log) = &self.log {
            log.lock().expect("log").push(format!("{} {}", now(), line()));
        }
    }

    /// Returns the number of a new request.
    pub(crate) fn asked(&self, ask: Ask) -> u32 {
        let mut seen = self.seen.lock().expect("seen");
        seen.asks.push((ask, Instant::now()));
        let number = u32::try_from(seen.asks.len()).expect("few requests");
        self.log(|| format!("#{number} asks: {ask:?}"));
        number
    }

    /// ACS has created an identity for this request.
    pub(crate) fn created(&self, identity: String, request: u32) {
        self.seen.lock().expect("seen").creators.entry(identity).or_insert(request);
    }

    /// ACS has revoked the tokens of an identity, or there is none.
    pub(crate) fn revoked(&self, identity: String) {
        self.seen.lock().expect("seen").revoked.insert(identity, Instant::now());
    }

    pub(crate) fn saw(&self, write: &Write<'_>) {
        self.log(|| {
            let Write { key, after, request, .. } = write;
            format!("#{request} table: {} = {after:?}", key.to_text())
        });
        let mut seen = self.seen.lock().expect("seen");
        if let Err(broken) = seen.judge(write) {
            seen.broken.get_or_insert(format!("{broken}: {write:?}"));
        }
        seen.note(write);
    }

    /// Fails if a write was wrong.
    pub(crate) fn assert_sound(&self) {
        let broken = self.seen.lock().expect("seen").broken.take();
        assert!(broken.is_none(), "{}", broken.unwrap_or_default());
    }

    /// Whether the user had this identity at some moment since.
    pub(crate) fn had(&self, user: &RecordKey, identity: &str, since: Instant) -> bool {
        self.seen.lock().expect("seen").bindings.iter().any(|binding| {
            binding.user == *user
                && binding.identity == identity
                && binding.until.is_none_or(|until| until >= since)
        })
    }

    /// When an operation was accepted that is now pending.
    pub(crate) fn accepted(&self, operation: UniqueId) -> Option<Instant> {
        self.seen.lock().expect("seen").pending.get(&operation).map(|pending| pending.accepted)
    }

    /// Whether a deletion of the identity was ever accepted.
    pub(crate) fn deletes(&self, identity: &str) -> bool {
        self.pending_of(identity).iter().any(|pending| pending.kind == PendingKind::Delete)
    }

    /// The operations that were ever accepted about an identity.
    pub(crate) fn pending_of(&self, identity: &str) -> Vec<Pending> {
        let seen = self.seen.lock().expect("seen");
        seen.pending.values().filter(|pending| pending.identity == identity).cloned().collect()
    }

    /// Whether the identity was given up because ACS had reported twice that it does not exist.
    pub(crate) fn was_replaced(&self, identity: &str) -> bool {
        self.seen.lock().expect("seen").replaced.contains(identity)
    }

    /// When the global cutoff was written that is at or after this one.
    pub(crate) fn global_cutoff_written(&self, cutoff: EpochSeconds) -> Option<Instant> {
        let seen = self.seen.lock().expect("seen");
        seen.global.iter().find(|(written, _)| *written >= cutoff).map(|(_, at)| *at)
    }

    pub(crate) fn changes(&self) -> BTreeMap<Change, u64> {
        self.seen.lock().expect("seen").changes.clone()
    }
}

impl Seen {
    fn ask(&self, request: u32) -> Option<&(Ask, Instant)> {
        self.asks.get(usize::try_from(request).ok()?.checked_sub(1)?)
    }

    /// Remembers a write.
    fn note(&mut self, write: &Write<'_>) {
        let Write { key, before, after, request, by_writers_clock } = *write;
        let now = Instant::now();
        if *key == RecordKey::AllUsers
            && let Some(cutoff) = after.sessions_valid_after
        {
            self.global.push((cutoff, now));
        }
        if let Some(lease) = after.lease() {
            self.lease_holders.entry(lease.id).or_insert(request);
        }
        let bound = |record: &Record| record.bound().map(|bound| bound.id.to_string());
        let (had, has) = (bound(before), bound(after));
        if let Some(bound) = after.bound()
            && let Some(since) = bound.not_found_since
        {
            let reported = self.reported.entry(bound.id.to_string()).or_insert(since);
            // Clocks differ, so a later report may be dated earlier.
            *reported = since.min(*reported);
        }
        if had != has {
            let ended = |binding: &&mut Binding| Some(&binding.identity) == had.as_ref();
            for binding in self.bindings.iter_mut().filter(ended) {
                binding.until = Some(now);
            }
            if let (Some(identity), Some(_)) = (had, after.lease()) {
                self.replaced.insert(identity);
            }
            if let Some(identity) = has {
                self.bindings.push(Binding { user: key.clone(), identity, until: None });
            }
        }
        if matches!(key, RecordKey::User(..)) {
            self.note_pending(write, now);
            let name = self.ask(request).map_or("check", |(ask, _)| ask.name());
            let state = |record: &Record| State::of(record, by_writers_clock);
            let change = Change { request: name, before: state(before), after: state(after) };
            *self.changes.entry(change).or_default() += 1;
        }
    }

    fn note_pending(&mut self, write: &Write<'_>, now: Instant) {
        let Write { before, after, .. } = *write;
        let still = after.pending().map(|pending| pending.id);
        if let Some(earlier) = before.pending()
            && Some(earlier.id) != still
            && let Some(pending) = self.pending.get_mut(&earlier.id)
        {
            pending.cleared = Some(now);
        }
        let (Some(bound), Some(pending)) = (after.bound(), after.pending()) else { return };
        let cutoff = after.sessions_valid_after;
        let is_raised = cutoff > before.sessions_valid_after;
        let enforces = cutoff
            .filter(|cutoff| is_raised && self.global.iter().any(|(global, _)| global == cutoff));
        let identity = bound.id.to_string();
        let new = Pending { identity, kind: pending.kind, accepted: now, cleared: None, enforces };
        self.pending.entry(pending.id).or_insert(new);
    }
}

impl Ask {
    fn name(&self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Execute(operation, _) => operation.name(),
            Self::RevokeAll => "revoke-all",
            Self::Sweep => "sweep",
        }
    }
}

impl Pending {
    /// Whether this operation can have ended a token that was asked for at `asked`. A call of ACS
    /// that was sent before may arrive for a while after the operation is complete.
    pub(crate) fn can_end(&self, asked: Instant, grace: Duration) -> bool {
        self.cleared.is_none_or(|cleared| cleared + grace >= asked)
    }
}
