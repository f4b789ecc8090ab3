//! A table and an ACS for the tests of the commands.

pub(crate) mod aws;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acs_broker_core::{
    Call, Grant, IssueError, Issued, Order, Session, Sessions, Settings, TokenBroker, WorkError,
};
use acs_broker_store_dynamodb::{
    EpochSeconds, MemoryTable, Nonce, Page, Record, RecordKey, Standing, Stored, Subject,
    TableError, UserTable, Written,
};
use acs_emulator::Emulator;
use bytes::Bytes;
use http::{Request, Response};
use identity_client::{
    ConnectionString, Deadline, IdentityClient, Lifetime, Options, Scope, Timestamp, Transport,
    TransportError,
};
use tokio::time::Instant;

use crate::outcome::Quiet;
use crate::records::Records;

const NO_SUCH_IDENTITY: &str = r#"{"error":{"code":"IdentityNotFound","message":"…"}}"#;

/// The time of every test.
pub(crate) fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

/// A stack in memory.
pub(crate) struct Stage {
    pub(crate) broker: TokenBroker<SharedTable>,
    pub(crate) records: Records<SharedTable>,
    acs: Arc<Acs>,
}

/// The rows of one table, in the hands of the broker and of the test.
#[derive(Clone, Default)]
pub(crate) struct SharedTable {
    rows: Arc<MemoryTable>,
    /// What was asked of it, in order.
    calls: Arc<Mutex<Vec<&'static str>>>,
}

struct Acs {
    emulator: Emulator,
    /// The status that requests get which concern these identities, instead of ACS's answer.
    refused: Mutex<Vec<(String, u16)>>,
    revocations: AtomicU64,
}

pub(crate) fn subject(name: &str) -> Subject {
    name.parse().unwrap()
}

pub(crate) fn subjects(names: &[&str]) -> Vec<Subject> {
    names.iter().map(|name| subject(name)).collect()
}

impl Stage {
    pub(crate) fn new() -> Self {
        let emulator = Emulator::new(acs_emulator::Settings::simulated(1));
        let text = emulator.connection_string("https://acs.example");
        let ConnectionString { endpoint, access_key } = text.parse().unwrap();
        let acs = Arc::new(Acs { emulator, refused: Mutex::default(), revocations: 0.into() });
        let options = Options { max_attempts: 1, ..Options::default() };
        let transport: Arc<dyn Transport> = Arc::<Acs>::clone(&acs);
        let client = IdentityClient::new(endpoint, access_key, transport, options);
        let table = SharedTable::default();
        let settings = Settings { tombstone_retention: Duration::from_hours(1000) };
        let drawn = AtomicU64::new(1);
        let nonces = move || Nonce::from_bits(drawn.fetch_add(1, Ordering::Relaxed).into());
        let broker = TokenBroker::new(table.clone(), client, settings, nonces);
        let issuer = "https://idp.example".parse().unwrap();
        Self { broker, records: Records { table, issuer, clock: now }, acs }
    }

    /// Signs a user in some seconds ago, or ahead, and fetches a token.
    pub(crate) async fn issue(&self, name: &str, seconds: i64) -> Result<Issued, IssueError> {
        let EpochSeconds(second) = now().into();
        let user = self.records.key(&subject(name));
        let session = Session { user, sign_in: EpochSeconds(second + seconds) };
        let grant = Grant { scopes: vec![Scope::Chat], lifetime: Lifetime::MAX };
        let call = Call::new(self.records.deadline(), &Quiet);
        self.broker.issue(&session, &grant, &call).await
    }

    /// Users with an identity and a token, signed in five seconds ago.
    pub(crate) async fn users(&self, names: &[&str]) -> Vec<Issued> {
        let mut issued = Vec::new();
        for name in names {
            issued.push(self.issue(name, -5).await.unwrap());
        }
        issued
    }

