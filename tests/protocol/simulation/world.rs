//! One world: two users, several requests at once for each, three processes, one table, one ACS.

mod checks;

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acs_broker_core::{
    BrokerSettings, CallContext, Record, RecordKey, Session, TokenBroker, UniqueId, UserStore,
};
use acs_emulator::Emulator;
use identity_client::testing::InterceptedTransport;
use identity_client::{
    ClientOptions, ConnectionString, Deadline, IdentityClient, IdentityId, KeyRing, Timestamp,
};
use tokio::time::{Instant, sleep};

use crate::acs::{Amnesia, RemoteAcs};
use crate::actors;
use crate::clock::{Clock, MAX_DIFFERENCE_MILLIS, as_request, now, reset_clock};
use crate::history::History;
use crate::keys::Keys;
use crate::network::Network;
use crate::operators;
use crate::random::Random;
use crate::state::Change;
use crate::store::RemoteStore;
use crate::swarm::{Chaos, Swarm};
use crate::witness::{Ask, Log, Witness};

/// A world. Everything in it comes from its seed.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) random: Arc<Random>,
    pub(crate) swarm: Swarm,
    pub(crate) emulator: Arc<Emulator>,
    pub(crate) history: History,
    pub(crate) users: Vec<RecordKey>,
    sessions: Mutex<Vec<Vec<Session>>>,
    /// The events about revocations and deletions of each user, which may come again.
    events: Mutex<Vec<Vec<Timestamp>>>,
    processes: Mutex<Vec<Arc<Process>>>,
    pub(crate) table: RemoteStore,
    pub(crate) keys: Arc<Keys>,
    amnesia: Arc<Amnesia>,
    is_calm: AtomicBool,
}

/// One process of the broker, with a clock of its own.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) broker: TokenBroker<RemoteStore>,
    pub(crate) clock: Clock,
}

/// Which world to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) swarm: Swarm,
    /// How many requests each life makes.
    pub(crate) actions: u64,
}

/// How often what happened.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) counts: BTreeMap<String, u64>,
    pub(crate) changes: BTreeMap<Change, u64>,
}

const PROCESSES: usize = 3;
const REQUESTS_AT_ONCE: usize = 4;

impl Plan {
    pub(crate) fn of(seed: u64) -> Self {
        Self { seed, swarm: Swarm::draw(&Random::new(!seed)), actions: 14 }
    }
}

impl Process {
    pub(crate) fn context<'a>(&self, world: &'a World) -> CallContext<'a> {
        self.context_of(world, actors::BUDGET)
    }

    pub(crate) fn context_of<'a>(&self, world: &'a World, budget: Duration) -> CallContext<'a> {
        CallContext::new(self.clock.deadline(budget), &world.history)
    }
}

impl World {
    pub(crate) async fn run(plan: Plan, log: Option<Arc<Log>>) -> Figures {
        reset_clock();
        let world = Arc::new(Self::new(plan, log));
        let mut lives = Vec::new();
        for user in 0..world.users.len() {
            world.sign_in(user);
            for _ in 0..REQUESTS_AT_ONCE {
                let life = actors::live(Arc::clone(&world), user, plan.actions);
                lives.push(tokio::spawn(life));
            }
        }
        for life in lives {
            if let Err(broken) = life.await {
                resume_unwind(broken.into_panic());
            }
        }
        world.settle().await;
        world.check_at_rest().await;
        Figures { counts: world.history.counts(), changes: world.history.witness.changes() }
    }

    fn new(plan: Plan, log: Option<Arc<Log>>) -> Self {
        let Plan { seed, swarm, .. } = plan;
        let random = Arc::new(Random::new(seed));
        let emulator = Arc::new(Emulator::new(acs_emulator::Settings::simulated(seed)));
        let network = Arc::new(Network::new(Arc::clone(&random), swarm));
        let witness = Arc::new(Witness::new(log));
        let table = RemoteStore::new(network, Arc::clone(&witness), Arc::clone(&random));
        let user = |subject: &str| {
            let issuer = "https://idp.example".parse().expect("an issuer");
            RecordKey::user(issuer, subject.parse().expect("a subject"))
        };
        let keys = Arc::new(Keys::of(&emulator, swarm.has(Chaos::Rotation)));
        let world = Self {
            swarm,
            history: History::new(Arc::clone(&emulator), witness, swarm),
            random,
            emulator,
            users: vec![user("alice"), user("bob")],
            sessions: Mutex::new(vec![Vec::new(); 2]),
            events: Mutex::new(vec![Vec::new(); 2]),
            processes: Mutex::new(Vec::new()),
            table,
            keys,
            amnesia: Arc::default(),
            is_calm: AtomicBool::new(false),
        };
        let processes = (0..PROCESSES).map(|_| world.start()).collect();
        *world.processes.lock().expect("processes") = processes;
        world
    }

    pub(crate) fn acs(&self) -> IdentityClient {
        let text = self.emulator.connection_string("https://acs.example");
        let ConnectionString { endpoint, .. } = text.parse().expect("a connection string");
        let remote = RemoteAcs {
            emulator: Arc::clone(&self.emulator),
            network: Arc::clone(&self.table.network),
            random: Arc::clone(&self.random),
            witness: Arc::clone(&self.history.witness),
            amnesia: Arc::clone(&self.amnesia),
        };
        let served = Arc::clone(&self.emulator);
        let respond = move |request: &_| served.handle(request, now()).response;
        let transport = InterceptedTransport::new(remote, respond);
        let [first, second] = self.keys.now();
        let ring = KeyRing::new(first, vec![second]).with_refresh(Arc::clone(&self.keys) as _);
        IdentityClient::new(endpoint, ring, transport, ClientOptions::default())
    }

