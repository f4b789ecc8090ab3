//! One user, one table, one ACS and two processes: the one under test and another.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use acs_broker_core::{
    BrokerError, BrokerEvent, BrokerSettings, CallContext, EpochSeconds, Grant, Issued, Observer,
    Record, RecordKey, Session, StoreError, TokenBroker, UniqueId, UserStore,
};
use acs_broker_store_dynamodb::testing::InterceptedStore;
use acs_emulator::Emulator;
use identity_client::testing::InterceptedTransport;
use identity_client::{
    ClientOptions, ConnectionString, Deadline, IdentityClient, IdentityId, Lifetime, Scope,
    Timestamp,
};
use tokio::time::{Instant, sleep, sleep_until};

use crate::fate::Script;
use crate::ledger::Ledger;

pub(crate) struct World {
    pub(crate) emulator: Arc<Emulator>,
    pub(crate) table: InterceptedStore<Script>,
    /// The process under test, and another one.
    pub(crate) brokers: [TokenBroker<InterceptedStore<Script>>; 2],
    pub(crate) script: Script,
    acs: IdentityClient,
    pub(crate) ledger: Mutex<Ledger>,
    /// Identities that no record could hold: the log has their ids.
    lost: Mutex<u32>,
    start: Instant,
}

/// The process under test, as an index of [`World::brokers`].
pub(crate) const TESTED: usize = 0;
pub(crate) const OTHER: usize = 1;
const TIMEOUT: Duration = Duration::from_secs(10);
const RETENTION: Duration = Duration::from_hours(24 * 400);
const MIDNIGHT: &str = "2026-11-23T00:00:00Z";

pub(crate) fn alice() -> RecordKey {
    RecordKey::user("https://idp.example".parse().unwrap(), "alice".parse().unwrap())
}

fn clock(start: Instant) -> Timestamp {
    MIDNIGHT.parse::<Timestamp>().unwrap().checked_add(start.elapsed()).unwrap()
}

/// Returns the second that is `seconds` after the start.
pub(crate) fn second(seconds: i64) -> EpochSeconds {
    EpochSeconds(MIDNIGHT.parse::<Timestamp>().unwrap().as_second() + seconds)
}

/// A session of the user that signed in at this second.
pub(crate) fn session(seconds: i64) -> Session {
    Session { user: alice(), sign_in: second(seconds) }
}

impl World {
    pub(crate) fn new() -> Arc<Self> {
        let script = Script::default();
        let emulator = Arc::new(Emulator::new(acs_emulator::Settings::simulated(1)));
        let table = InterceptedStore::new(script.clone());
        let start = Instant::now();
        let text = emulator.connection_string("https://acs.example");
        let ConnectionString { endpoint, access_key } = text.parse().unwrap();
        let served = Arc::clone(&emulator);
        let respond = move |request: &_| served.handle(request, clock(start)).response;
        let transport = InterceptedTransport::new(script.clone(), respond);
        // The client repeats nothing, so that each fault reaches the protocol.
        let options = ClientOptions { max_attempts: 1, ..ClientOptions::default() };
        let acs = IdentityClient::new(endpoint, access_key, transport, options);
        let broker = |number: u8| {
            let ids = UniqueId::counted_from([number; 16]);
            TokenBroker::new(table.clone(), acs.clone(), BrokerSettings::new(RETENTION), ids)
        };
        let brokers = [broker(1), broker(2)];
        let (ledger, lost) = (Mutex::default(), Mutex::default());
        Arc::new(Self { emulator, table, brokers, script, acs, ledger, lost, start })
    }

    pub(crate) fn now(&self) -> Timestamp {
        clock(self.start)
    }

    pub(crate) async fn sleep_until_second(&self, seconds: u64) {
        sleep_until(self.start + Duration::from_secs(seconds)).await;
    }

    pub(crate) fn fresh_session(&self) -> Session {
        Session { user: alice(), sign_in: self.now().into() }
    }

    pub(crate) fn context(&self) -> CallContext<'_> {
        CallContext::new(self.deadline(), self)
    }

    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::new(self.now(), TIMEOUT)
    }

    /// Asks for a token, and checks it against all that was acknowledged.
    pub(crate) async fn issue(
        &self,
        process: usize,
        session: &Session,
    ) -> Result<Issued, BrokerError> {
        let grant = Grant { scopes: vec![Scope::Chat], lifetime: Lifetime::MAX };
        let asked = self.ledger.lock().unwrap().tick();
        let issued = self.brokers[process].issue(session, &grant, &self.context()).await?;
        let mut ledger = self.ledger.lock().unwrap();
        ledger.token_returned(session.sign_in, asked, issued.token.clone());
        ledger.check(&self.emulator, self.now());
        Ok(issued)
    }

    pub(crate) async fn record(&self, key: &RecordKey) -> Record {
        self.table.rows.read(key, &self.deadline()).await.unwrap().record
    }

    pub(crate) fn is_active(&self, issued: &Issued) -> bool {
        self.emulator.introspect(issued.token.token.secret(), self.now()).is_active()
    }

    /// Somebody deletes an identity behind the broker's back.
    pub(crate) async fn delete_at_acs(&self, identity: &IdentityId) {
        self.acs.delete_user(identity, &self.deadline()).await.unwrap();
    }

    /// Sweeps once an hour, until nothing can be left to do.
    pub(crate) async fn settle(&self) {
        for _ in 0..4 {
            sleep(Duration::from_hours(1)).await;
            self.brokers[OTHER].sweep(&self.context()).await.unwrap();
        }
    }

    /// Everything that was left has been finished.
    pub(crate) async fn assert_at_rest(&self) {
        for (key, record) in self.table.rows.rows() {
            assert_eq!((record.pending(), record.lease()), (None, None), "invariant 3: {record:?}");
            let is_orphan = matches!(key, RecordKey::Orphan(_)) && record.bound().is_some();
            assert!(!is_orphan, "invariant 1: an orphan was left");
        }
        let record = self.record(&alice()).await;
        let bound = record.bound().map(|bound| bound.id.to_string());
        let identities = self.emulator.identities().into_iter();
        let live = identities.filter(|identity| identity.deleted_at.is_none());
        let unknown = live.filter(|identity| Some(&identity.id) != bound.as_ref()).count();
        let counted = record.unconfirmed_identities + *self.lost.lock().unwrap();
        assert!(
            unknown <= usize::try_from(counted).unwrap(),
            "invariant 1: {unknown} identities are lost, {counted} counted"
        );
        let global = self.record(&RecordKey::AllUsers).await.sessions_valid_after;
        let ledger = self.ledger.lock().unwrap();
        ledger.check(&self.emulator, self.now());
        ledger.check_record(&record, global);
    }
}

impl Observer for World {
    fn on_event(&self, event: BrokerEvent) {
        if matches!(event, BrokerEvent::IdentityLost(_)) {
            *self.lost.lock().unwrap() += 1;
        }
    }

    fn on_retry_scheduled(&self, _key: &RecordKey, _why: &BrokerError) {}

    fn on_optional_write_failed(&self, _write: &'static str, _why: &StoreError) {}
}
