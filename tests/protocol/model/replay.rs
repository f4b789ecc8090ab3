//! A random trace of the model, carried out on the code: each call of each request waits until the
//! trace lets it pass. After each step the code's rows, identities and tokens must be the model's,
//! and each request must be about to make the model's next call.

mod calls;
mod compare;
mod gate;
mod request;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use acs_broker_core::{BrokerSettings, RecordKey, TokenBroker, UniqueId};
use acs_broker_store_dynamodb::testing::{InterceptedStore, MemoryStore};
use acs_emulator::Emulator;
use identity_client::testing::InterceptedTransport;
use identity_client::{ClientOptions, ConnectionString, IdentityClient, Timestamp};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use self::calls::calls_of;
use self::gate::{Fate, Gate};
use self::request::{end_of_issue, execute, issue};
use crate::protocol::{Action, Call};
use crate::state::{Ask, BEFORE, Bind, End, Glimpse, Next, REQUESTS, State};

/// The code of one trace.
struct Code {
    emulator: Arc<Emulator>,
    rows: Arc<MemoryStore>,
    gates: [Gate; REQUESTS],
    tasks: [JoinHandle<End>; REQUESTS],
    tokens: Arc<Mutex<Vec<(usize, String)>>>,
    /// By the request that created it.
    identities: [Option<String>; REQUESTS + 1],
    ends: [Option<End>; REQUESTS],
    start: Instant,
}

const MIDNIGHT: &str = "2026-11-23T00:00:00Z";
/// How much time a request has. Leases live as long.
const BUDGET: Duration = Duration::from_secs(200);
/// How often a request may wait for another one in a trace: together less than a second.
const MAX_WAITS: usize = 4;
const RETENTION: Duration = Duration::from_hours(1000);

fn clock(start: Instant) -> Timestamp {
    MIDNIGHT.parse::<Timestamp>().unwrap() + start.elapsed()
}

fn alice() -> RecordKey {
    RecordKey::user("https://idp.example".parse().unwrap(), "alice".parse().unwrap())
}

/// Returns how many traces to replay.
#[expect(clippy::disallowed_methods, reason = "how many to replay is the caller's choice")]
pub(crate) fn traces() -> u64 {
    std::env::var("MODEL_TRACES").map_or(300, |text| text.parse().expect("a number"))
}

/// Replays the trace of this seed.
pub(crate) fn replay(seed: u64, combinations: &[[Ask; REQUESTS]]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let asks = *pick(&mut random, combinations);
        let is_bound = *pick(&mut random, &[false, true]);
        let mut state = State::new(asks, is_bound);
        let mut code = Code::start(asks, is_bound).await;
        let (mut trace, mut waits) = (Vec::new(), 0);
        code.await_calls(&state, &trace).await;
        loop {
            let actions = state.actions();
            if actions.is_empty() || waits == MAX_WAITS {
                break;
            }
            let action = *pick(&mut random, &actions);
            let next = state.after(action);
            trace.push(action);
            code.carry_out(action, &state).await;
            waits += usize::from(matches!(action, Action::Call(Call { request, .. })
                if next.requests[request].next == Next::Read));
            state = next;
            code.await_calls(&state, &trace).await;
            code.assert_is(&state, &trace).await;
        }
        for task in &code.tasks {
            task.abort();
        }
    });
}

fn pick<'a, T>(random: &mut u64, from: &'a [T]) -> &'a T {
    *random = random.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut bits = *random;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let index = (bits ^ (bits >> 31)) % from.len() as u64;
    &from[usize::try_from(index).unwrap()]
}

