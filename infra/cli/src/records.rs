//! The records of one stack.

use std::fmt;
use std::time::Duration;

use acs_broker_core::{EpochSeconds, Issuer, Record, RecordKey, StoreError, Subject, UserStore};
use identity_client::{Deadline, Timestamp};

use crate::clock::Clock;
use crate::unreadable::UnreadableRow;

/// The time for one user, at ACS and in the table.
const USER_TIMEOUT: Duration = Duration::from_secs(30);
const PAGE_SIZE: usize = 500;

/// Holds what a scan of the whole table found.
#[derive(Debug)]
pub(crate) struct Scanned<R> {
    pub(crate) picked: Vec<R>,
    /// The rows that were passed over.
    pub(crate) unreadable: Vec<UnreadableRow>,
}

/// Reads the records of one stack.
#[derive(Clone)]
pub(crate) struct Records<T> {
    pub(crate) table: T,
    /// The issuer of the subjects on the command line.
    pub(crate) issuer: Issuer,
    pub(crate) clock: Clock,
}

impl<T: UserStore> Records<T> {
    /// Returns the key of a user of this stack.
    pub(crate) fn key(&self, subject: &Subject) -> RecordKey {
        RecordKey::user(self.issuer.clone(), subject.clone())
    }

    /// Returns the deadline of a call that begins now.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::new(self.clock.now(), USER_TIMEOUT)
    }

    /// Reads the whole table and returns the results of `pick`, and the rows that cannot be read.
    pub(crate) async fn scan<R>(
        &self,
        mut pick: impl FnMut(RecordKey, Record) -> Option<R> + Send,
    ) -> Result<Scanned<R>, StoreError>
    where
        R: Send,
    {
        let mut scanned = Scanned { picked: Vec::new(), unreadable: Vec::new() };
        let mut after = None;
        loop {
            let page = self.table.list(after.as_ref(), PAGE_SIZE, &self.deadline()).await?;
            let rows = page.records.into_iter();
            scanned.picked.extend(rows.filter_map(|(key, record)| pick(key, record)));
            scanned.unreadable.extend(page.unreadable.into_iter().map(UnreadableRow::from));
            after = page.next;
            if after.is_none() {
                return Ok(scanned);
            }
        }
    }
}

impl<T> fmt::Debug for Records<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records").finish_non_exhaustive()
    }
}

/// Returns the beginning of a second. RFC 3339 can express every second that a table keeps.
pub(crate) fn instant(second: EpochSeconds) -> Timestamp {
    Timestamp::from_second(second.0).unwrap_or(Timestamp::MAX)
}
