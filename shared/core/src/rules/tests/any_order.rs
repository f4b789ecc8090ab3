//! Events arrive in any order, any number of times.
//!
//! What holds, as long as nobody signs in meanwhile: where a record ends depends only on which events
//! have arrived. It does not hold across a new identity, and should not: a deletion that arrives
//! after a later session has got one finds another life than one that arrives before.

use acs_broker_store_dynamodb::{Authority, Suspension};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::select;

use super::*;
use crate::order::Ruling;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Revoke,
    Suspend,
    Unsuspend,
    Delete,
}

/// What the identity provider says, and the millisecond at which it happened.
type Event = (Kind, i64);

/// One arrival: which event, and whether ACS has done what was pending before the next.
type Arrival = (Event, bool);

/// What must not depend on the order.
#[derive(Debug, PartialEq)]
struct End {
    watermark: Option<i64>,
    is_suspended: bool,
    /// The identity, or the one that is being created, is gone or going.
    identity_ends: bool,
}

/// Later than all events, so that none is from the future.
const NOW: i64 = 1000;

fn instant(millisecond: i64) -> Timestamp {
    Timestamp::from_millisecond(millisecond).unwrap()
}

/// A few instants around second 100, when the session of the identity signed in; some share a second,
/// some an instant.
fn millisecond() -> impl Strategy<Value = i64> {
    select(vec![99_000, 99_999, 100_000, 100_001, 100_500, 101_000, 102_000, 102_001])
}

fn event() -> impl Strategy<Value = Event> {
    let kind = select(vec![Kind::Revoke, Kind::Suspend, Kind::Unsuspend, Kind::Delete]);
    (kind, millisecond())
}

/// All of the events in some order, some of them again.
fn arrivals() -> impl Strategy<Value = Vec<Arrival>> {
    let events = vec(event(), 1..6);
    let all = events.prop_flat_map(|events| (Just(events.clone()), vec(select(events), 0..4)));
    let shuffled = all.prop_flat_map(|(once, again)| Just([once, again].concat()).prop_shuffle());
    shuffled.prop_flat_map(|events| {
        let concluded = vec(any::<bool>(), events.len());
        concluded.prop_map(move |concluded| events.iter().copied().zip(concluded).collect())
    })
}

/// A user with an identity, or whose identity is being created, and what was decided about them.
fn start() -> impl Strategy<Value = Record> {
    let by = select(vec![Authority::Operator, Authority::Provider]);
    let decided = (by, any::<bool>(), millisecond());
    let decided = decided.prop_map(|(by, lifted, ms)| Suspension { by, lifted, at: instant(ms) });
    let suspension = prop_oneof![Just(None), decided.prop_map(Some)];
    let creating = Record { lease: Some(lease(1, NOW + 10)), ..Record::default() };
    let record = prop_oneof![Just(bound_at_100()), Just(creating)];
    (record, suspension).prop_map(|(record, suspension)| Record { suspension, ..record })
}

fn after(mut record: Record, arrivals: &[Arrival]) -> End {
    for (number, &((kind, ms), is_concluded)) in (0..).zip(arrivals) {
        let now = NOW + number;
        let happened = instant(ms);
        let order = Order::Event(happened);
        let ruling = Ruling::Event(happened);
        let next = match kind {
            Kind::Revoke => revoke(&record, order, Sessions::End, now),
            Kind::Suspend => suspended(&record, ruling, work(Work::Revoke, 9, now), RETENTION),
            Kind::Unsuspend => unsuspended(&record, ruling, RETENTION, at(now)),
            Kind::Delete => delete(&record, order, now),
        };
        record = next.unwrap_or(record);
        if let Some(work) = record.pending.filter(|_| is_concluded) {
            record = concluded(&record, work, &identity("a"), RETENTION, at(now)).unwrap();
        }
    }
    let watermark = watermark(&record);
    End { watermark, is_suspended: record.is_suspended(), identity_ends: !stays(&record) }
}

/// The same from the set of events alone.
fn expected(start: &Record, arrivals: &[Arrival]) -> End {
    let of = |kinds: &'static [Kind]| {
        let events = arrivals.iter().map(|(event, _)| *event);
        events.filter(|(kind, _)| kinds.contains(kind)).map(|(_, millisecond)| millisecond)
    };
    let seconds = |kinds| of(kinds).map(|millisecond| millisecond / 1000).max();
    let before = start.suspension.filter(|_| start.is_suspended()).map(|ban| ban.at);
    let lifted = start.suspension.filter(|_| !start.is_suspended()).map(|lifting| lifting.at);
    let last_ban = before.into_iter().chain(of(&[Kind::Suspend]).map(instant)).max();
    let deleted = of(&[Kind::Delete]).map(|millisecond| millisecond / 1000 * 1000 + 999);
    let lifting = of(&[Kind::Unsuspend]).chain(deleted).map(instant);
    let last_lifting = lifted.into_iter().chain(lifting).max();
    let is_operators = start.suspension.is_some_and(|held| held.by == Authority::Operator);
    End {
        watermark: seconds(&[Kind::Revoke, Kind::Suspend, Kind::Delete]),
        is_suspended: is_operators && start.is_suspended()
            || last_ban.is_some() && last_ban >= last_lifting,
        identity_ends: seconds(&[Kind::Delete]) >= Some(100),
    }
}

proptest! {
    #[test]
    fn where_events_lead_depends_only_on_which_have_arrived(
        start in start(),
        arrivals in arrivals(),
    ) {
        prop_assert_eq!(after(start.clone(), &arrivals), expected(&start, &arrivals));
    }
}
