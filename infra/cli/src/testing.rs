//! A store and an ACS for the tests of the commands.

pub(crate) mod aws;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acs_broker_core::{
    BrokerError, BrokerSettings, CallContext, EpochSeconds, Grant, Initiator, Issued, Operation,
    Record, RecordKey, Session, StoreError, Subject, TokenBroker, UniqueId, UserStore,
    WriteOutcome,
};
use acs_broker_store_dynamodb::testing::{InterceptedStore, Interceptor, StoreCall};
use acs_emulator::Emulator;
use bytes::Bytes;
use http::{Request, Response};
use identity_client::testing::{AcsInterceptor, InterceptedTransport};
use identity_client::{
    ClientOptions, ConnectionString, Deadline, IdentityClient, Lifetime, Scope, Timestamp,
    TransportError,
};
use tokio::time::Instant;

use crate::clock::Clock;
use crate::operation::NoopObserver;
use crate::records::Records;

const IDENTITY_NOT_FOUND: &str = r#"{"error":{"code":"IdentityNotFound","message":"…"}}"#;

/// Returns the time of every test.
pub(crate) fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

/// Returns a report's JSON document, for snapshots.
pub(crate) fn to_json(report: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(report).unwrap()
}

/// Returns the time so many seconds later.
pub(crate) fn second(second: i64) -> Timestamp {
    Timestamp::from_second(now().as_second() + second).unwrap()
}

/// Is a stack in memory.
pub(crate) struct Harness {
    pub(crate) broker: TokenBroker<SharedStore>,
    pub(crate) records: Records<SharedStore>,
    pub(crate) client: IdentityClient,
    emulator: Arc<Emulator>,
    refusals: Refusals,
}

/// Records its calls, and lets the broker and the test share the rows.
pub(crate) type SharedStore = InterceptedStore<CallRecorder>;

/// The calls of the store, in order.
#[derive(Clone, Debug)]
pub(crate) struct CallRecorder {
    calls: Arc<Mutex<Vec<StoreCall>>>,
    /// So many of the next scans fail.
    failing_lists: Arc<AtomicU64>,
    /// So many of the next writes are served, and the others are lost.
    served_writes: Arc<AtomicU64>,
}

impl Default for CallRecorder {
    fn default() -> Self {
        let served_writes = Arc::new(AtomicU64::new(u64::MAX));
        Self { calls: Arc::default(), failing_lists: Arc::default(), served_writes }
    }
}

impl CallRecorder {
    pub(crate) fn fail_lists(&self, count: u64) {
        self.failing_lists.store(count, Ordering::Relaxed);
    }

    pub(crate) fn fail_writes_after(&self, served: u64) {
        self.served_writes.store(served, Ordering::Relaxed);
    }
}

impl Interceptor for CallRecorder {
    async fn intercept<T: Send + 'static>(
        &self,
        call: StoreCall,
        _deadline: &Deadline,
        serve: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.calls.lock().unwrap().push(call);
        let one_less = |left: u64| left.checked_sub(1);
        let left = &self.failing_lists;
        let (is_list, is_write) = (call == StoreCall::List, call == StoreCall::Write);
        let served = &self.served_writes;
        if is_write && served.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_err()
        {
            return Err(StoreError::unavailable("the write was lost"));
        }
        if is_list && left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok() {
            return Err(StoreError::unavailable("the scan was lost"));
        }
        serve()
    }
}

/// What ACS refuses when a test wants it, and what it was asked. Clones share it.
#[derive(Clone, Debug, Default)]
struct Refusals {
    /// Requests about these identities get these statuses instead of the emulator's response.
    of: Arc<Mutex<Vec<(String, u16)>>>,
    revocations: Arc<AtomicU64>,
}

pub(crate) fn subject(name: &str) -> Subject {
    name.parse().unwrap()
}

pub(crate) fn subjects(names: &[&str]) -> Vec<Subject> {
    names.iter().map(|name| subject(name)).collect()
}

impl Harness {
    pub(crate) fn new() -> Self {
        let emulator = Emulator::new(acs_emulator::Settings::simulated(1));
        Self::of(Arc::new(emulator), Refusals::default())
    }

    /// Returns another stack: an empty table beside the same ACS.
    pub(crate) fn beside(&self) -> Self {
        Self::of(Arc::clone(&self.emulator), self.refusals.clone())
    }

