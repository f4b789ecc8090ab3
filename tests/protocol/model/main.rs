//! A model of the protocol: every state is checked, and random traces of it are replayed on the code.
//!
//! One user, three requests: any of tokens for old and new sessions, revocations and deletions, for
//! a user with an identity or without one. One process may die anywhere, one call may break either
//! way. A request whose clock is ahead sees the leases and attempts of others expired, so they
//! expire at any moment. Users share nothing but the global cutoff, which is not modelled: the
//! simulation and the crash points have it.

#![expect(clippy::print_stdout, reason = "it reports how many states there are")]

mod protocol;
mod replay;
mod state;

use std::thread::available_parallelism;

use stateright::{Checker, Model, Property};

use crate::protocol::Action;
use crate::state::{Ask, BEFORE, End, Identity, Next, REQUESTS, State, Token};

/// How many states there are. A change of the protocol's steps changes it.
const STATES: usize = 1_359_125;

struct Protocol;

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let combinations = combinations();
        let worlds = combinations.iter().flat_map(|asks| [(*asks, false), (*asks, true)]);
        worlds.map(|(asks, is_bound)| State::new(asks, is_bound)).collect()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        actions.extend(state.actions());
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        Some(state.after(action))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(
                "1: every identity is bound, deleted, journaled or counted",
                |_, state| has_no_lost_identity(state),
            ),
            Property::always(
                "2: once acknowledged, every token that it ends is dead",
                |_, state| keeps_its_word(state),
            ),
            Property::always("3: an accepted operation is done or pending", |_, state: &State| {
                forgets_nothing(state)
            }),
            Property::always(
                "4: an old session does not resurrect a deleted user",
                |_, state: &State| resurrects_nobody(state),
            ),
            Property::sometimes(
                "a new session gets a token after a deletion",
                |_, state: &State| {
                    let is_new = |at: usize| state.requests[at].ask == NEW;
                    has_acknowledged(state, Ask::Delete)
                        && (0..REQUESTS).any(|at| is_new(at) && holds_live_token(state, at))
                },
            ),
            Property::sometimes("an orphan is journaled", |_, state: &State| {
                state.journal.contains(&true)
            }),
            Property::sometimes("two leases are lost", |_, state: &State| {
                state.row.unconfirmed == 2
            }),
        ]
    }
}

const NEW: Ask = Ask::Issue { is_old: false, is_ahead: false };
const ASKS: [Ask; 6] = [
    NEW,
    Ask::Issue { is_old: false, is_ahead: true },
    Ask::Issue { is_old: true, is_ahead: false },
    Ask::Issue { is_old: true, is_ahead: true },
    Ask::Revoke,
    Ask::Delete,
];

/// Returns every choice of three requests, in whichever order.
fn combinations() -> Vec<[Ask; REQUESTS]> {
    let mut all = Vec::new();
    for (at, first) in ASKS.iter().enumerate() {
        for (next, second) in ASKS.iter().enumerate().skip(at) {
            all.extend(ASKS.iter().skip(next).map(|third| [*first, *second, *third]));
        }
    }
    all
}

fn has_acknowledged(state: &State, ask: Ask) -> bool {
    let is_done = |end| end == Next::End(End::Acknowledged);
    state.requests.iter().any(|request| request.ask == ask && is_done(request.next))
}

/// Whether a request, or the old session of before, holds a token that lives.
fn holds_live_token(state: &State, at: usize) -> bool {
    let is_held = at == BEFORE || state.requests[at].has_token();
    is_held && state.tokens[at].is_some_and(|Token { is_alive, .. }| is_alive)
}

fn is_old(state: &State, at: usize) -> bool {
    at == BEFORE || state.requests[at].ask.is_old()
}

/// A user has one live identity at most, and no other one is lost without a count. The holder of a
/// lease still knows its identity, and a lease that outlives its holder is counted when it expires.
fn has_no_lost_identity(state: &State) -> bool {
    let is_lost = |at: &usize| {
        let is_known = state.row.identity == Identity::Bound(*at)
            || *at < REQUESTS && (state.journal[*at] || !state.requests[*at].is_over());
        state.identities[*at] == Some(true) && !is_known
    };
    let lost = (0..=REQUESTS).filter(is_lost).count();
    let is_left = matches!(state.row.identity, Identity::Creating { .. });
    lost <= usize::from(state.row.unconfirmed) + usize::from(is_left)
}

fn keeps_its_word(state: &State) -> bool {
    if !has_acknowledged(state, Ask::Revoke) && !has_acknowledged(state, Ask::Delete) {
        return true;
    }
    (0..=REQUESTS).all(|at| {
        let is_late = at < REQUESTS && state.requests[at].is_late && state.requests[at].has_token();
        !is_old(state, at) || !holds_live_token(state, at) && !is_late
    })
}

fn forgets_nothing(state: &State) -> bool {
    let is_done = (0..=REQUESTS).all(|at| !is_old(state, at) || !holds_live_token(state, at));
    !state.row.is_cut || state.row.pending.is_some() || is_done
}

/// After a deletion only the identity of a new session stays.
fn resurrects_nobody(state: &State) -> bool {
    let is_old_life = match state.row.identity {
        Identity::Bound(at) => is_old(state, at),
        Identity::None | Identity::Creating { .. } => false,
    };
    let is_going = state.row.pending.is_some_and(|pending| pending.operation.deletes);
    !has_acknowledged(state, Ask::Delete) || !is_old_life || is_going
}

/// No order of calls, crashes and losses breaks an invariant.
#[test]
fn every_state_keeps_the_invariants() {
    let threads = available_parallelism().map_or(1, usize::from);
    let checker = Protocol.checker().threads(threads).spawn_bfs().join();
    println!("{} states, {} depth", checker.unique_state_count(), checker.max_depth());
    checker.assert_properties();
    assert_eq!(checker.unique_state_count(), STATES, "the number of states has changed");
}

/// The code does what the model says, call by call.
#[test]
fn code_conforms_to_the_model() {
    let traces = replay::traces();
    for seed in 0..traces {
        replay::replay(seed, &combinations());
    }
    println!("{traces} traces replayed");
}
