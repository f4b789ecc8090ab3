//! Events arrive in any order, any number of times.
//!
//! As long as nobody signs in meanwhile, the end of a record depends only on which events have
//! arrived. That does not hold across a new identity, and should not: a deletion that arrives after
//! a later session has an identity finds another life than one that arrives before.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::select;

use super::super::{SuspendedBy, Suspension};
use super::*;
use crate::operation::Operation;

/// What the identity provider reports, and the millisecond at which it happened.
type Event = (Operation, i64);

/// One arrival: which event, and whether ACS has done what was pending before the next.
type Arrival = (Event, bool);

/// What must not depend on the order.
#[derive(Debug, PartialEq)]
struct End {
    cutoff: Option<i64>,
    is_suspended: bool,
    /// The identity, or the one that is being created, is gone or going.
    identity_ends: bool,
}

/// Later than all events, so that none is from the future.
const NOW: i64 = 1000;

fn instant(millisecond: i64) -> Timestamp {
    Timestamp::from_millisecond(millisecond).unwrap()
}

/// Returns instants around second 100, when the session of the identity signed in. Some share a
/// second, some an instant.
fn millisecond() -> impl Strategy<Value = i64> {
    select(vec![99_000, 99_999, 100_000, 100_001, 100_500, 101_000, 102_000, 102_001])
}

fn event() -> impl Strategy<Value = Event> {
    let operations =
        vec![Operation::REVOKE, Operation::Suspend, Operation::Unsuspend, Operation::Delete];
    (select(operations), millisecond())
}

/// Returns all of the events in some order, some of them again.
fn arrivals() -> impl Strategy<Value = Vec<Arrival>> {
    let events = vec(event(), 1..6);
    let all = events.prop_flat_map(|events| (Just(events.clone()), vec(select(events), 0..4)));
    let shuffled = all.prop_flat_map(|(once, again)| Just([once, again].concat()).prop_shuffle());
    shuffled.prop_flat_map(|events| {
        let completed = vec(any::<bool>(), events.len());
        completed.prop_map(move |completed| events.iter().copied().zip(completed).collect())
    })
}

/// Returns a user with an identity, or whose identity is being created, and an earlier decision.
fn start() -> impl Strategy<Value = Record> {
    let by = select(vec![SuspendedBy::Operator, SuspendedBy::IdentityProvider]);
    let decided = (by, any::<bool>(), millisecond());
    let decided =
        decided.prop_map(|(by, lifted, ms)| Suspension { by, lifted, decided_at: instant(ms) });
    let suspension = prop_oneof![Just(None), decided.prop_map(Some)];
    let record = prop_oneof![Just(bound_at_100()), Just(creating(lease(1, NOW + 10)))];
    (record, suspension).prop_map(|(record, suspension)| Record { suspension, ..record })
}

fn after(mut record: Record, arrivals: &[Arrival]) -> End {
    for (number, &((operation, ms), is_completed)) in (0..).zip(arrivals) {
        let now = NOW + number;
        let initiator = Initiator::IdentityProvider { occurred_at: instant(ms) };
        let next = record.accept(operation, &request(initiator, now));
        record = next.unwrap_or(record);
        if let Some(operation) = record.pending().filter(|_| is_completed) {
            record = complete(&record, operation, now).unwrap();
        }
    }
    let cutoff = cutoff(&record);
    End { cutoff, is_suspended: record.is_suspended(), identity_ends: !record.is_retained() }
}

/// Returns the same from the set of events alone.
fn expected(start: &Record, arrivals: &[Arrival]) -> End {
    let of = |operations: &'static [Operation]| {
        let events = arrivals.iter().map(|(event, _)| *event);
        events.filter(|(operation, _)| operations.contains(operation)).map(|(_, ms)| ms)
    };
    let seconds = |operations| of(operations).map(|millisecond| millisecond / 1000).max();
    let held = start.suspension;
    let before = held.filter(|_| start.is_suspended()).map(|held| held.decided_at);
    let lifted = held.filter(|_| !start.is_suspended()).map(|held| held.decided_at);
    let last = before.into_iter().chain(of(&[Operation::Suspend]).map(instant)).max();
    let deleted = of(&[Operation::Delete]).map(|millisecond| millisecond / 1000 * 1000 + 999);
    let lifting = of(&[Operation::Unsuspend]).chain(deleted).map(instant);
    let last_lifting = lifted.into_iter().chain(lifting).max();
    let is_operators = held.is_some_and(|held| held.by == SuspendedBy::Operator);
    End {
        cutoff: seconds(&[Operation::REVOKE, Operation::Suspend, Operation::Delete]),
        is_suspended: is_operators && start.is_suspended()
            || last.is_some() && last >= last_lifting,
        identity_ends: seconds(&[Operation::Delete]) >= Some(100),
    }
}

proptest! {
    /// Queues deliver late, twice and out of order; the user's state must not depend on it.
    #[test]
    fn arrival_order_does_not_matter(start in start(), arrivals in arrivals()) {
        prop_assert_eq!(after(start.clone(), &arrivals), expected(&start, &arrivals));
    }
}
