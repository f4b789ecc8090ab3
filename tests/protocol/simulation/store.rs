//! The store behind the network, and behind the witness who sees each write.

use std::sync::{Arc, Mutex};

use acs_broker_core::{
    Page, Record, RecordKey, StoreError, Stored, UniqueId, UserSnapshot, UserStore, WriteOutcome,
};
use acs_broker_store_dynamodb::testing::MemoryStore;
use futures_util::FutureExt as _;
use identity_client::Deadline;
use tokio::time::Instant;

use crate::clock::request;
use crate::network::Network;
use crate::random::Random;
use crate::swarm::Chaos;
use crate::witness::{Witness, Write};

/// The table, as a process sees it. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct RemoteStore {
    pub(crate) rows: Arc<MemoryStore>,
    pub(crate) network: Arc<Network>,
    pub(crate) witness: Arc<Witness>,
    outage: Arc<Mutex<Outage>>,
    random: Arc<Random>,
}

/// Until when the table does not serve, and whether it says so.
#[derive(Debug, Default)]
struct Outage {
    until: Option<Instant>,
    throttles: bool,
    /// What the index of due rows held when it was last up to date.
    stale: Vec<RecordKey>,
}

const USUAL_MILLIS: u64 = 10;

impl RemoteStore {
    pub(crate) fn new(network: Arc<Network>, witness: Arc<Witness>, random: Arc<Random>) -> Self {
        Self { rows: Arc::default(), network, witness, outage: Arc::default(), random }
    }

    async fn call<T: Send + 'static>(
        &self,
        deadline: &Deadline,
        serve: impl FnOnce(&MemoryStore, &Deadline) -> Option<Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        if let Some(refusal) = self.outage() {
            return Err(refusal);
        }
        let (rows, at) = (Arc::clone(&self.rows), *deadline);
        let serve = move || serve(&rows, &at).expect("a store that is ready at once");
        let reply = self.network.exchange(USUAL_MILLIS, deadline.expires_at(), serve).await;
        reply.map_err(|broken| StoreError::unavailable(format!("{broken:?}")))?
    }

    fn outage(&self) -> Option<StoreError> {
        let mut outage = self.outage.lock().expect("outage");
        if outage.until.is_none_or(|until| until <= Instant::now()) {
            outage.until = None;
            if self.network.suffers(Chaos::DarkTable, 4) {
                outage.until = Some(Instant::now() + self.random.millis(100, 12_000));
                outage.throttles = self.random.percent(50);
            }
        }
        outage.until.filter(|_| !self.network.is_calm())?;
        Some(if outage.throttles {
            StoreError::throttled("an outage")
        } else {
            StoreError::unavailable("an outage")
        })
    }
}

impl UserStore for RemoteStore {
    async fn read(&self, key: &RecordKey, deadline: &Deadline) -> Result<Stored, StoreError> {
        let key = key.clone();
        self.call(deadline, move |rows, at| rows.read(&key, at).now_or_never()).await
    }

    async fn read_snapshot(
        &self,
        user: &RecordKey,
        deadline: &Deadline,
    ) -> Result<UserSnapshot, StoreError> {
        let user = user.clone();
        self.call(deadline, move |rows, at| rows.read_snapshot(&user, at).now_or_never()).await
    }

    async fn write(
        &self,
        key: &RecordKey,
        expected: Option<UniqueId>,
        record: &Record,
        revision: UniqueId,
        deadline: &Deadline,
    ) -> Result<WriteOutcome, StoreError> {
        let (key, record, witness) = (key.clone(), record.clone(), Arc::clone(&self.witness));
        let (request, by_writers_clock) = (request(), deadline.now());
        let serve = move |rows: &MemoryStore, at: &Deadline| {
            let before = rows.read(&key, at).now_or_never()?.ok()?;
            let outcome = rows.write(&key, expected, &record, revision, at).now_or_never()?;
            if matches!(outcome, Ok(WriteOutcome::Written)) && before.revision != Some(revision) {
                let before = &before.record;
                witness.saw(&Write {
                    key: &key,
                    before,
                    after: &record,
                    request,
                    by_writers_clock,
                });
            }
            Some(outcome)
        };
        self.call(deadline, serve).await
    }

    async fn due(&self, limit: usize, deadline: &Deadline) -> Result<Vec<RecordKey>, StoreError> {
        let is_stale = self.network.suffers(Chaos::StaleIndex, 400);
        let outage = Arc::clone(&self.outage);
        let serve = move |rows: &MemoryStore, at: &Deadline| {
            let due = rows.due(limit, at).now_or_never()?;
            let stale = &mut outage.lock().expect("outage").stale;
            if is_stale {
                return Some(Ok(stale.clone()));
            }
            stale.clone_from(due.as_ref().ok()?);
            Some(due)
        };
        self.call(deadline, serve).await
    }

    async fn list(
        &self,
        after: Option<&RecordKey>,
        limit: usize,
        deadline: &Deadline,
    ) -> Result<Page, StoreError> {
        let after = after.cloned();
        self.call(deadline, move |rows, at| rows.list(after.as_ref(), limit, at).now_or_never())
            .await
    }
}
