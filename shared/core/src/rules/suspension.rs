//! Who is suspended, by whose word. Decisions of the identity provider may arrive late, twice and in
//! any order: the latest counts, and of two at the same instant the one that suspends.

use std::time::Duration;

use acs_broker_store_dynamodb::{Authority, Pending, Record, Suspension};
use identity_client::Timestamp;

use super::{changed, revoked, settled, with_revocation};
use crate::order::{Order, Ruling, Sessions, within_lead};

/// Suspends the user and orders the revocation, in one change.
///
/// When the suspension comes into force the revocation is ordered at ACS in any case: a session that
/// is too new for a late event's watermark may hold a token too.
pub(crate) fn suspended(
    record: &Record,
    ruling: Ruling,
    work: Pending,
    retention: Duration,
) -> Option<Record> {
    let now = work.since;
    let revocation = revoked(record, None, ruling.into(), Sessions::End, work, retention);
    let mut next = revocation.unwrap_or_else(|| record.clone());
    if let Some(suspension) = decided(record.suspension, ruling, false, now) {
        next = Record { suspension: Some(suspension), ..with_revocation(next, work) };
    }
    changed(record, settled(next, retention, now))
}

/// Lifts the user's suspension, or notes for a late word to suspend them that it was lifted.
pub(crate) fn unsuspended(
    record: &Record,
    ruling: Ruling,
    retention: Duration,
    now: Timestamp,
) -> Option<Record> {
    let suspension = decided(record.suspension, ruling, true, now)?;
    let next = Record { suspension: Some(suspension), ..record.clone() };
    changed(record, settled(next, retention, now))
}

/// What is left of a suspension when the user is deleted. The identity provider's word that the user
/// is gone outdates its older ones and those of the same second, in which some clocks put both, or
/// the row of everybody who is suspended first and deleted then would stay for good. It is written
/// down for who was never suspended, too: an older word may be on its way. An operator's ban stays.
pub(crate) fn after_deletion(record: &Record, order: Order, now: Timestamp) -> Option<Suspension> {
    let lifted = match order {
        Order::Event(at) => {
            let end_of_second = Timestamp::from_millisecond(at.as_second() * 1000 + 999);
            decided(record.suspension, Ruling::Event(end_of_second.unwrap_or(at)), true, now)
        }
        Order::Session(_) | Order::Operator => None,
    };
    lifted.or(record.suspension)
}

/// What a ruling makes of what was decided before; `None` where it has no say.
fn decided(
    before: Option<Suspension>,
    ruling: Ruling,
    lifted: bool,
    now: Timestamp,
) -> Option<Suspension> {
    match ruling {
        Ruling::Operator => {
            // Later than what it overrules, which an issuer with a fast clock may have dated ahead.
            let at = before.map_or(now, |before| now.max(a_moment_after(before.at)));
            Some(Suspension { by: Authority::Operator, lifted, at })
        }
        Ruling::Event(at) => {
            let at = within_lead(at, now);
            // As tables keep it: the same event must not look newer when it arrives again.
            let at = Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at);
            let decision = Suspension { by: Authority::Provider, lifted, at };
            before.is_none_or(|before| overrules(decision, before)).then_some(decision)
        }
    }
}

/// Whether a decision of the identity provider counts more than what was decided before.
fn overrules(decision: Suspension, before: Suspension) -> bool {
    let is_operators_ban = before.by == Authority::Operator && !before.lifted;
    let is_later = decision.at > before.at;
    let is_stricter = decision.at == before.at && before.lifted && !decision.lifted;
    !is_operators_ban && (is_later || is_stricter)
}

fn a_moment_after(instant: Timestamp) -> Timestamp {
    super::later(instant, Duration::from_millis(1))
}
