//! A broker, its store and its ACS, where a test says what happens between two steps.

mod acs;
mod store;

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acs_broker_core::{
    Accepted, BrokerError, BrokerEvent, BrokerSettings, CallContext, Completion, EpochSeconds,
    Grant, Initiator, Issued, Observer, Operation, Record, RecordKey, Session, StoreError,
    TokenBroker, UniqueId, UserStore,
};
use acs_emulator::Emulator;
use identity_client::testing::InterceptedTransport;
use identity_client::{
    ClientOptions, ConnectionString, Deadline, IdentityClient, IdentityId, KeyRing, Lifetime,
    Scope, Timestamp,
};
use tokio::time::Instant;

use self::acs::Script;
pub(crate) use self::acs::{CREATE, DELETE, ISSUE, NO_SUCH_IDENTITY, NOT_OWNED, REVOKE, Turn};
use self::store::{Watch, WatchedStore};

/// A broker, its table and its ACS on one harness, where a test says what happens between two steps.
pub(crate) struct Harness {
    pub(crate) emulator: Arc<Emulator>,
    pub(crate) table: WatchedStore,
    script: Script,
    brokers: [TokenBroker<WatchedStore>; 2],
    start: Instant,
    events: Mutex<Vec<BrokerEvent>>,
}

pub(crate) const RETENTION: Duration = Duration::from_hours(1000);
/// How far apart the attempts of requests for one user are.
pub(crate) const ATTEMPT_PAUSE: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(10);
const MIDNIGHT: &str = "2026-11-23T00:00:00Z";

pub(crate) fn assert_busy(outcome: &Result<Issued, BrokerError>) {
    assert!(matches!(outcome, Err(BrokerError::IdentityBusy)), "{outcome:?}");
}

pub(crate) fn alice() -> RecordKey {
    RecordKey::user("https://idp.example".parse().unwrap(), "alice".parse().unwrap())
}

pub(crate) fn grant() -> Grant {
    Grant { scopes: vec![Scope::Chat], lifetime: Lifetime::MAX }
}

impl Harness {
    pub(crate) fn new() -> Arc<Self> {
        Self::with(acs_emulator::Settings::simulated(1))
    }

    /// A harness whose ACS enforces its quotas.
    pub(crate) fn with_quotas() -> Arc<Self> {
        let settings = acs_emulator::Settings::simulated(1);
        Self::with(acs_emulator::Settings { enforce_quotas: true, ..settings })
    }

    fn with(settings: acs_emulator::Settings) -> Arc<Self> {
        let emulator = Arc::new(Emulator::new(settings));
        let table = WatchedStore::new(Watch::default());
        let script = Script::default();
        let start = Instant::now();
        let text = emulator.connection_string("https://acs.example");
        let ConnectionString { endpoint, access_key } = text.parse().unwrap();
        let served = Arc::clone(&emulator);
        let respond = move |request: &_| served.handle(request, now(start)).response;
        let transport = InterceptedTransport::new(script.clone(), respond);
        let options = ClientOptions { max_attempts: 1, ..ClientOptions::default() };
        let secondary = acs::regenerate(&emulator, "secondary", now(start));
        let keys = KeyRing::new(access_key, vec![secondary]);
        let acs = IdentityClient::new(endpoint, keys, transport, options);
        let unique_ids = Arc::new(AtomicU64::new(1));
        let broker = || {
            let settings = BrokerSettings::new(RETENTION);
            let unique_ids = Arc::clone(&unique_ids);
            let next =
                move || UniqueId::from_bits(unique_ids.fetch_add(1, Ordering::Relaxed).into());
            TokenBroker::new(table.clone(), acs.clone(), settings, next)
        };
        let brokers = [broker(), broker()];
        let events = Mutex::new(Vec::new());
        Arc::new(Self { emulator, table, script, brokers, start, events })
    }

    /// Regenerates the primary access key: ACS kills its tokens.
    pub(crate) fn regenerate_primary_key(&self) {
        acs::regenerate(&self.emulator, "primary", self.now());
    }

    /// Scripts the next request to ACS whose method and path contain `which`.
    pub(crate) fn on(&self, which: &'static str, turn: Turn) {
        self.script.lock().next.push_back((which, turn));
    }

    /// Scripts what happens to every request to ACS that is `which`.
    pub(crate) fn on_all(&self, which: &'static str, turn: fn() -> Turn) {
        self.script.lock().always = Some((which, turn));
    }

    /// Lets ACS do its work again.
    pub(crate) fn clear_script(&self) {
        self.script.lock().always = None;
    }

    /// Returns how many requests to ACS were `which`.
    pub(crate) fn calls(&self, which: &str) -> usize {
        let script = self.script.lock();
        script.requests.iter().filter(|line| line.contains(which)).count()
    }

