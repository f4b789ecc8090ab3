//! The table, in the hands of a broker that is watched.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use acs_broker_store_dynamodb::{
    MemoryTable, Nonce, Page, Record, RecordKey, Standing, Stored, TableError, UserTable, Written,
};
use identity_client::Deadline;
use tokio::time::sleep;

/// Counts the calls; takes its time and fails as a test has told it to.
#[derive(Clone, Default)]
pub(crate) struct WatchedTable {
    pub(crate) rows: Arc<MemoryTable>,
    pub(crate) calls: Arc<AtomicU32>,
    /// How long each call takes, in milliseconds.
    pub(crate) delay: Arc<AtomicU32>,
    /// Whether reads fail and writes do not.
    pub(crate) hides_everybody: Arc<AtomicBool>,
}

impl WatchedTable {
    async fn called(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let delay = self.delay.load(Ordering::Relaxed);
        if delay > 0 {
            sleep(Duration::from_millis(delay.into())).await;
        }
    }
}

impl UserTable for WatchedTable {
    async fn read(&self, key: &RecordKey, deadline: &Deadline) -> Result<Stored, TableError> {
        self.called().await;
        self.rows.read(key, deadline).await
    }

    async fn read_with_everybody(
        &self,
        user: &RecordKey,
        deadline: &Deadline,
    ) -> Result<Standing, TableError> {
        self.called().await;
        if self.hides_everybody.load(Ordering::Relaxed) {
            return Err(TableError::throttled("scripted"));
        }
        self.rows.read_with_everybody(user, deadline).await
    }

    async fn write(
        &self,
        key: &RecordKey,
        expected: Option<Nonce>,
        record: &Record,
        revision: Nonce,
        deadline: &Deadline,
    ) -> Result<Written, TableError> {
        self.called().await;
        self.rows.write(key, expected, record, revision, deadline).await
    }

    async fn due(&self, limit: usize, deadline: &Deadline) -> Result<Vec<RecordKey>, TableError> {
        self.called().await;
        self.rows.due(limit, deadline).await
    }

    async fn list(
        &self,
        after: Option<&RecordKey>,
        limit: usize,
        deadline: &Deadline,
    ) -> Result<Page, TableError> {
        self.called().await;
        self.rows.list(after, limit, deadline).await
    }
}
