//! The broker: the store, the ACS client, and how a record is read and changed.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use identity_client::{IdentityClient, IdentityId};
use lru::LruCache;

use crate::call_context::CallContext;
use crate::record::{Record, RecordKey, UniqueId};
use crate::store::{Stored, UserSnapshot, UserStore, WriteOutcome};
use crate::store_error::StoreError;
use crate::token_memory::TokenMemory;
use crate::user_digest::{UserDigest, UserDigests};

/// The settings of the broker.
#[derive(Clone, Copy, Debug)]
pub struct BrokerSettings {
    /// How long a user without an identity is remembered, and so how old a session may be: an older
    /// one could create a deleted user again.
    pub tombstone_retention: Duration,
    /// How many tokens one process mints for one user in a minute.
    pub max_mints_per_minute: NonZeroUsize,
}

impl BrokerSettings {
    /// Returns the settings with the usual number of tokens a minute.
    #[must_use]
    pub const fn new(tombstone_retention: Duration) -> Self {
        Self { tombstone_retention, max_mints_per_minute: DEFAULT_MAX_MINTS }
    }
}

/// The protocol, over one store and one ACS resource. `operations/` has its steps.
pub struct TokenBroker<S> {
    pub(crate) store: S,
    pub(crate) acs: IdentityClient,
    pub(crate) settings: BrokerSettings,
    unique_ids: Arc<dyn Fn() -> UniqueId + Send + Sync>,
    digests: UserDigests,
    remembered: Mutex<LruCache<UserDigest, IdentityId>>,
    pub(crate) tokens: TokenMemory,
}

/// How a change of a record ended.
#[derive(Debug)]
pub(crate) struct Committed {
    /// The record that was replaced; `None` where there was nothing to change.
    pub(crate) before: Option<Record>,
    /// The record as it is now.
    pub(crate) stored: Stored,
}

/// A refresher asks once in an hour for each device. Twenty a minute leave room for bursts of many
/// devices, and cost ACS a hundredth of what a resource mints.
const DEFAULT_MAX_MINTS: NonZeroUsize = NonZeroUsize::new(20).unwrap();
/// How many users' identities a warm function remembers. Each saves a read before the ACS call.
const MAX_REMEMBERED: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();
/// How often other writes may come first before a change gives up.
const MAX_CONFLICTS: usize = 100;

impl<S: UserStore> TokenBroker<S> {
    /// Returns a broker; `unique_ids` supplies the ids of writes, leases and operations.
    pub fn new(
        store: S,
        acs: IdentityClient,
        settings: BrokerSettings,
        unique_ids: impl Fn() -> UniqueId + Send + Sync + 'static,
    ) -> Self {
        let remembered = Mutex::new(LruCache::new(MAX_REMEMBERED));
        let (unique_ids, tokens) = (Arc::new(unique_ids), TokenMemory::new());
        let digests = UserDigests::default();
        Self { store, acs, settings, unique_ids, digests, remembered, tokens }
    }

    pub(crate) async fn read(
        &self,
        key: &RecordKey,
        ctx: &CallContext<'_>,
    ) -> Result<Stored, StoreError> {
        self.store.read(key, &ctx.deadline).await
    }

    pub(crate) async fn snapshot(
        &self,
        user: &RecordKey,
        ctx: &CallContext<'_>,
    ) -> Result<UserSnapshot, StoreError> {
        self.store.read_snapshot(user, &ctx.deadline).await
    }

    /// Changes a record by `change`, which is asked again whenever another write came first.
    pub(crate) async fn commit(
        &self,
        key: &RecordKey,
        mut stored: Stored,
        ctx: &CallContext<'_>,
        change: impl Fn(&Record) -> Option<Record> + Send + Sync,
    ) -> Result<Committed, StoreError> {
        for _ in 0..MAX_CONFLICTS {
            let Some(next) = change(&stored.record) else {
                return Ok(Committed { before: None, stored });
            };
            let revision = self.unique_id();
            let expected = stored.revision;
            match self.store.write(key, expected, &next, revision, &ctx.deadline).await? {
                WriteOutcome::Written => {
                    let before = Some(stored.record);
                    let stored = Stored { record: next, revision: Some(revision) };
                    return Ok(Committed { before, stored });
                }
                WriteOutcome::Conflict(current) => stored = current,
            }
        }
        Err(StoreError::throttled("other writes came first each time"))
    }

    /// Changes a record by a write that nobody waits for: its failure is reported and has no other
    /// effect. Each caller says what happens instead.
    pub(crate) async fn commit_optional(
        &self,
        write: &'static str,
        key: &RecordKey,
        stored: Stored,
        ctx: &CallContext<'_>,
        change: impl Fn(&Record) -> Option<Record> + Send + Sync,
    ) {
        if let Err(error) = self.commit(key, stored, ctx, change).await {
            ctx.observer.on_optional_write_failed(write, &error);
        }
    }

    pub(crate) fn unique_id(&self) -> UniqueId {
        (self.unique_ids)()
    }

    pub(crate) fn remembered(&self, user: &RecordKey) -> Option<IdentityId> {
        self.memory().get(&self.digests.of(user)).cloned()
    }

    pub(crate) fn remember(&self, user: &RecordKey, identity: &IdentityId) {
        let mut memory = self.memory();
        let user = self.digests.of(user);
        // Most often it is there already.
        if memory.peek(&user) != Some(identity) {
            memory.put(user, identity.clone());
        }
    }

    pub(crate) fn forget(&self, user: &RecordKey) {
        self.memory().pop(&self.digests.of(user));
    }

    fn memory(&self) -> MutexGuard<'_, LruCache<UserDigest, IdentityId>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> fmt::Debug for TokenBroker<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenBroker").field("settings", &self.settings).finish_non_exhaustive()
    }
}