    fn of(emulator: Arc<Emulator>, refusals: Refusals) -> Self {
        let text = emulator.connection_string("https://acs.example");
        let ConnectionString { endpoint, access_key } = text.parse().unwrap();
        let options = ClientOptions { max_attempts: 1, ..ClientOptions::default() };
        let served = Arc::clone(&emulator);
        let respond = move |request: &_| served.handle(request, now()).response;
        let transport = InterceptedTransport::new(refusals.clone(), respond);
        let client = IdentityClient::new(endpoint, access_key, transport, options);
        let table = SharedStore::new(CallRecorder::default());
        let settings = BrokerSettings::new(Duration::from_hours(1000));
        let last = AtomicU64::new(1);
        let ids = move || UniqueId::from_bits(last.fetch_add(1, Ordering::Relaxed).into());
        let broker = TokenBroker::new(table.clone(), client.clone(), settings, ids);
        let issuer = "https://idp.example".parse().unwrap();
        Self {
            broker,
            records: Records { table, issuer, clock: Clock::of(now) },
            client,
            emulator,
            refusals,
        }
    }

    /// Signs a user in some seconds ago, or ahead, and fetches a token.
    pub(crate) async fn issue(&self, name: &str, seconds: i64) -> Result<Issued, BrokerError> {
        let EpochSeconds(second) = now().into();
        let user = self.records.key(&subject(name));
        let session = Session { user, sign_in: EpochSeconds(second + seconds) };
        let grant = Grant { scopes: vec![Scope::Chat], lifetime: Lifetime::MAX };
        let call = CallContext::new(self.records.deadline(), &NoopObserver);
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

    /// Revokes a user's tokens as the function `revoke` does.
    pub(crate) async fn revoke(&self, name: &str, keep_sessions: bool) {
        let call = CallContext::new(self.records.deadline(), &NoopObserver);
        let user = self.records.key(&subject(name));
        let operation = Operation::Revoke { keep_sessions };
        self.broker.execute(&user, operation, Initiator::Operator, &call).await.unwrap();
    }

    /// Makes ACS respond to every request about this token's identity with `status`; a 404 has the
    /// body with which ACS reports that the identity does not exist.
    pub(crate) fn refuse(&self, issued: &Issued, status: u16) {
        let identity = issued.token.identity.to_string().replace(':', "%3A");
        self.refusals.of.lock().unwrap().push((identity, status));
    }

    pub(crate) fn accept_all(&self) {
        self.refusals.of.lock().unwrap().clear();
    }

    pub(crate) fn is_alive(&self, issued: &Issued) -> bool {
        self.emulator.introspect(issued.token.token.secret(), now()).is_active()
    }

    /// Returns the number of revocations that have reached ACS.
    pub(crate) fn revocations(&self) -> u64 {
        self.refusals.revocations.load(Ordering::Relaxed)
    }

    pub(crate) fn rows(&self) -> Vec<(RecordKey, Record)> {
        self.records.table.rows.rows()
    }

    /// Makes a user's row one that a scan cannot read.
    pub(crate) fn make_unreadable(&self, name: &str) {
        self.records.table.rows.make_unreadable(self.records.key(&subject(name)));
    }

    pub(crate) fn store_calls(&self) -> Vec<StoreCall> {
        self.records.table.interceptor.calls.lock().unwrap().clone()
    }

    pub(crate) fn record(&self, name: &str) -> Record {
        let key = self.records.key(&subject(name));
        let mut rows = self.rows().into_iter();
        rows.find(|(of, _)| *of == key).map(|(_, record)| record).unwrap_or_default()
    }

    pub(crate) async fn put(&self, key: &RecordKey, record: &Record) {
        let deadline = self.records.deadline();
        let expected = self.records.table.read(key, &deadline).await.unwrap().revision;
        let revision = UniqueId::from_bits(u128::MAX);
        let written = self.records.table.write(key, expected, record, revision, &deadline).await;
        assert_eq!(written.unwrap(), WriteOutcome::Written);
    }
}

impl AcsInterceptor for Refusals {
    async fn intercept(
        &self,
        request: &Request<Bytes>,
        _until: Instant,
        serve: impl FnOnce() -> Response<Bytes> + Send + 'static,
    ) -> Result<Response<Bytes>, TransportError> {
        let path = request.uri().path();
        let refused = self.of.lock().unwrap();
        let refusal = refused.iter().find(|(identity, _)| path.contains(identity));
        if let Some((_, status)) = refusal {
            let body = if *status == 404 { IDENTITY_NOT_FOUND } else { "" };
            let body = Bytes::from_static(body.as_bytes());
            return Ok(Response::builder().status(*status).body(body).unwrap());
        }
        if path.ends_with(":revokeAccessTokens") {
            self.revocations.fetch_add(1, Ordering::Relaxed);
        }
        Ok(serve())
    }
}