impl Code {
    async fn start(asks: [Ask; REQUESTS], is_bound: bool) -> Self {
        let emulator = Arc::new(Emulator::new(acs_emulator::Settings::simulated(1)));
        let (rows, start) = (Arc::new(MemoryStore::default()), Instant::now());
        let tokens: Arc<Mutex<Vec<(usize, String)>>> = Arc::default();
        let gates: [Gate; REQUESTS] = Default::default();
        let broker = |gate: &Gate, number: usize| {
            let text = emulator.connection_string("https://acs.example");
            let ConnectionString { endpoint, access_key } = text.parse().unwrap();
            let emulator = Arc::clone(&emulator);
            let respond = move |request: &_| emulator.handle(request, clock(start)).response;
            let transport = InterceptedTransport::new(gate.clone(), respond);
            let options = ClientOptions {
                max_attempts: 1,
                attempt_timeout: BUDGET,
                ..ClientOptions::default()
            };
            let client = IdentityClient::new(endpoint, access_key, transport, options);
            let store = InterceptedStore { rows: Arc::clone(&rows), interceptor: gate.clone() };
            let ids = UniqueId::counted_from([u8::try_from(number).unwrap(); 16]);
            TokenBroker::new(store, client, BrokerSettings::new(RETENTION), ids)
        };
        let mut identities: [Option<String>; REQUESTS + 1] = Default::default();
        if is_bound {
            let gate = Gate::default();
            let first = broker(&gate, BEFORE);
            let task = tokio::spawn(issue(first, true, false, start));
            while !task.is_finished() {
                for (_, sender) in gate.0.lock().unwrap().drain(..) {
                    sender.send(Fate::Done).unwrap();
                }
                tokio::task::yield_now().await;
            }
            let issued = task.await.unwrap().unwrap();
            identities[BEFORE] = Some(issued.token.identity.to_string());
            let token = issued.token.token.secret().to_owned();
            tokens.lock().unwrap().push((BEFORE, token));
        }
        let tasks = std::array::from_fn(|number| {
            let broker = broker(&gates[number], number);
            let tokens = Arc::clone(&tokens);
            let ask = asks[number];
            tokio::spawn(async move {
                match ask {
                    Ask::Issue { is_old, is_ahead } => {
                        let issued = issue(broker, is_old, is_ahead, start).await;
                        if let Ok(issued) = &issued {
                            let token = issued.token.token.secret().to_owned();
                            tokens.lock().unwrap().push((number, token));
                        }
                        end_of_issue(&issued)
                    }
                    Ask::Revoke => execute(broker, acs_broker_core::Operation::REVOKE, start).await,
                    Ask::Delete => execute(broker, acs_broker_core::Operation::Delete, start).await,
                }
            })
        });
        Self { emulator, rows, gates, tasks, tokens, identities, ends: [None; REQUESTS], start }
    }

    /// Lets a call pass, or breaks it, or ends a request.
    async fn carry_out(&mut self, action: Action, state: &State) {
        let (Call { request, is_second }, fate) = match action {
            Action::Call(call) => (call, Fate::Done),
            Action::LoseReply(call) => (call, Fate::ReplyLost),
            Action::LoseRequest(call) => (call, Fate::RequestLost),
            Action::Die(request) => {
                self.tasks[request].abort();
                while !self.tasks[request].is_finished() {
                    tokio::task::yield_now().await;
                }
                self.gates[request].0.lock().unwrap().clear();
                self.ends[request] = Some(End::Dead);
                return;
            }
        };
        let is_creation = state.requests[request].next == Next::Create;
        let waiting = {
            let mut calls = self.gates[request].0.lock().unwrap();
            let bind_reads = matches!(
                state.requests[request].next,
                Next::Bind { bind: Bind::Read, glimpse: Glimpse::Asked }
            );
            // Where two reads wait, that of the global cutoff was asked first.
            let name = if is_second { "ReadSnapshot" } else { "Write" };
            let index = match calls.len() {
                2 if bind_reads => usize::from(!is_second),
                2 => calls.iter().position(|(what, _)| what == name).expect("both calls"),
                _ => 0,
            };
            calls.remove(index).1
        };
        let before = self.emulator.identities().len();
        waiting.send(fate).unwrap();
        if is_creation {
            tokio::task::yield_now().await;
            let identities = self.emulator.identities();
            if identities.len() > before {
                self.identities[request] = identities.last().map(|created| created.id.clone());
            }
        }
    }

    /// Waits until each request is about to make the model's next call, or is over.
    async fn await_calls(&mut self, state: &State, trace: &[Action]) {
        for _ in 0..2000 {
            tokio::task::yield_now().await;
            let are_there = (0..REQUESTS).all(|at| {
                let expected = calls_of(state.requests[at].next);
                let is_over = self.tasks[at].is_finished();
                self.gates[at].waiting() == expected && is_over == expected.is_empty()
            });
            if are_there {
                for at in 0..REQUESTS {
                    if self.tasks[at].is_finished() && self.ends[at].is_none() {
                        self.ends[at] = Some((&mut self.tasks[at]).await.expect("an end"));
                    }
                }
                return;
            }
            sleep(Duration::from_millis(1)).await;
        }
        let waiting: Vec<_> = self.gates.iter().map(Gate::waiting).collect();
        panic!("the code makes other calls: {waiting:?}\nmodel: {state:?}\ntrace: {trace:?}");
    }
}
