//! The user table as operators see it.

use std::fmt;
use std::time::Duration;

use acs_broker_store_dynamodb::{
    EpochSeconds, Issuer, Record, RecordKey, Subject, TableError, UserTable,
};
use identity_client::{Deadline, Timestamp};

/// How long one user may take, at ACS and in the table.
const CALL_TIME: Duration = Duration::from_secs(30);
const PAGE: usize = 500;

/// The records of one stack, and the time.
#[derive(Clone)]
pub(crate) struct Records<T> {
    pub(crate) table: T,
    /// Whose users the subjects on the command line are.
    pub(crate) issuer: Issuer,
    pub(crate) clock: fn() -> Timestamp,
}

impl<T: UserTable> Records<T> {
    pub(crate) fn key(&self, subject: &Subject) -> RecordKey {
        RecordKey::user(self.issuer.clone(), subject.clone())
    }

    /// The time of a call that begins now.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::new((self.clock)(), CALL_TIME)
    }

    /// Walks the whole table and keeps what `pick` makes of a row.
    pub(crate) async fn walk<R>(
        &self,
        mut pick: impl FnMut(RecordKey, Record) -> Option<R> + Send,
    ) -> Result<Vec<R>, TableError>
    where
        R: Send,
    {
        let mut picked = Vec::new();
        let mut after = None;
        loop {
            let page = self.table.list(after.as_ref(), PAGE, &self.deadline()).await?;
            let rows = page.records.into_iter();
            picked.extend(rows.filter_map(|(key, record)| pick(key, record)));
            after = page.next;
            if after.is_none() {
                return Ok(picked);
            }
        }
    }
}

impl<T> fmt::Debug for Records<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records").finish_non_exhaustive()
    }
}

/// The beginning of a second. No second that a table keeps is beyond what can be said in RFC 3339.
pub(crate) fn instant(second: EpochSeconds) -> Timestamp {
    Timestamp::from_second(second.0).unwrap_or(Timestamp::MAX)
}
