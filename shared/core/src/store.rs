//! Where records are kept: the trait that a store implements.

use std::future::Future;

use identity_client::Deadline;
use jiff::Timestamp;

use crate::record::{Record, RecordKey, UniqueId};
use crate::store_error::StoreError;
use crate::time::EpochSeconds;

/// A record and the revision at which it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// The record; empty where there is no row, or where the row has expired.
    pub record: Record,
    /// The row's revision; `None` where there is no row.
    pub revision: Option<UniqueId>,
}

impl Stored {
    /// Returns the row as it counts at `now`: of an expired row only the revision is left.
    #[must_use]
    pub fn live(self, now: Timestamp) -> Self {
        if self.record.has_expired(now) {
            return Self { record: Record::default(), revision: self.revision };
        }
        self
    }
}

/// A user's record together with what holds for all users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserSnapshot {
    /// The user's own record.
    pub stored: Stored,
    /// The cutoff of all users.
    pub global_cutoff: Option<EpochSeconds>,
}

/// Some rows of the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The records.
    pub records: Vec<(RecordKey, Record)>,
    /// The rows whose record this version cannot read.
    pub unreadable: Vec<UnreadableRow>,
    /// The key after which the next page begins; `None` at the end.
    pub next: Option<RecordKey>,
}

/// A row whose record this version cannot read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableRow {
    /// The row's key.
    pub key: RecordKey,
    /// The attribute and its rule, without the value.
    pub why: String,
}

/// How a write ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "it lives for one match; a box would only cost")]
pub enum WriteOutcome {
    /// The row holds the record.
    Written,
    /// Another write came first. Contains the current row. If an earlier attempt at the same
    /// write took effect and its reply was lost, that other write has seen it.
    Conflict(Stored),
}

/// Where records are kept. `tests/contract` of `store-dynamodb` is what every implementation must
/// pass.
///
/// Every call ends at its deadline. An `Err` from a write means that it may or may not have
/// happened: read, or write again with the same revision.
pub trait UserStore: Send + Sync + 'static {
    /// Reads a record. Sees every write whose reply arrived before the call began.
    ///
    /// # Errors
    /// The table is out of reach, throttles, or holds a row that this version cannot read.
    fn read(
        &self,
        key: &RecordKey,
        deadline: &Deadline,
    ) -> impl Future<Output = Result<Stored, StoreError>> + Send;

    /// Reads the record of `user` and the global cutoff in one call. Of each it sees every write
    /// whose reply arrived before the call began. The two may be of different moments of it.
    ///
    /// # Errors
    /// As for [`UserStore::read`].
    fn read_snapshot(
        &self,
        user: &RecordKey,
        deadline: &Deadline,
    ) -> impl Future<Output = Result<UserSnapshot, StoreError>> + Send;

    /// Replaces the record if the row is still at `expected`, and gives it the revision `revision`.
    ///
    /// `revision` must be new. A row that already carries it is this very write whose reply was
    /// lost, so the outcome is [`WriteOutcome::Written`].
    ///
    /// # Errors
    /// As for [`UserStore::read`]; the write may have happened.
    fn write(
        &self,
        key: &RecordKey,
        expected: Option<UniqueId>,
        record: &Record,
        revision: UniqueId,
        deadline: &Deadline,
    ) -> impl Future<Output = Result<WriteOutcome, StoreError>> + Send;

    /// Returns the keys of at most `limit` records whose [`Record::due_at`] has come, the oldest
    /// first. It may lag a moment behind the last writes: the next call finds what is missing, and
    /// a record may turn out to be complete when it is read.
    ///
    /// # Errors
    /// As for [`UserStore::read`].
    fn due(
        &self,
        limit: usize,
        deadline: &Deadline,
    ) -> impl Future<Output = Result<Vec<RecordKey>, StoreError>> + Send;

    /// Returns the records after a key, in the store's own order, for operators who scan the whole
    /// table: at most `limit` of them, or one if that is zero; perhaps none though there are more.
    /// A page sees every write whose reply arrived before its call began. All pages together hold
    /// each row that was there from the first call to the last.
    ///
    /// Expired rows are left out. So are rows whose key this version cannot read. A row whose record
    /// it cannot read is in [`Page::unreadable`], and the caller reports it: the tokens of its user
    /// may be alive.
    ///
    /// # Errors
    /// The table is out of reach or throttles.
    fn list(
        &self,
        after: Option<&RecordKey>,
        limit: usize,
        deadline: &Deadline,
    ) -> impl Future<Output = Result<Page, StoreError>> + Send;
}
