//! Which states and changes of a record the worlds have reached, and which they have not.

use std::collections::{BTreeMap, BTreeSet};

use crate::state::{Change, IDENTITIES, Identity, State};
use crate::world::Figures;

/// What must have happened in a hundred worlds. A simulation in which something never comes about
/// proves nothing about it.
const EVENTS: [&str; 26] = [
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
    "identity vanished",
    "key regenerated",
    "IdentityCreated",
    "IdentityReplaced",
    "IdentityDiscarded",
    "OrphanJournaled",
    "IdentityUnconfirmed",
    "TokenDiscarded",
    "LeaseWait",
    "RetryScheduled",
    "identities that nobody knows",
];

pub(crate) fn assert_that_everything_happened(total: &Figures, worlds: u64) {
    for what in EVENTS {
        assert!(total.counts.contains_key(what) || worlds < 300, "{what:?} never happened");
    }
}

/// Prints how many states and changes there were, and each state in which a kind of request never
/// wrote.
pub(crate) fn report(changes: &BTreeMap<Change, u64>) {
    let requests: BTreeSet<_> = changes.keys().map(|change| change.request).collect();
    let written: BTreeSet<_> =
        changes.keys().map(|change| (change.request, change.before)).collect();
    let all = IDENTITIES.iter().flat_map(|identity| states(*identity));
    println!("{} changes of a record, {} starting points", changes.len(), written.len());
    for request in requests {
        let missing = all.clone().filter(|state| !written.contains(&(request, *state)));
        let names: Vec<_> = missing.map(|state| state.to_string()).collect();
        println!("  {request} never wrote: {}", names.join(", "));
    }
}

fn states(identity: Identity) -> impl Iterator<Item = State> + Clone {
    [false, true].into_iter().map(move |is_suspended| State { identity, is_suspended })
}
