use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acs_broker_store_dynamodb::{
    Nonce, Pending, Record, RecordKey, Standing, Stored, TableError, UserTable, Work, Written,
};
use identity_client::{IdentityClient, IdentityId};
use lru::LruCache;

use crate::call::Call;

/// What the broker must be told.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long a user without an identity is remembered. Longer than any session of an identity
    /// provider lives, or a deleted user comes back with an old one.
    pub tombstone_retention: Duration,
}

/// The protocols, over one table and one ACS resource.
pub struct TokenBroker<T> {
    pub(crate) table: T,
    pub(crate) acs: IdentityClient,
    pub(crate) settings: Settings,
    nonces: Arc<dyn Fn() -> Nonce + Send + Sync>,
    remembered: Mutex<LruCache<RecordKey, IdentityId>>,
}

/// How a change to a record ended.
#[derive(Debug)]
pub(crate) struct Applied {
    /// The record that was replaced; `None` where there was nothing to change.
    pub(crate) before: Option<Record>,
    /// The record as it is now.
    pub(crate) stored: Stored,
}

/// How many users' identities a warm function remembers, a read saved for each.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();

impl<T: UserTable> TokenBroker<T> {
    /// A broker that draws the names of its writes and leases from `nonces`.
    pub fn new(
        table: T,
        acs: IdentityClient,
        settings: Settings,
        nonces: impl Fn() -> Nonce + Send + Sync + 'static,
    ) -> Self {
        let remembered = Mutex::new(LruCache::new(REMEMBERED));
        Self { table, acs, settings, nonces: Arc::new(nonces), remembered }
    }

    pub(crate) async fn read(
        &self,
        key: &RecordKey,
        call: &Call<'_>,
    ) -> Result<Stored, TableError> {
        self.table.read(key, &call.deadline).await
    }

    pub(crate) async fn standing(
        &self,
        user: &RecordKey,
        call: &Call<'_>,
    ) -> Result<Standing, TableError> {
        self.table.read_with_everybody(user, &call.deadline).await
    }

    /// Changes a record by `rule`, which is asked again whenever somebody else was faster.
    pub(crate) async fn apply(
        &self,
        key: &RecordKey,
        mut stored: Stored,
        call: &Call<'_>,
        rule: impl Fn(&Record) -> Option<Record> + Send + Sync,
    ) -> Result<Applied, TableError> {
        loop {
            let Some(next) = rule(&stored.record) else {
                return Ok(Applied { before: None, stored });
            };
            let revision = self.nonce();
            let expected = stored.revision;
            match self.table.write(key, expected, &next, revision, &call.deadline).await? {
                Written::Done => {
                    let before = Some(stored.record);
                    let stored = Stored { record: next, revision: Some(revision) };
                    return Ok(Applied { before, stored });
                }
                Written::Superseded(current) => stored = current,
            }
        }
    }

    pub(crate) fn nonce(&self) -> Nonce {
        (self.nonces)()
    }

    pub(crate) fn work(&self, work: Work, call: &Call<'_>) -> Pending {
        Pending::accepted(work, self.nonce(), call.deadline.now())
    }

    pub(crate) fn remembered(&self, user: &RecordKey) -> Option<IdentityId> {
        self.memory().get(user).cloned()
    }

    pub(crate) fn remember(&self, user: &RecordKey, identity: &IdentityId) {
        self.memory().put(user.clone(), identity.clone());
    }

    pub(crate) fn forget(&self, user: &RecordKey) {
        self.memory().pop(user);
    }

    fn memory(&self) -> MutexGuard<'_, LruCache<RecordKey, IdentityId>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> fmt::Debug for TokenBroker<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenBroker").field("settings", &self.settings).finish_non_exhaustive()
    }
}
