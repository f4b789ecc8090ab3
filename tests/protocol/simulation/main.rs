//! The protocol under a scheduler, a clock and a network that are all made from one seed.
//!
//! Users sign in, get tokens, revoke them and delete themselves, operators and late events
//! interfere, ban, let in again and end the sessions of all users, and sweeps run, while messages are delayed, lost, answered twice or never, requests
//! die at any await point and ACS fails in every way it can. After each acknowledgement, and once
//! all is quiet, the invariants of ARCHITECTURE.md are checked against what ACS really holds. The
//! client is the real one, its signing included; ACS is the emulator, called in process.

#![expect(clippy::print_stdout, reason = "the campaign reports its figures")]

mod acs;
mod actors;
mod decisions;
mod history;
mod network;
mod operators;
mod random;
mod store;
mod world;

use crate::world::World;

/// `SIMULATION_SEEDS=from..to` runs other seeds than these.
const SEEDS: std::ops::Range<u64> = 0..400;

#[expect(clippy::disallowed_methods, reason = "which seeds to run is the caller's choice")]
fn seeds() -> std::ops::Range<u64> {
    let Ok(asked) = std::env::var("SIMULATION_SEEDS") else {
        return SEEDS;
    };
    let (from, to) = asked.split_once("..").expect("SIMULATION_SEEDS must be from..to");
    from.parse().expect("a number")..to.parse().expect("a number")
}

fn run(seed: u64) -> world::Figures {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(World::run(seed))
}

/// No schedule and no fault breaks an invariant.
#[test]
fn no_seed_breaks_an_invariant() {
    let seeds = seeds();
    let mut total = world::Figures::default();
    for seed in seeds.clone() {
        let figures = std::panic::catch_unwind(|| run(seed));
        total.add(&figures.unwrap_or_else(|_| panic!("seed {seed} breaks an invariant")));
    }
    println!("seeds {seeds:?}: {total:?}");
    total.assert_that_everything_happened(seeds.end - seeds.start);
}

/// A seed produces the same run twice.
#[test]
fn same_seed_repeats_exactly() {
    for seed in [1, 7, 42] {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
}
