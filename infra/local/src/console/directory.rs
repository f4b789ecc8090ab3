//! The records of all users in memory. After a write only the written rows are read again.

use std::collections::BTreeMap;

use acs_broker_config::error_chain;
use acs_broker_core::{Record, RecordKey, StoreError, UserStore};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use identity_client::Deadline;
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};

use crate::hosting::changes::{Changed, Changes};

/// How many records are read at once, where all are.
const PAGE_SIZE: usize = 500;
/// How many written rows are read at once.
const CONCURRENCY: usize = 8;

/// What was read last.
#[derive(Debug, Default)]
pub(crate) struct Directory(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    users: Users,
    /// What was written and not read since: a reading may fail or be cut off.
    unread: Changed,
}

/// The users with a record, by subject and then by issuer.
pub(crate) type Users = BTreeMap<(String, String), User>;

/// A user with a record, and the texts that a search looks into.
#[derive(Clone, Debug, Default)]
pub(crate) struct User {
    pub(crate) record: Record,
    /// The subject in lower case.
    subject: String,
    /// The ACS identity in lower case.
    identity: Option<String>,
}

impl User {
    /// Returns a user of a subject with a record.
    pub(crate) fn new(subject: &str, record: Record) -> Self {
        let identity = record.bound().map(|bound| bound.id.to_string().to_lowercase());
        Self { record, subject: subject.to_lowercase(), identity }
    }

    /// Returns whether the subject or the identity contains a text in lower case.
    pub(crate) fn contains(&self, text: &str) -> bool {
        self.subject.contains(text) || self.identity().is_some_and(|id| id.contains(text))
    }

    /// Returns the ACS identity in lower case.
    pub(crate) fn identity(&self) -> Option<&str> {
        self.identity.as_deref()
    }
}

impl Directory {
    /// Returns the users as the last write left them.
    ///
    /// # Errors
    /// The table does not respond.
    pub(crate) async fn users<T: UserStore>(
        &self,
        store: &T,
        changes: &Changes,
        deadline: &Deadline,
    ) -> Result<MappedMutexGuard<'_, Users>, StoreError> {
        let mut kept = self.0.lock().await;
        kept.unread.add(changes.take());
        match &kept.unread {
            Changed::All => kept.users = read_all(store, deadline).await?,
            Changed::Rows(ids) => {
                let keys = ids.iter().filter_map(|id| id.parse().ok()).collect();
                let read = read_some(store, keys, deadline).await?;
                update(&mut kept.users, read);
            }
        }
        kept.unread = Changed::default();
        Ok(MutexGuard::map(kept, |kept| &mut kept.users))
    }
}

async fn read_all<T: UserStore>(store: &T, deadline: &Deadline) -> Result<Users, StoreError> {
    let mut users = Users::new();
    let mut after = None;
    loop {
        let page = store.list(after.as_ref(), PAGE_SIZE, deadline).await?;
        for row in &page.unreadable {
            warn_of(&row.key, &row.why);
        }
        update(&mut users, page.records);
        after = page.next;
        if after.is_none() {
            return Ok(users);
        }
    }
}

async fn read_some<T: UserStore>(
    store: &T,
    keys: Vec<RecordKey>,
    deadline: &Deadline,
) -> Result<Vec<(RecordKey, Record)>, StoreError> {
    let reads = keys.into_iter().map(|key| async move {
        match store.read(&key, deadline).await {
            Ok(stored) => Ok((key, stored.record)),
            Err(error) if error.is_corrupt() => {
                warn_of(&key, &error_chain(&error));
                Ok((key, Record::default()))
            }
            Err(error) => Err(error),
        }
    });
    stream::iter(reads).buffer_unordered(CONCURRENCY).try_collect().await
}

/// Tells of a row that the list lacks.
fn warn_of(key: &RecordKey, why: &str) {
    tracing::warn!(key = key.to_text(), why, "a row cannot be read, and is not listed");
}

