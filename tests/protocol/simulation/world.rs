use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acs_broker_core::{
    BrokerError, BrokerSettings, CallContext, Initiator, Record, RecordKey, Session, TokenBroker,
    UniqueId, UserStore,
};
use acs_emulator::Emulator;
use identity_client::{ClientOptions, ConnectionString, Deadline, IdentityClient, IdentityId};
use tokio::time::sleep;

use crate::acs::RemoteAcs;
use crate::actors;
use crate::history::History;
use crate::network::{Network, now, reset_clock};
use crate::operators;
use crate::random::Random;
use crate::store::{RemoteCalls, RemoteStore};

/// Two users, several requests at once for each, three processes, one table, one ACS.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) random: Arc<Random>,
    pub(crate) emulator: Arc<Emulator>,
    pub(crate) history: History,
    pub(crate) users: Vec<RecordKey>,
    sessions: Mutex<Vec<Vec<Session>>>,
    processes: Mutex<Vec<Arc<TokenBroker<RemoteStore>>>>,
    pub(crate) table: RemoteStore,
}

/// How often what happened.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures(BTreeMap<String, u64>);

const PROCESSES: usize = 3;
const REQUESTS_AT_ONCE: usize = 4;

impl World {
    pub(crate) async fn run(seed: u64) -> Figures {
        reset_clock();
        let world = Arc::new(Self::new(seed));
        let mut lives = Vec::new();
        for user in 0..world.users.len() {
            world.sign_in(user);
            for _ in 0..REQUESTS_AT_ONCE {
                lives.push(tokio::spawn(actors::live(Arc::clone(&world), user)));
            }
        }
        for life in lives {
            life.await.expect("a life without a broken promise");
        }
        world.settle().await;
        world.check_at_rest().await;
        Figures(world.history.counts())
    }

    fn new(seed: u64) -> Self {
        let random = Arc::new(Random::new(seed));
        let emulator = Arc::new(Emulator::new(acs_emulator::Settings::simulated(seed)));
        let network = Arc::new(Network::new(Arc::clone(&random)));
        let table = RemoteStore::new(RemoteCalls { network });
        let user = |subject: &str| {
            let issuer = "https://idp.example".parse().expect("an issuer");
            RecordKey::user(issuer, subject.parse().expect("a subject"))
        };
        let world = Self {
            random,
            emulator,
            history: History::default(),
            users: vec![user("alice"), user("bob")],
            sessions: Mutex::new(vec![Vec::new(), Vec::new()]),
            processes: Mutex::new(Vec::new()),
            table,
        };
        let processes = (0..PROCESSES).map(|_| world.process()).collect();
        *world.processes.lock().expect("processes") = processes;
        world
    }

    pub(crate) fn acs(&self) -> IdentityClient {
        let text = self.emulator.connection_string("https://acs.example");
        let ConnectionString { endpoint, access_key } = text.parse().expect("a connection string");
        let transport = RemoteAcs {
            emulator: Arc::clone(&self.emulator),
            network: Arc::clone(&self.table.interceptor.network),
            random: Arc::clone(&self.random),
        };
        IdentityClient::new(endpoint, access_key, Arc::new(transport), ClientOptions::default())
    }

    pub(crate) async fn bound_identity(&self, user: &RecordKey) -> Option<IdentityId> {
        self.record(user).await.bound().map(|bound| bound.id.clone())
    }

    async fn record(&self, key: &RecordKey) -> Record {
        let deadline = Deadline::new(now(), Duration::ZERO);
        self.table.rows.read(key, &deadline).await.expect("a calm table").record
    }

    fn process(&self) -> Arc<TokenBroker<RemoteStore>> {
        let settings = BrokerSettings::new(Duration::from_hours(24 * 400));
        let random = Arc::clone(&self.random);
        let nonces = move || UniqueId::from_bits(u128::from(random.next()));
        Arc::new(TokenBroker::new(self.table.clone(), self.acs(), settings, nonces))
    }

    pub(crate) fn broker(&self) -> Arc<TokenBroker<RemoteStore>> {
        let processes = self.processes.lock().expect("processes");
        Arc::clone(self.random.pick(&processes))
    }

    /// A process dies and another starts, with nothing in its memory.
    pub(crate) fn restart(&self) {
        let fresh = self.process();
        let mut processes = self.processes.lock().expect("processes");
        let index = usize::try_from(self.random.below(PROCESSES as u64)).expect("an index");
        processes[index] = fresh;
    }

    pub(crate) fn sign_in(&self, user: usize) {
        let session = actors::fresh(self.users[user].clone());
        self.sessions.lock().expect("sessions")[user].push(session);
    }