    /// Scripts what a second process does after ACS's next response to `which`.
    pub(crate) fn interleave<F, A>(self: &Arc<Self>, which: &'static str, action: F)
    where
        F: FnOnce(Arc<Self>) -> A + Send + 'static,
        A: Future<Output = ()> + Send + 'static,
    {
        let harness = Arc::clone(self);
        self.on(which, Turn::Interleave(Box::new(move || Box::pin(action(harness)))));
    }

    /// Returns the present. It moves only when a test lets it.
    pub(crate) fn now(&self) -> Timestamp {
        now(self.start)
    }

    /// A session that began this many seconds ago.
    pub(crate) fn session(&self, seconds_ago: i64) -> Session {
        let EpochSeconds(now) = self.now().into();
        Session { user: alice(), sign_in: EpochSeconds(now - seconds_ago) }
    }

    pub(crate) fn call(&self) -> CallContext<'_> {
        CallContext::new(Deadline::new(self.now(), TIMEOUT), self)
    }

    pub(crate) async fn issue(&self, session: &Session) -> Result<Issued, BrokerError> {
        self.issue_grant(session, &grant()).await
    }

    pub(crate) async fn issue_grant(
        &self,
        session: &Session,
        grant: &Grant,
    ) -> Result<Issued, BrokerError> {
        self.brokers[0].issue(session, grant, &self.call()).await
    }

    pub(crate) async fn revoke_keeping_sessions(&self) {
        self.revoke_and_keep(Initiator::Operator).await.unwrap();
    }

    pub(crate) async fn revoke_and_keep(&self, initiator: Initiator) -> Result<(), BrokerError> {
        self.execute(Operation::Revoke { keep_sessions: true }, initiator).await
    }

    pub(crate) async fn revoke(&self, initiator: Initiator) -> Result<(), BrokerError> {
        self.execute(Operation::REVOKE, initiator).await
    }

    pub(crate) async fn delete(&self, initiator: Initiator) -> Result<(), BrokerError> {
        self.execute(Operation::Delete, initiator).await
    }

    pub(crate) async fn suspend(&self, initiator: Initiator) -> Result<(), BrokerError> {
        self.execute(Operation::Suspend, initiator).await
    }

    pub(crate) async fn unsuspend(&self, initiator: Initiator) {
        self.execute(Operation::Unsuspend, initiator).await.unwrap();
    }

    async fn execute(&self, operation: Operation, initiator: Initiator) -> Result<(), BrokerError> {
        let call = self.call();
        acknowledged(self.brokers[1].execute(&alice(), operation, initiator, &call).await)
    }

    /// Ends all sessions; their tokens live until the scan is done.
    pub(crate) async fn revoke_all(&self) -> EpochSeconds {
        self.brokers[1].revoke_all(&self.call()).await.unwrap()
    }

    pub(crate) async fn global_cutoff(&self) -> Option<EpochSeconds> {
        self.record(&RecordKey::AllUsers).await.sessions_valid_after
    }

    /// Scans the table as an operator does after `revoke-all`.
    pub(crate) async fn scan(&self) -> Result<(), BrokerError> {
        let cutoff = self.global_cutoff().await.unwrap();
        let call = self.call();
        let page = self.table.list(None, 100, &Deadline::new(self.now(), TIMEOUT)).await?;
        for (key, record) in page.records {
            if record.bound().is_some() || record.lease().is_some() {
                acknowledged(self.brokers[1].enforce_cutoff(&key, cutoff, &call).await)?;
            }
        }
        Ok(())
    }

    pub(crate) async fn sweep(&self) -> acs_broker_core::SweepReport {
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

    pub(crate) fn events(&self) -> Vec<BrokerEvent> {
        self.events.lock().unwrap().clone()
    }
}

impl Observer for Harness {
    fn on_event(&self, event: BrokerEvent) {
        self.events.lock().unwrap().push(event);
    }

    fn on_retry_scheduled(&self, _key: &RecordKey, _why: &BrokerError) {}

    fn on_optional_write_failed(&self, _write: &'static str, _why: &StoreError) {}
}

/// Returns what an HTTP caller hears: an operation that ACS refused is not acknowledged.
fn acknowledged(outcome: Result<Accepted, BrokerError>) -> Result<(), BrokerError> {
    match outcome?.completion {
        Completion::Deferred(error) if !error.is_not_found() => Err(error),
        Completion::Deferred(_) | Completion::Done => Ok(()),
    }
}

fn now(start: Instant) -> Timestamp {
    MIDNIGHT.parse::<Timestamp>().unwrap().checked_add(start.elapsed()).unwrap()
}
