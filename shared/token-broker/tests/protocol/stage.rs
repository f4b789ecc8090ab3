use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acs_emulator::Emulator;
use bytes::Bytes;
use http::{Request, Response};
use identity_client::{
    ConnectionString, Deadline, IdentityClient, IdentityId, Lifetime, Options, Scope, Timestamp,
    Transport, TransportError,
};
use token_broker::{
    Call, Deletion, Grant, Happening, IssueError, Issued, Observer, Order, Session, Sessions,
    Settings, TokenBroker, WorkError,
};
use tokio::time::Instant;
use user_table::{
    EpochSeconds, MemoryTable, Nonce, Record, RecordKey, Stored, TableError, UserTable, Written,
};

/// A broker, its table and its ACS on one stage, where a test says what happens between two steps.
pub(crate) struct Stage {
    pub(crate) emulator: Arc<Emulator>,
    pub(crate) table: Arc<MemoryTable>,
    pub(crate) table_calls: Arc<AtomicU32>,
    script: Script,
    brokers: [TokenBroker<CountedTable>; 2],
    start: Instant,
    happened: Mutex<Vec<Happening>>,
}

type Script = Arc<Mutex<VecDeque<(&'static str, Turn)>>>;
type Action = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// What happens to a request to ACS.
pub(crate) enum Turn {
    /// Something happens after ACS has done its work and before its answer arrives.
    Meanwhile(Action),
    /// ACS does its work; its answer never arrives.
    AnswerLost,
    /// ACS does nothing and answers this.
    Answers(u16, &'static str),
}

pub(crate) const NO_SUCH_IDENTITY: Turn = Turn::Answers(
    404,
    r#"{"error":{"code":"IdentityNotFound","message":"Provided identity doesn't exist."}}"#,
);
pub(crate) const NOT_OWNED: Turn = Turn::Answers(
    401,
    r#"{"error":{"code":"IdentityNotOwned","message":"Provided identity doesn't belong to the resource."}}"#,
);

pub(crate) const CREATE: &str = "POST /identities";
pub(crate) const ISSUE: &str = ":issueAccessToken";
pub(crate) const REVOKE: &str = ":revokeAccessTokens";
pub(crate) const DELETE: &str = "DELETE ";

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
        let table = Arc::new(MemoryTable::default());
        let table_calls = Arc::new(AtomicU32::new(0));
        let script = Script::default();
        let start = Instant::now();
        let text = emulator.connection_string("https://acs.example");
        let ConnectionString { endpoint, access_key } = text.parse().unwrap();
        let transport = Acs { emulator: Arc::clone(&emulator), script: Arc::clone(&script), start };
        let options = Options { max_attempts: 1, ..Options::default() };
        let acs = IdentityClient::new(endpoint, access_key, Arc::new(transport), options);
        let nonces = Arc::new(AtomicU64::new(1));
        let broker = || {
            let counted =
                CountedTable { table: Arc::clone(&table), calls: Arc::clone(&table_calls) };
            let settings = Settings { tombstone_retention: Duration::from_hours(1000) };
            let nonces = Arc::clone(&nonces);
            let next = move || Nonce::from_bits(nonces.fetch_add(1, Ordering::Relaxed).into());
            TokenBroker::new(counted, acs.clone(), settings, next)
        };
        let brokers = [broker(), broker()];
        let happened = Mutex::new(Vec::new());
        Arc::new(Self { emulator, table, table_calls, script, brokers, start, happened })
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
        Call::new(Deadline::new(self.now(), Duration::from_secs(10)), self)
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

    pub(crate) async fn sweep(&self) -> token_broker::Swept {
        self.brokers[1].sweep(&self.call()).await.unwrap()
    }

    pub(crate) async fn record(&self, key: &RecordKey) -> Record {
        let deadline = Deadline::new(self.now(), Duration::ZERO);
        self.table.read(key, &deadline).await.unwrap().record
    }

    pub(crate) async fn change(&self, change: impl FnOnce(&mut Record)) {
        let deadline = Deadline::new(self.now(), Duration::ZERO);
        let mut stored = self.table.read(&alice(), &deadline).await.unwrap();
        change(&mut stored.record);
        let nonce = Nonce::from_bits(u128::MAX);
        let (key, expected) = (alice(), stored.revision);
        let written = self.table.write(&key, expected, &stored.record, nonce, &deadline).await;
        assert_eq!(written.unwrap(), Written::Done);
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

struct Acs {
    emulator: Arc<Emulator>,
    script: Script,
    start: Instant,
}

impl Transport for Acs {
    fn send(
        &self,
        request: Request<Bytes>,
        _until: Instant,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send + '_>> {
        Box::pin(async move {
            let line = format!("{} {}", request.method(), request.uri().path());
            let turn = {
                let mut script = self.script.lock().unwrap();
                let is_next = script.front().is_some_and(|(which, _)| line.contains(which));
                is_next.then(|| script.pop_front()).flatten()
            };
            if let Some((_, Turn::Answers(status, body))) = turn {
                let body = Bytes::from_static(body.as_bytes());
                return Ok(Response::builder().status(status).body(body).unwrap());
            }
            let answer = self.emulator.handle(&request, now(self.start)).response;
            match turn {
                Some((_, Turn::AnswerLost)) => Err(TransportError::interrupted("scripted")),
                Some((_, Turn::Meanwhile(action))) => {
                    action().await;
                    Ok(answer)
                }
                _ => Ok(answer),
            }
        })
    }
}

impl std::fmt::Debug for Acs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Acs")
    }
}

struct CountedTable {
    table: Arc<MemoryTable>,
    calls: Arc<AtomicU32>,
}

impl UserTable for CountedTable {
    async fn read(&self, key: &RecordKey, deadline: &Deadline) -> Result<Stored, TableError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.table.read(key, deadline).await
    }

    async fn write(
        &self,
        key: &RecordKey,
        expected: Option<Nonce>,
        record: &Record,
        revision: Nonce,
        deadline: &Deadline,
    ) -> Result<Written, TableError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.table.write(key, expected, record, revision, deadline).await
    }

    async fn due(&self, limit: usize, deadline: &Deadline) -> Result<Vec<RecordKey>, TableError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.table.due(limit, deadline).await
    }
}

fn now(start: Instant) -> Timestamp {
    MIDNIGHT.parse::<Timestamp>().unwrap().checked_add(start.elapsed()).unwrap()
}