    pub(crate) async fn bound_identity(&self, user: &RecordKey) -> Option<IdentityId> {
        self.record(user).await.bound().map(|bound| bound.id.clone())
    }

    pub(crate) async fn record(&self, key: &RecordKey) -> Record {
        let deadline = Deadline::new(now(), Duration::ZERO);
        self.table.rows.read(key, &deadline).await.expect("a calm table").record
    }

    fn start(&self) -> Arc<Process> {
        let settings = BrokerSettings::new(Duration::from_hours(24 * 400));
        let random = Arc::clone(&self.random);
        let nonces = move || UniqueId::from_bits(u128::from(random.next()));
        let broker = TokenBroker::new(self.table.clone(), self.acs(), settings, nonces);
        let process = Process { broker, clock: Clock::default() };
        self.set_clock(&process);
        Arc::new(process)
    }

    /// Sets a process's clock: mostly by a second or two, now and then by minutes.
    fn set_clock(&self, process: &Process) {
        if self.swarm.has(Chaos::Clocks) && !self.is_calm() {
            let most = if self.random.percent(70) { 2_000 } else { MAX_DIFFERENCE_MILLIS };
            let ahead = self.random.below(2 * most).cast_signed() - most.cast_signed();
            process.clock.set(ahead);
        }
    }

    /// One of the processes. Its clock may jump.
    pub(crate) fn process(&self) -> Arc<Process> {
        let processes = self.processes.lock().expect("processes");
        let process = Arc::clone(self.random.pick(&processes));
        if self.swarm.has(Chaos::Clocks) && self.random.percent(4) {
            self.set_clock(&process);
        }
        process
    }

    /// A process dies and another starts, with nothing in its memory.
    pub(crate) fn restart(&self) {
        let fresh = self.start();
        let mut processes = self.processes.lock().expect("processes");
        let index = usize::try_from(self.random.below(PROCESSES as u64)).expect("an index");
        processes[index] = fresh;
    }

    /// No operation is pending that was accepted before a request for a token began.
    pub(crate) async fn assert_nothing_pending(&self, user: &RecordKey, asked_at: Instant) {
        if let Some(pending) = self.record(user).await.pending() {
            let accepted = self.history.witness.accepted(pending.id);
            let is_new = accepted.is_none_or(|accepted| accepted >= asked_at);
            assert!(is_new, "invariant 2: a token despite a pending operation: {pending:?}");
        }
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.is_calm.load(Ordering::Relaxed)
    }

    pub(crate) fn sign_in(&self, user: usize) {
        let mut session = actors::fresh(self.users[user].clone());
        if self.swarm.has(Chaos::FastProvider) {
            session.sign_in.0 += self.random.below(4).cast_signed();
        }
        self.sessions.lock().expect("sessions")[user].push(session);
    }

    /// Mostly the newest session of the user, now and then an old or stolen one.
    pub(crate) fn session(&self, user: usize) -> Session {
        let sessions = self.sessions.lock().expect("sessions");
        let of_user = &sessions[user];
        let newest = of_user.last().expect("each user has signed in once");
        let is_old = self.swarm.has(Chaos::OldSessions) && self.random.percent(25);
        if is_old { self.random.pick(of_user).clone() } else { newest.clone() }
    }

    /// The time of an event about a user: of this moment, late, one that has come before, or one
    /// from a clock that is wrong.
    pub(crate) fn event(&self, user: usize) -> Timestamp {
        let mut events = self.events.lock().expect("events");
        let earlier = &mut events[user];
        let is_late = self.swarm.has(Chaos::LateEvents);
        if is_late && !earlier.is_empty() && self.random.percent(30) {
            return *self.random.pick(earlier);
        }
        let at = if self.swarm.has(Chaos::WildEvents) && self.random.percent(5) {
            now() + Duration::from_hours(1)
        } else {
            now() - self.random.millis(0, if is_late { 60_000 } else { 2_000 })
        };
        earlier.push(at);
        at
    }

    /// No more faults; an operator completes the scan of the last global cutoff, and sweeps until
    /// nothing can be due: an operation waits for an hour at most.
    async fn settle(&self) {
        self.table.network.calm_down();
        self.is_calm.store(true, Ordering::Relaxed);
        for process in self.processes.lock().expect("processes").iter() {
            process.clock.set(0);
        }
        // What was sent before still arrives: a global cutoff too.
        sleep(Duration::from_mins(1)).await;
        as_request(self.history.witness.asked(Ask::RevokeAll), operators::complete_scan(self))
            .await;
        for _ in 0..6 {
            sleep(Duration::from_hours(1)).await;
            actors::sweep(self).await;
        }
    }
}

impl Figures {
    pub(crate) fn add(&mut self, other: Self) {
        for (what, times) in other.counts {
            *self.counts.entry(what).or_default() += times;
        }
        for (change, times) in other.changes {
            *self.changes.entry(change).or_default() += times;
        }
    }
}
