mod acs;
mod table;

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acs_broker_core::{
    Call, Deletion, Grant, Happening, IssueError, Issued, Observer, Order, Ruling, Session,
    Sessions, Settings, TokenBroker, WorkError,
};
use acs_broker_store_dynamodb::{EpochSeconds, Nonce, Record, RecordKey, UserTable};
use acs_emulator::Emulator;
use identity_client::{
    ConnectionString, Deadline, IdentityClient, IdentityId, Lifetime, Options, Scope, Timestamp,
};
use tokio::time::Instant;

use self::acs::{Acs, Script};
pub(crate) use self::acs::{CREATE, DELETE, ISSUE, NO_SUCH_IDENTITY, NOT_OWNED, REVOKE, Turn};
use self::table::WatchedTable;

/// A broker, its table and its ACS on one stage, where a test says what happens between two steps.
pub(crate) struct Stage {
    pub(crate) emulator: Arc<Emulator>,
    pub(crate) table: WatchedTable,
    script: Script,
    brokers: [TokenBroker<WatchedTable>; 2],
    start: Instant,
    happened: Mutex<Vec<Happening>>,
}

pub(crate) const RETENTION: Duration = Duration::from_hours(1000);
const PATIENCE: Duration = Duration::from_secs(10);
const MIDNIGHT: &str = "2026-11-23T00:00:00Z";

pub(crate) fn assert_busy(outcome: &Result<Issued, IssueError>) {
    assert!(matches!(outcome, Err(IssueError::Busy)), "{outcome:?}");
}

pub(crate) fn alice() -> RecordKey {
    RecordKey::user("https://idp.example".parse().unwrap(), "alice".parse().unwrap())
}

impl Stage {
    pub(crate) fn new() -> Arc<Self> {
        let emulator = Arc::new(Emulator::new(acs_emulator::Settings::simulated(1)));
        let table = WatchedTable::default();
        let script = Script::default();
        let start = Instant::now();
        let text = emulator.connection_string("https://acs.example");
        let ConnectionString { endpoint, access_key } = text.parse().unwrap();
        let transport = Acs { emulator: Arc::clone(&emulator), script: Arc::clone(&script), start };
        let options = Options { max_attempts: 1, ..Options::default() };
        let acs = IdentityClient::new(endpoint, access_key, Arc::new(transport), options);
        let nonces = Arc::new(AtomicU64::new(1));
        let broker = || {
            let settings = Settings { tombstone_retention: RETENTION };
            let nonces = Arc::clone(&nonces);
            let next = move || Nonce::from_bits(nonces.fetch_add(1, Ordering::Relaxed).into());
            TokenBroker::new(table.clone(), acs.clone(), settings, next)
        };
        let brokers = [broker(), broker()];
        let happened = Mutex::new(Vec::new());
        Arc::new(Self { emulator, table, script, brokers, start, happened })
    }

    /// Scripts the next request to ACS whose method and path contain `which`.
    pub(crate) fn on(&self, which: &'static str, turn: Turn) {
        self.script.lock().unwrap().push_back((which, turn));
    }

    /// Scripts what a second process does after ACS's next answer to `which`.
    pub(crate) fn meanwhile<F, A>(self: &Arc<Self>, which: &'static str, action: F)
    where
        F: FnOnce(Arc<Self>) -> A + Send + 'static,
        A: Future<Output = ()> + Send + 'static,
    {
        let stage = Arc::clone(self);
        self.on(which, Turn::Meanwhile(Box::new(move || Box::pin(action(stage)))));
    }

    /// The second of the stage's life; it only moves when a test lets it.
    pub(crate) fn now(&self) -> Timestamp {
        now(self.start)
    }

    /// A session that began this many seconds ago.
    pub(crate) fn session(&self, seconds_ago: i64) -> Session {
        let EpochSeconds(now) = self.now().into();
        Session { user: alice(), sign_in: EpochSeconds(now - seconds_ago) }
    }

    pub(crate) fn call(&self) -> Call<'_> {
        Call::new(Deadline::new(self.now(), PATIENCE), self)
    }

    pub(crate) async fn issue(&self, session: &Session) -> Result<Issued, IssueError> {
        let grant = Grant { scopes: vec![Scope::Chat], lifetime: Lifetime::MAX };
        self.brokers[0].issue(session, &grant, &self.call()).await
    }

    pub(crate) async fn revoke(&self, order: Order) -> Result<(), WorkError> {
        self.brokers[1].revoke(&alice(), order, Sessions::End, &self.call()).await
    }

    pub(crate) async fn delete(&self, order: Order) -> Result<Deletion, WorkError> {
        self.brokers[1].delete(&alice(), order, &self.call()).await
    }

    pub(crate) async fn suspend(&self, ruling: Ruling) -> Result<(), WorkError> {
        self.brokers[1].suspend(&alice(), ruling, &self.call()).await
    }

    pub(crate) async fn unsuspend(&self, ruling: Ruling) {
        self.brokers[1].unsuspend(&alice(), ruling, &self.call()).await.unwrap();
    }

    /// Ends everybody's sessions; their tokens live until the walk is done.
    pub(crate) async fn revoke_everybody(&self) -> EpochSeconds {
        self.brokers[1].revoke_everybody(&self.call()).await.unwrap()
    }

    pub(crate) async fn everybody(&self) -> Option<EpochSeconds> {
        self.record(&RecordKey::Everybody).await.sign_in_not_before
    }

    /// Walks the table as an operator does who has revoked everybody.
    pub(crate) async fn walk(&self) -> Result<(), WorkError> {
        let mark = self.everybody().await.unwrap();
        let call = self.call();
        let page = self.table.list(None, 100, &Deadline::new(self.now(), PATIENCE)).await?;
        for (key, record) in page.records {
            if record.binding.is_some() || record.lease.is_some() {
                self.brokers[1].revoke_until(&key, mark, &call).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn sweep(&self) -> acs_broker_core::Swept {
        self.brokers[1].sweep(&self.call()).await.unwrap()
    }

    pub(crate) async fn record(&self, key: &RecordKey) -> Record {
        let deadline = Deadline::new(self.now(), Duration::ZERO);
        self.table.rows.read(key, &deadline).await.unwrap().record
    }

    pub(crate) fn is_active(&self, issued: &Issued) -> bool {
        self.emulator.introspect(issued.token.token.secret(), self.now()).is_active()
    }

    pub(crate) fn live_identities(&self) -> Vec<IdentityId> {
        let identities = self.emulator.identities().into_iter();
        let live = identities.filter(|identity| identity.deleted_at.is_none());
        live.map(|identity| identity.id.parse().unwrap()).collect()
    }

    pub(crate) fn happened(&self) -> Vec<Happening> {
        self.happened.lock().unwrap().clone()
    }
}

impl Observer for Stage {
    fn saw(&self, happening: Happening) {
        self.happened.lock().unwrap().push(happening);
    }

    fn postponed(&self, _key: &RecordKey, _why: &WorkError) {}
}

fn now(start: Instant) -> Timestamp {
    MIDNIGHT.parse::<Timestamp>().unwrap().checked_add(start.elapsed()).unwrap()
}
