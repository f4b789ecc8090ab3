//! The protocol under a scheduler, a clock and a network that are all made from one seed.
//!
//! Users sign in, get tokens, revoke them and delete themselves, operators and late events
//! interfere, suspend, let in again and end the sessions of all users, and sweeps run, while
//! messages are delayed, lost, answered twice or never, requests die at any await point, clocks
//! differ, keys are regenerated, and ACS and the table fail in every way they can. Each world has a
//! random half of these. A witness judges each write; after each acknowledgement, and once all is
//! quiet, the invariants of docs/protocol.md are checked against what ACS really holds. The client
//! is the real one, its signing included; ACS is the emulator, called in process.

#![expect(clippy::print_stdout, reason = "the campaign reports its figures")]

mod acs;
mod actors;
mod clock;
mod coverage;
mod decisions;
mod history;
mod keys;
mod network;
mod operators;
mod random;
mod shrink;
mod state;
mod store;
mod swarm;
mod witness;
mod world;

use std::cell::Cell;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{available_parallelism, scope};
use std::time::Instant;

use crate::witness::Log;
use crate::world::{Figures, Plan, World};

/// `SIMULATION_SEEDS=from..to` runs other seeds than these.
const SEEDS: Range<u64> = 0..400;

/// Returns the setting of this name, or the default.
#[expect(clippy::disallowed_methods, reason = "which worlds to run is the caller's choice")]
fn setting<T>(name: &str, read: fn(&str) -> Option<T>, default: T) -> T {
    let Ok(text) = std::env::var(name) else { return default };
    read(&text).unwrap_or_else(|| panic!("{name} cannot be read"))
}

fn seeds() -> Range<u64> {
    let read = |text: &str| {
        let (from, to) = text.split_once("..")?;
        Some(from.parse().ok()?..to.parse().ok()?)
    };
    setting("SIMULATION_SEEDS", read, SEEDS)
}

/// Runs a world.
///
/// # Errors
/// What the world's panic says.
fn run(plan: Plan, log: Option<&Arc<Log>>) -> Result<Figures, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let world = World::run(plan, log.map(Arc::clone));
    FIRST_PANIC.take();
    catch_unwind(AssertUnwindSafe(|| runtime.block_on(world)))
        .map_err(|_| FIRST_PANIC.take().unwrap_or_else(|| "a panic without words".to_owned()))
}

thread_local! {
    /// What the first panic of a world says: the others follow from it.
    static FIRST_PANIC: Cell<Option<String>> = const { Cell::new(None) };
}

fn note_panic(info: &PanicHookInfo<'_>) {
    let first = FIRST_PANIC.take();
    FIRST_PANIC.set(first.or_else(|| Some(info.to_string())));
}

/// Runs worlds until one is broken, on every core. Returns the figures, or the first seed found.
fn run_all(seeds: &Range<u64>) -> Result<Figures, u64> {
    let (next, is_broken) = (AtomicU64::new(seeds.start), AtomicBool::new(false));
    let work = || {
        let mut total = Figures::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end || is_broken.load(Ordering::Relaxed) {
                return Ok(total);
            }
            let Ok(figures) = run(Plan::of(seed), None) else {
                is_broken.store(true, Ordering::Relaxed);
                return Err(seed);
            };
            total.add(figures);
        }
    };
    let workers = setting("SIMULATION_THREADS", |text| text.parse().ok(), 0);
    let workers =
        if workers == 0 { available_parallelism().map_or(1, usize::from) } else { workers };
    let results: Vec<_> = scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().expect("a worker")).collect()
    });
    let broken = results.iter().filter_map(|result| result.as_ref().err()).min();
    if let Some(seed) = broken {
        return Err(*seed);
    }
    let mut total = Figures::default();
    for figures in results.into_iter().flatten() {
        total.add(figures);
    }
    Ok(total)
}

/// No schedule and no fault breaks an invariant.
#[test]
fn no_seed_breaks_an_invariant() {
    let (seeds, began) = (seeds(), Instant::now());
    // A broken world panics, and many are broken while the trace is made small.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(note_panic));
    let outcome = run_all(&seeds).map_err(|seed| (seed, shrink::shrink(Plan::of(seed))));
    std::panic::set_hook(hook);
    match outcome {
        Ok(total) => {
            let worlds = seeds.end - seeds.start;
            let rate = worlds.checked_div(began.elapsed().as_secs()).unwrap_or(worlds);
            println!("seeds {seeds:?}, {rate} worlds a second: {:?}", total.counts);
            coverage::report(&total.changes);
            coverage::assert_that_everything_happened(&total, worlds);
        }
        Err((seed, trace)) => panic!("seed {seed} breaks an invariant\n{trace}"),
    }
}

/// A seed produces the same run twice.
#[test]
fn same_seed_repeats_exactly() {
    for seed in [1, 7, 42] {
        assert_eq!(run(Plan::of(seed), None), run(Plan::of(seed), None), "seed {seed}");
    }
}
