//! The protocol under a scheduler, a clock and a network that are all made from one seed.
//!
//! Users sign in, get tokens, withdraw them and delete themselves, operators and late events
//! interfere, ban, let in again and end everybody's sessions, and sweeps run, while messages are delayed, lost, answered twice or never, requests
//! die at any await point and ACS fails in every way it can. After each acknowledgement, and once
//! all is quiet, the invariants of ARCHITECTURE.md are checked against what ACS really holds. The
//! client is the real one, its signing included; ACS is the emulator, called in process.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test: what goes wrong here must stop it, and it reports what it saw"
)]

mod acs;
mod actors;
mod history;
mod network;
mod operators;
mod random;
mod rulings;
mod table;
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

#[test]
fn no_schedule_and_no_fault_breaks_an_invariant() {
    let seeds = seeds();
    let mut total = world::Figures::default();
    for seed in seeds.clone() {
        let figures = std::panic::catch_unwind(|| run(seed));
        total.add(&figures.unwrap_or_else(|_| panic!("seed {seed} breaks an invariant")));
    }
    println!("seeds {seeds:?}: {total:?}");
    total.assert_that_everything_happened(seeds.end - seeds.start);
}

#[test]
fn a_seed_tells_the_same_story_twice() {
    for seed in [1, 7, 42] {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
}