    /// Mostly the newest session of the user, now and then an old or stolen one.
    pub(crate) fn session(&self, user: usize) -> Session {
        let sessions = self.sessions.lock().expect("sessions");
        let of_user = &sessions[user];
        let newest = of_user.last().expect("each user has signed in once");
        if self.random.percent(75) { newest.clone() } else { self.random.pick(of_user).clone() }
    }

    /// No more faults; an operator completes the walk of the last mark, and sweeps until nothing is
    /// due for a day.
    async fn settle(&self) {
        self.table.interceptor.network.calm_down();
        operators::complete_scan(self).await;
        for _ in 0..24 {
            sleep(Duration::from_hours(1)).await;
            actors::sweep(self).await;
        }
    }

    async fn check_at_rest(&self) {
        let rows = self.table.rows.rows();
        let global_cutoff = self.record(&RecordKey::AllUsers).await.sessions_valid_after;
        let mut bound = BTreeSet::new();
        for (key, record) in &rows {
            assert_eq!(
                (record.pending(), record.lease()),
                (None, None),
                "an operation was lost: {record:?}"
            );
            if let Some(identity) = record.bound() {
                assert!(matches!(key, RecordKey::User(..)), "an orphan was left: {record:?}");
                self.history.assert_not_resurrected(key, identity.sign_in);
                let is_own = bound.insert(identity.id.to_string());
                assert!(is_own, "two users have one identity: {}", identity.id);
            }
            if let Some(cutoff) = record.sessions_valid_after.max(global_cutoff) {
                self.history.assert_dead_up_to(&self.emulator, key, cutoff);
            }
        }
        self.check_identities(&bound);
        for user in &self.users {
            self.check_who_is_banned(user).await;
            self.check_that_a_fresh_sign_in_works(user).await;
        }
    }

    /// Every identity is bound, deleted or counted.
    fn check_identities(&self, bound: &BTreeSet<String>) {
        let identities = self.emulator.identities();
        let live = identities.iter().filter(|identity| identity.deleted_at.is_none());
        let unknown = live.filter(|identity| !bound.contains(&identity.id)).count() as u64;
        let rows = self.table.rows.rows();
        let counted: u64 =
            rows.iter().map(|(_, record)| u64::from(record.unconfirmed_identities)).sum();
        assert!(unknown <= counted, "{unknown} identities are lost, {counted} counted");
        for _ in 0..unknown {
            self.history.count("identities that nobody knows");
        }
    }

    async fn check_who_is_banned(&self, user: &RecordKey) {
        let is_suspended = self.record(user).await.is_suspended();
        self.history.assert_decided(user, is_suspended);
        if is_suspended {
            let session = actors::fresh(user.clone());
            let call = CallContext::new(actors::deadline(), &self.history);
            let refused = self.broker().issue(&session, &actors::grant(), &call).await;
            assert!(matches!(refused, Err(BrokerError::UserSuspended)), "{refused:?}");
            operators::decide(self, user, Initiator::Operator, true).await;
        }
    }

    async fn check_that_a_fresh_sign_in_works(&self, user: &RecordKey) {
        let mut issued = None;
        // Twice, a minute apart: an identity that has vanished is given up only then.
        for _ in 0..2 {
            sleep(Duration::from_secs(61)).await;
            let session = actors::fresh(user.clone());
            let call = CallContext::new(actors::deadline(), &self.history);
            issued = self.broker().issue(&session, &actors::grant(), &call).await.ok();
            if issued.is_some() {
                break;
            }
        }
        let issued = issued.expect("a fresh sign-in gets a token once all is quiet");
        let token = issued.token.token.secret();
        assert!(self.emulator.introspect(token, now()).is_active(), "a dead token was issued");
        let bound = self.bound_identity(user).await;
        assert_eq!(bound, Some(issued.token.identity), "the token is not of the user's identity");
    }
}

impl Figures {
    pub(crate) fn add(&mut self, other: &Self) {
        for (what, times) in &other.0 {
            *self.0.entry(what.clone()).or_default() += times;
        }
    }

    /// A simulation in which something never comes about proves nothing about it.
    pub(crate) fn assert_that_everything_happened(&self, seeds: u64) {
        for what in [
            "created",
            "minted",
            "reused",
            "paused",
            "revoked",
            "deleted",
            "swept",
            "died",
            "sign-in again",
            "suspended",
            "suspension lifted",
            "kept out",
            "all revoked",
            "scan resumed",
            "scan broke off",
            "IdentityCreated",
            "IdentityReplaced",
            "IdentityDiscarded",
            "OrphanJournaled",
            "IdentityUnconfirmed",
            "TokenDiscarded",
            "LeaseWait",
            "RetryScheduled",
            "identities that nobody knows",
        ] {
            assert!(self.0.contains_key(what) || seeds < 100, "{what:?} never happened");
        }
    }
}
