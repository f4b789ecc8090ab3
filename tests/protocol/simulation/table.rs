use std::sync::Arc;

use acs_broker_store_dynamodb::{
    MemoryTable, Nonce, Page, Record, RecordKey, Standing, Stored, TableError, UserTable, Written,
};
use identity_client::Deadline;

use crate::network::Network;

/// The table behind the network.
#[derive(Clone, Debug)]
pub(crate) struct RemoteTable {
    pub(crate) table: Arc<MemoryTable>,
    pub(crate) network: Arc<Network>,
}

const USUAL_MILLIS: u64 = 10;

impl RemoteTable {
    async fn exchange<T, F>(
        &self,
        deadline: &Deadline,
        serve: impl FnOnce(Arc<MemoryTable>, Deadline) -> F + Send + 'static,
    ) -> Result<T, TableError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, TableError>> + Send + 'static,
    {
        let table = Arc::clone(&self.table);
        let at = *deadline;
        let serve = move || futures_util::FutureExt::now_or_never(serve(table, at));
        let answer = self.network.exchange(USUAL_MILLIS, deadline.instant(), serve).await;
        answer
            .map_err(|broken| TableError::unavailable(format!("{broken:?}")))?
            .expect("the memory table answers at once")
    }
}

impl UserTable for RemoteTable {
    async fn read(&self, key: &RecordKey, deadline: &Deadline) -> Result<Stored, TableError> {
        let key = key.clone();
        let serve =
            |table: Arc<MemoryTable>, at: Deadline| async move { table.read(&key, &at).await };
        self.exchange(deadline, serve).await
    }

    async fn read_with_everybody(
        &self,
        user: &RecordKey,
        deadline: &Deadline,
    ) -> Result<Standing, TableError> {
        let user = user.clone();
        let serve = |table: Arc<MemoryTable>, at: Deadline| async move {
            table.read_with_everybody(&user, &at).await
        };
        self.exchange(deadline, serve).await
    }

    async fn write(
        &self,
        key: &RecordKey,
        expected: Option<Nonce>,
        record: &Record,
        revision: Nonce,
        deadline: &Deadline,
    ) -> Result<Written, TableError> {
        let (key, record) = (key.clone(), record.clone());
        let serve = move |table: Arc<MemoryTable>, at: Deadline| async move {
            table.write(&key, expected, &record, revision, &at).await
        };
        self.exchange(deadline, serve).await
    }

    async fn due(&self, limit: usize, deadline: &Deadline) -> Result<Vec<RecordKey>, TableError> {
        let serve =
            move |table: Arc<MemoryTable>, at: Deadline| async move { table.due(limit, &at).await };
        self.exchange(deadline, serve).await
    }

    async fn list(
        &self,
        after: Option<&RecordKey>,
        limit: usize,
        deadline: &Deadline,
    ) -> Result<Page, TableError> {
        let after = after.cloned();
        let serve = move |table: Arc<MemoryTable>, at: Deadline| async move {
            table.list(after.as_ref(), limit, &at).await
        };
        self.exchange(deadline, serve).await
    }
}
