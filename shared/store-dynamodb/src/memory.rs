use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use identity_client::{Deadline, Timestamp};

use crate::error::TableError;
use crate::key::RecordKey;
use crate::nonce::Nonce;
use crate::record::Record;
use crate::table::{Page, Standing, Stored, UserTable, Written};

/// The table as a fake: in memory, without a network, failing when told to.
#[derive(Debug, Default)]
pub struct MemoryTable {
    rows: Mutex<BTreeMap<RecordKey, Stored>>,
    faults: Mutex<VecDeque<Fault>>,
}

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call never reaches the table.
    Lost,
    /// The call takes effect and its answer is lost.
    AnswerLost,
}

impl MemoryTable {
    /// Makes the next calls fail, in this order.
    pub fn fail_next(&self, faults: impl IntoIterator<Item = Fault>) {
        lock(&self.faults).extend(faults);
    }

    /// Every row, for assertions.
    #[must_use]
    pub fn rows(&self) -> Vec<(RecordKey, Record)> {
        lock(&self.rows).iter().map(|(key, row)| (key.clone(), row.record.clone())).collect()
    }

    fn call<T>(
        &self,
        act: impl FnOnce(&mut BTreeMap<RecordKey, Stored>) -> T,
    ) -> Result<T, TableError> {
        match lock(&self.faults).pop_front() {
            Some(Fault::Lost) => Err(TableError::unavailable("the call was lost")),
            Some(Fault::AnswerLost) => {
                act(&mut lock(&self.rows));
                Err(TableError::unavailable("the answer was lost"))
            }
            None => Ok(act(&mut lock(&self.rows))),
        }
    }
}

impl UserTable for MemoryTable {
    async fn read(&self, key: &RecordKey, deadline: &Deadline) -> Result<Stored, TableError> {
        self.call(|rows| Stored::of(rows.get(key), deadline))
    }

    async fn read_with_everybody(
        &self,
        user: &RecordKey,
        deadline: &Deadline,
    ) -> Result<Standing, TableError> {
        self.call(|rows| {
            let everybody = Stored::of(rows.get(&RecordKey::Everybody), deadline);
            let everybody = everybody.record.sign_in_not_before;
            Standing { stored: Stored::of(rows.get(user), deadline), everybody }
        })
    }

    async fn write(
        &self,
        key: &RecordKey,
        expected: Option<Nonce>,
        record: &Record,
        revision: Nonce,
        deadline: &Deadline,
    ) -> Result<Written, TableError> {
        self.call(|rows| {
            let current = rows.get(key).and_then(|row| row.revision);
            if current == Some(revision) {
                return Written::Done;
            }
            if current != expected {
                return Written::Superseded(Stored::of(rows.get(key), deadline));
            }
            let row = Stored { record: in_milliseconds(record), revision: Some(revision) };
            rows.insert(key.clone(), row);
            Written::Done
        })
    }

    async fn due(&self, limit: usize, deadline: &Deadline) -> Result<Vec<RecordKey>, TableError> {
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
    ) -> Result<Page, TableError> {
        self.call(|rows| {
            let start = after.map_or(Bound::Unbounded, Bound::Excluded);
            let mut left = rows
                .range((start, Bound::Unbounded))
                .filter(|(_, row)| !row.record.has_expired(deadline.now()))
                .map(|(key, row)| (key.clone(), row.record.clone()))
                .peekable();
            let records: Vec<_> = left.by_ref().take(limit.max(1)).collect();
            let last = records.last().map(|(key, _)| key.clone());
            Page { records, next: left.peek().and(last) }
        })
    }
}

impl Stored {
    fn of(row: Option<&Self>, deadline: &Deadline) -> Self {
        row.cloned().unwrap_or_default().live(deadline.now())
    }
}

/// What the product keeps of a record; a fake that kept more could hide a mistake.
fn in_milliseconds(record: &Record) -> Record {
    let mut record = record.clone();
    let until = record.lease.as_mut().map(|lease| &mut lease.until);
    let decided = record.suspension.as_mut().map(|suspension| &mut suspension.at);
    let doubted_since = record.doubted_since.as_mut();
    let pending = record.pending.as_mut();
    let work = pending.map(|pending| [&mut pending.since, &mut pending.retry_at]);
    let single = until.into_iter().chain(decided).chain(doubted_since);
    for instant in single.chain(work.into_iter().flatten()) {
        *instant = Timestamp::from_millisecond(instant.as_millisecond()).unwrap_or(*instant);
    }
    record
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
