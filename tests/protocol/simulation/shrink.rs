//! The smallest world that is still broken, and what happens in it.

use std::sync::{Arc, Mutex};

use crate::run;
use crate::witness::Log;
use crate::world::Plan;

/// Returns the trace of a smaller world that is broken too: fewer requests, and fewer things that
/// can go wrong.
pub(crate) fn shrink(plan: Plan) -> String {
    let is_broken = |plan: &Plan| run(*plan, None).is_err();
    let shorter = (1..plan.actions).map(|actions| Plan { actions, ..plan });
    let mut smallest = shorter.into_iter().find(is_broken).unwrap_or(plan);
    while let Some(smaller) =
        smallest.swarm.smaller().map(|swarm| Plan { swarm, ..smallest }).find(is_broken)
    {
        smallest = smaller;
    }
    let log: Arc<Log> = Arc::new(Mutex::default());
    let why = run(smallest, Some(&log)).err().unwrap_or_default();
    let lines = log.lock().expect("log").join("\n");
    format!("{smallest:?}\n{lines}\n{why}")
}
