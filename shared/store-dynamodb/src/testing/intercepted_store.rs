//! A store in memory whose calls pass an interceptor: it counts, delays, loses or refuses them.

use std::future::Future;
use std::sync::Arc;

use acs_broker_core::{
    Page, Record, RecordKey, StoreError, Stored, UniqueId, UserSnapshot, UserStore, WriteOutcome,
};
use futures_util::FutureExt as _;
use identity_client::Deadline;

use super::memory_store::MemoryStore;

/// The calls of a [`UserStore`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StoreCall {
    /// [`UserStore::read`]
    Read,
    /// [`UserStore::read_snapshot`]
    ReadSnapshot,
    /// [`UserStore::write`]
    Write,
    /// [`UserStore::due`]
    Due,
    /// [`UserStore::list`]
    List,
}

/// Stands between a caller and the store.
pub trait Interceptor: Clone + Send + Sync + 'static {
    /// Returns the result of a call. `serve` lets it take effect; an interceptor runs it once, never,
    /// or after the caller is gone.
    fn intercept<T: Send + 'static>(
        &self,
        call: StoreCall,
        deadline: &Deadline,
        serve: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + Send;
}

/// A store in memory behind an interceptor. Clones share the rows.
#[derive(Clone, Debug)]
pub struct InterceptedStore<I> {
    /// The rows.
    pub rows: Arc<MemoryStore>,
    /// What each call passes.
    pub interceptor: I,
}

impl<I: Interceptor> InterceptedStore<I> {
    /// Returns an empty store.
    pub fn new(interceptor: I) -> Self {
        Self { rows: Arc::default(), interceptor }
    }

    async fn call<T: Send + 'static, F>(
        &self,
        call: StoreCall,
        deadline: &Deadline,
        act: impl FnOnce(Arc<MemoryStore>, Deadline) -> F + Send + 'static,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let (rows, at) = (Arc::clone(&self.rows), *deadline);
        let unready = || Err(StoreError::unavailable("the memory store is not ready at once"));
        let serve = move || act(rows, at).now_or_never().unwrap_or_else(unready);
        self.interceptor.intercept(call, deadline, serve).await
    }
}

impl<I: Interceptor> UserStore for InterceptedStore<I> {
    async fn read(&self, key: &RecordKey, deadline: &Deadline) -> Result<Stored, StoreError> {
        let key = key.clone();
        let act = |rows: Arc<MemoryStore>, at: Deadline| async move { rows.read(&key, &at).await };
        self.call(StoreCall::Read, deadline, act).await
    }

    async fn read_snapshot(
        &self,
        user: &RecordKey,
        deadline: &Deadline,
    ) -> Result<UserSnapshot, StoreError> {
        let user = user.clone();
        let act = |rows: Arc<MemoryStore>, at: Deadline| async move {
            rows.read_snapshot(&user, &at).await
        };
        self.call(StoreCall::ReadSnapshot, deadline, act).await
    }

    async fn write(
        &self,
        key: &RecordKey,
        expected: Option<UniqueId>,
        record: &Record,
        revision: UniqueId,
        deadline: &Deadline,
    ) -> Result<WriteOutcome, StoreError> {
        let (key, record) = (key.clone(), record.clone());
        let act = move |rows: Arc<MemoryStore>, at: Deadline| async move {
            rows.write(&key, expected, &record, revision, &at).await
        };
        self.call(StoreCall::Write, deadline, act).await
    }

    async fn due(&self, limit: usize, deadline: &Deadline) -> Result<Vec<RecordKey>, StoreError> {
        let act =
            move |rows: Arc<MemoryStore>, at: Deadline| async move { rows.due(limit, &at).await };
        self.call(StoreCall::Due, deadline, act).await
    }

    async fn list(
        &self,
        after: Option<&RecordKey>,
        limit: usize,
        deadline: &Deadline,
    ) -> Result<Page, StoreError> {
        let after = after.cloned();
        let act = move |rows: Arc<MemoryStore>, at: Deadline| async move {
            rows.list(after.as_ref(), limit, &at).await
        };
        self.call(StoreCall::List, deadline, act).await
    }
}