fn update(users: &mut Users, records: impl IntoIterator<Item = (RecordKey, Record)>) {
    for (key, record) in records {
        let RecordKey::User(issuer, subject) = key else { continue };
        let (issuer, subject) = (issuer.as_str().to_owned(), subject.as_str().to_owned());
        let user = User::new(&subject, record);
        if user.record == Record::default() {
            users.remove(&(subject, issuer));
        } else {
            users.insert((subject, issuer), user);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use acs_broker_core::{EpochSeconds, UniqueId};
    use acs_broker_store_dynamodb::testing::{InterceptedStore, Interceptor, StoreCall};
    use jiff::Timestamp;

    use super::*;

    const USERS: usize = 10_000;

    /// Counts the rows and pages that are read, and fails while it is told to.
    #[derive(Clone, Debug, Default)]
    struct Counter {
        pages: Arc<AtomicUsize>,
        rows: Arc<AtomicUsize>,
        failures: Arc<AtomicUsize>,
    }

    impl Interceptor for Counter {
        async fn intercept<T: Send + 'static>(
            &self,
            call: StoreCall,
            _deadline: &Deadline,
            serve: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
        ) -> Result<T, StoreError> {
            match call {
                StoreCall::List => self.pages.fetch_add(1, Ordering::Relaxed),
                StoreCall::Read => self.rows.fetch_add(1, Ordering::Relaxed),
                _ => return serve(),
            };
            let left = |failures: usize| failures.checked_sub(1);
            match self.failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left) {
                Ok(_) => Err(StoreError::unavailable("a test asks for this")),
                Err(_) => serve(),
            }
        }
    }

    struct World {
        store: InterceptedStore<Counter>,
        changes: Changes,
        directory: Directory,
        deadline: Deadline,
    }

    impl World {
        async fn with(users: usize) -> Self {
            let deadline = Deadline::new(Timestamp::UNIX_EPOCH, std::time::Duration::MAX);
            let store = InterceptedStore::new(Counter::default());
            let world = Self {
                store,
                changes: Changes::default(),
                directory: Directory::default(),
                deadline,
            };
            for number in 0..users {
                world.write(&format!("u{number}"), None, 1).await;
            }
            world
        }

        async fn write(&self, subject: &str, expected: Option<UniqueId>, cutoff: i64) {
            let key: RecordKey = format!("user https://i {subject}").parse().unwrap();
            let revision = UniqueId::from_bits(cutoff.unsigned_abs().into());
            let cutoff = Some(EpochSeconds(cutoff));
            let record = Record { sessions_valid_after: cutoff, ..Record::default() };
            let written = self.store.write(&key, expected, &record, revision, &self.deadline);
            written.await.unwrap();
            let body = serde_json::json!({"Item": {"id": {"S": key.to_text()}}}).to_string();
            self.changes.note(Changed::by("PutItem", body.as_bytes()));
        }

        async fn cutoff(&self, subject: &str) -> Option<EpochSeconds> {
            let users = self.directory.users(&self.store, &self.changes, &self.deadline).await;
            let users = users.unwrap();
            let user = users.get(&(subject.to_owned(), "https://i".to_owned()));
            user.and_then(|user| user.record.sessions_valid_after)
        }

        fn counts(&self) -> (usize, usize) {
            let Counter { pages, rows, .. } = &self.store.interceptor;
            (pages.load(Ordering::Relaxed), rows.load(Ordering::Relaxed))
        }
    }

    mod directory {
        use super::*;

        /// Among 10,000 users a search waits for what was written, and for nothing else.
        #[tokio::test]
        async fn reads_written_rows_only() {
            let world = World::with(USERS).await;
            assert_eq!(world.cutoff("u77").await, Some(EpochSeconds(1)));
            let pages = USERS / PAGE_SIZE;
            assert_eq!(world.counts(), (pages, 0));
            for _ in 0..3 {
                world.cutoff("u77").await;
            }
            assert_eq!(world.counts(), (pages, 0), "nothing was written");
            world.write("u77", Some(UniqueId::from_bits(1)), 2).await;
            world.write("new", None, 3).await;
            assert_eq!(world.cutoff("u77").await, Some(EpochSeconds(2)));
            assert_eq!(world.cutoff("new").await, Some(EpochSeconds(3)));
            assert_eq!(world.counts(), (pages, 2));
        }

        /// A row of a newer version does not hide the other users.
        #[tokio::test]
        async fn passes_over_unreadable_rows() {
            let world = World::with(2).await;
            world.store.rows.make_unreadable("user https://i u0".parse().unwrap());
            assert_eq!(world.cutoff("u0").await, None);
            assert_eq!(world.cutoff("u1").await, Some(EpochSeconds(1)));
        }

        /// A table that fails for a moment must not leave an old list behind.
        #[tokio::test]
        async fn reads_again_after_a_failure() {
            let world = World::with(1).await;
            world.cutoff("u0").await;
            world.write("u0", Some(UniqueId::from_bits(1)), 2).await;
            world.store.interceptor.failures.store(1, Ordering::Relaxed);
            let failed = world.directory.users(&world.store, &world.changes, &world.deadline);
            assert!(failed.await.is_err());
            assert_eq!(world.cutoff("u0").await, Some(EpochSeconds(2)));
        }
    }
}
