use std::future::Future;

use identity_client::{Deadline, Timestamp};

use crate::error::TableError;
use crate::key::RecordKey;
use crate::nonce::Nonce;
use crate::record::{EpochSeconds, Record};

/// A record and the revision it was read at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// The record; empty where there is no row, or one whose time is over.
    pub record: Record,
    /// The row's revision, `None` where there is no row.
    pub revision: Option<Nonce>,
}

impl Stored {
    /// The same row as it counts at `now`: once its time is over only its revision is left.
    #[must_use]
    pub fn live(self, now: Timestamp) -> Self {
        if self.record.has_expired(now) {
            return Self { record: Record::default(), revision: self.revision };
        }
        self
    }
}

/// A user's record together with what holds for everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The user's own record.
    pub stored: Stored,
    /// Everybody's watermark: no session that signed in at or before it gets a token.
    pub everybody: Option<EpochSeconds>,
}

/// Some of the table's rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The records.
    pub records: Vec<(RecordKey, Record)>,
    /// After which key to go on; `None` at the table's end.
    pub next: Option<RecordKey>,
}

/// What became of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "it lives for one match; a box would only cost")]
pub enum Written {
    /// The row holds the record.
    Done,
    /// Somebody else wrote since; this is what they left, and this call changed nothing of it. If an
    /// earlier attempt at the same write did take effect, they had seen it.
    Superseded(Stored),
}

/// Where records are kept. `tests/contract` is what every implementation must pass.
///
/// Every call ends at its deadline. An `Err` from a write means that it may or may not have
/// happened: read, or write again with the same revision.
pub trait UserTable: Send + Sync + 'static {
    /// Reads a record; sees every write that was answered before the call began.
    ///
    /// # Errors
    /// The table is out of reach, throttles, or holds a row this version cannot read.
    fn read(
        &self,
        key: &RecordKey,
        deadline: &Deadline,
    ) -> impl Future<Output = Result<Stored, TableError>> + Send;

    /// Reads the record of `user`, who is not everybody, and everybody's watermark in one call. Of
    /// each it sees every write that was answered before the call began; the two may be of different
    /// moments of it.
    ///
    /// # Errors
    /// As for [`UserTable::read`].
    fn read_with_everybody(
        &self,
        user: &RecordKey,
        deadline: &Deadline,
    ) -> impl Future<Output = Result<Standing, TableError>> + Send;

    /// Replaces the record if the row is still at `expected`, and gives it the revision `revision`.
    ///
    /// `revision` must be new. A row that already carries it is this very write whose answer was
    /// lost, so the answer is [`Written::Done`].
    ///
    /// # Errors
    /// As for [`UserTable::read`]; the write may have happened.
    fn write(
        &self,
        key: &RecordKey,
        expected: Option<Nonce>,
        record: &Record,
        revision: Nonce,
        deadline: &Deadline,
    ) -> impl Future<Output = Result<Written, TableError>> + Send;

    /// The keys of at most `limit` records whose [`Record::due_at`] has come, the oldest first.
    /// It may lag a moment behind the last writes: the next call finds what is missing, and a record
    /// may turn out to be finished when it is read.
    ///
    /// # Errors
    /// As for [`UserTable::read`].
    fn due(
        &self,
        limit: usize,
        deadline: &Deadline,
    ) -> impl Future<Output = Result<Vec<RecordKey>, TableError>> + Send;

    /// The records after a key, in the table's own order, for operators who walk the whole table:
    /// at most `limit` of them, or one if that is zero; perhaps none though there are more. A page
    /// sees every write that was answered before its call began, and all pages together hold each
    /// row that was there from the first call to the last.
    ///
    /// Rows whose time is over are left out. So are rows whose key this version cannot read.
    ///
    /// # Errors
    /// As for [`UserTable::read`]. A walk does not pass over a record that it cannot read.
    fn list(
        &self,
        after: Option<&RecordKey>,
        limit: usize,
        deadline: &Deadline,
    ) -> impl Future<Output = Result<Page, TableError>> + Send;
}
