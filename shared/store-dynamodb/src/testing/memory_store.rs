//! The store in memory: without a network, and failing when a test says so.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use acs_broker_core::{
    IdentityState, Page, PendingOperation, Record, RecordKey, StoreError, Stored, UniqueId,
    UnreadableRow, UserSnapshot, UserStore, WriteOutcome,
};
use identity_client::Deadline;
use jiff::Timestamp;

type Rows = BTreeMap<RecordKey, Stored>;

/// The store as a fake.
#[derive(Debug, Default)]
pub struct MemoryStore {
    rows: Mutex<Rows>,
    faults: Mutex<VecDeque<Fault>>,
    /// The keys of rows that a scan cannot read.
    unreadable: Mutex<BTreeSet<RecordKey>>,
}

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call never reaches the table.
    Lost,
    /// The call takes effect, and its reply is lost.
    ReplyLost,
}

impl MemoryStore {
    /// Makes the next calls fail, in this order.
    pub fn fail_next(&self, faults: impl IntoIterator<Item = Fault>) {
        lock(&self.faults).extend(faults);
    }

    /// Ends the failures that are left.
    pub fn recover(&self) {
        lock(&self.faults).clear();
    }

    /// Makes the row of a key one that a scan cannot read.
    pub fn make_unreadable(&self, key: RecordKey) {
        lock(&self.rows).entry(key.clone()).or_default();
        lock(&self.unreadable).insert(key);
    }

    /// Every row, for assertions.
    #[must_use]
    pub fn rows(&self) -> Vec<(RecordKey, Record)> {
        lock(&self.rows).iter().map(|(key, row)| (key.clone(), row.record.clone())).collect()
    }

    fn call<T>(&self, act: impl FnOnce(&mut Rows) -> T) -> Result<T, StoreError> {
        match lock(&self.faults).pop_front() {
            Some(Fault::Lost) => Err(StoreError::unavailable("the call was lost")),
            Some(Fault::ReplyLost) => {
                act(&mut lock(&self.rows));
                Err(StoreError::unavailable("the reply was lost"))
            }
            None => Ok(act(&mut lock(&self.rows))),
        }
    }
}

impl UserStore for MemoryStore {
    async fn read(&self, key: &RecordKey, deadline: &Deadline) -> Result<Stored, StoreError> {
        self.call(|rows| current(rows, key, deadline))
    }

    async fn read_snapshot(
        &self,
        user: &RecordKey,
        deadline: &Deadline,
    ) -> Result<UserSnapshot, StoreError> {
        self.call(|rows| {
            let all_users = current(rows, &RecordKey::AllUsers, deadline);
            let global_cutoff = all_users.record.sessions_valid_after;
            UserSnapshot { stored: current(rows, user, deadline), global_cutoff }
        })
    }

    async fn write(
        &self,
        key: &RecordKey,
        expected: Option<UniqueId>,
        record: &Record,
        revision: UniqueId,
        deadline: &Deadline,
    ) -> Result<WriteOutcome, StoreError> {
        self.call(|rows| {
            let revision_now = rows.get(key).and_then(|row| row.revision);
            if revision_now == Some(revision) {
                return WriteOutcome::Written;
            }
            if revision_now != expected {
                return WriteOutcome::Conflict(current(rows, key, deadline));
            }
            let row = Stored { record: in_milliseconds(record), revision: Some(revision) };
            rows.insert(key.clone(), row);
            WriteOutcome::Written
        })
    }

    async fn due(&self, limit: usize, deadline: &Deadline) -> Result<Vec<RecordKey>, StoreError> {
        self.call(|rows| {
            let mut due: Vec<_> = rows
                .iter()
                .filter_map(|(key, row)| Some((row.record.due_at()?, key)))
                .filter(|(at, _)| *at <= deadline.now())
                .collect();
            due.sort();
            due.into_iter().take(limit).map(|(_, key)| key.clone()).collect()
        })
    }

    async fn list(
        &self,
        after: Option<&RecordKey>,
        limit: usize,
        deadline: &Deadline,
    ) -> Result<Page, StoreError> {
        let hidden = lock(&self.unreadable).clone();
        self.call(|rows| {
            let start = after.map_or(Bound::Unbounded, Bound::Excluded);
            let mut left = rows
                .range((start, Bound::Unbounded))
                .filter(|(_, row)| !row.record.has_expired(deadline.now()))
                .map(|(key, row)| (key.clone(), row.record.clone()))
                .peekable();
            let records: Vec<_> = left.by_ref().take(limit.max(1)).collect();
            let last = records.last().map(|(key, _)| key.clone());
            let next = left.peek().and(last);
            let (unreadable, records): (Vec<_>, Vec<_>) =
                records.into_iter().partition(|(key, _)| hidden.contains(key));
            let why = "revision: must be text".to_owned();
            let unreadable = unreadable.into_iter();
            let unreadable =
                unreadable.map(|(key, _)| UnreadableRow { key, why: why.clone() }).collect();
            Page { records, unreadable, next }
        })
    }
}

fn current(rows: &Rows, key: &RecordKey, deadline: &Deadline) -> Stored {
    rows.get(key).cloned().unwrap_or_default().live(deadline.now())
}

/// Returns the record as DynamoDB keeps it. A fake that kept more could hide a mistake.
fn in_milliseconds(record: &Record) -> Record {
    let mut record = record.clone();
    let decided_at = record.suspension.as_mut().map(|suspension| &mut suspension.decided_at);
    let pause_until = record.creation_pause.as_mut().map(|pause| &mut pause.until);
    let mut instants: Vec<_> = decided_at.into_iter().chain(pause_until).collect();
    match &mut record.identity {
        IdentityState::None => {}
        IdentityState::Creating(lease) => instants.push(&mut lease.expires_at),
        IdentityState::Bound(bound) => {
            instants.extend(&mut bound.not_found_since);
            if let Some(pending) = &mut bound.pending {
                let PendingOperation { accepted_at, retry_at, attempt, .. } = pending;
                instants.extend([accepted_at, retry_at, &mut attempt.began_at]);
            }
        }
    }
    for instant in instants {
        *instant = Timestamp::from_millisecond(instant.as_millisecond()).unwrap_or(*instant);
    }
    record
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