    /// What the function `revoke` does for a user.
    pub(crate) async fn revoke(&self, name: &str, sessions: Sessions) -> Result<(), WorkError> {
        let call = Call::new(self.records.deadline(), &Quiet);
        let user = self.records.key(&subject(name));
        self.broker.revoke(&user, Order::Operator, sessions, &call).await
    }

    /// Makes ACS answer every request about this token's identity with `status`; 404 says in ACS's
    /// own words that the identity does not exist.
    pub(crate) fn refuse(&self, issued: &Issued, status: u16) {
        let identity = issued.token.identity.to_string().replace(':', "%3A");
        self.acs.refused.lock().unwrap().push((identity, status));
    }

    pub(crate) fn accept_all(&self) {
        self.acs.refused.lock().unwrap().clear();
    }

    pub(crate) fn is_alive(&self, issued: &Issued) -> bool {
        self.acs.emulator.introspect(issued.token.token.secret(), now()).is_active()
    }

    /// How many revocations have reached ACS.
    pub(crate) fn revocations(&self) -> u64 {
        self.acs.revocations.load(Ordering::Relaxed)
    }

    pub(crate) fn rows(&self) -> Vec<(RecordKey, Record)> {
        self.records.table.rows.rows()
    }

    pub(crate) fn table_calls(&self) -> Vec<&'static str> {
        self.records.table.calls.lock().unwrap().clone()
    }

    pub(crate) fn record(&self, name: &str) -> Record {
        let key = self.records.key(&subject(name));
        let mut rows = self.rows().into_iter();
        rows.find(|(of, _)| *of == key).map(|(_, record)| record).unwrap_or_default()
    }

    pub(crate) async fn put(&self, key: &RecordKey, record: &Record) {
        let deadline = self.records.deadline();
        let expected = self.records.table.read(key, &deadline).await.unwrap().revision;
        let revision = Nonce::from_bits(u128::MAX);
        let written = self.records.table.write(key, expected, record, revision, &deadline).await;
        assert_eq!(written.unwrap(), Written::Done);
    }
}

impl Transport for Acs {
    fn send(
        &self,
        request: Request<Bytes>,
        _until: Instant,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send + '_>> {
        let path = request.uri().path();
        let refused = self.refused.lock().unwrap();
        let refusal = refused.iter().find(|(identity, _)| path.contains(identity));
        let answer = if let Some((_, status)) = refusal {
            let body = if *status == 404 { NO_SUCH_IDENTITY } else { "" };
            Response::builder().status(*status).body(Bytes::from_static(body.as_bytes())).unwrap()
        } else {
            if path.ends_with(":revokeAccessTokens") {
                self.revocations.fetch_add(1, Ordering::Relaxed);
            }
            self.emulator.handle(&request, now()).response
        };
        Box::pin(std::future::ready(Ok(answer)))
    }
}

impl std::fmt::Debug for Acs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Acs")
    }
}

impl SharedTable {
    fn called(&self, name: &'static str) -> &MemoryTable {
        self.calls.lock().unwrap().push(name);
        &self.rows
    }
}

impl UserTable for SharedTable {
    async fn read(&self, key: &RecordKey, deadline: &Deadline) -> Result<Stored, TableError> {
        self.called("read").read(key, deadline).await
    }

    async fn read_with_everybody(
        &self,
        user: &RecordKey,
        deadline: &Deadline,
    ) -> Result<Standing, TableError> {
        self.called("read_with_everybody").read_with_everybody(user, deadline).await
    }

    async fn write(
        &self,
        key: &RecordKey,
        expected: Option<Nonce>,
        record: &Record,
        revision: Nonce,
        deadline: &Deadline,
    ) -> Result<Written, TableError> {
        self.called("write").write(key, expected, record, revision, deadline).await
    }

    async fn due(&self, limit: usize, deadline: &Deadline) -> Result<Vec<RecordKey>, TableError> {
        self.called("due").due(limit, deadline).await
    }

    async fn list(
        &self,
        after: Option<&RecordKey>,
        limit: usize,
        deadline: &Deadline,
    ) -> Result<Page, TableError> {
        self.called("list").list(after, limit, deadline).await
    }
}
