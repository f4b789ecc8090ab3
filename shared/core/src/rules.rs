//! What a record allows, and what it may become. Pure: no table, no ACS, no clock.
//!
//! A rule that changes a record returns what it becomes, or `None` where there is nothing to
//! change. The table's conditional write makes each change atomic, so a rule may decide by
//! everything it reads. Two properties hold for every record these rules make: a lease excludes a
//! binding, and pending work needs one.

use std::time::Duration;

use acs_broker_store_dynamodb::{Binding, EpochSeconds, Lease, Nonce, Pending, Record, Work};
use identity_client::{IdentityId, Timestamp};

use crate::order::{Order, Sessions};

mod doubt;
mod everybody;
mod suspension;

pub(crate) use self::doubt::{doubted, is_dead, trusted, was_tried};
pub(crate) use self::everybody::{everybody_revoked, not_carried_out};
use self::suspension::after_deletion;
pub(crate) use self::suspension::{suspended, unsuspended};

/// Why a session gets no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    SignInAgain,
    Suspended,
}

/// What a session that was admitted must do to have an identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Use(IdentityId),
    FinishWork,
    WaitForLease,
    Claim,
}

/// Whether a session that began at `sign_in` may have a token, given everybody's watermark.
pub(crate) fn admit(
    record: &Record,
    everybody: Option<EpochSeconds>,
    sign_in: EpochSeconds,
) -> Result<(), Refusal> {
    if record.is_suspended() {
        return Err(Refusal::Suspended);
    }
    if watermark(record, everybody).is_some_and(|watermark| sign_in <= watermark) {
        return Err(Refusal::SignInAgain);
    }
    Ok(())
}

/// Up to which second sessions have ended: the user's own, or everybody's.
///
/// The two stay apart in the table. The user's own says also that the tokens from before it are dead
/// or about to be, by the work that was ordered with it.
pub(crate) fn watermark(record: &Record, everybody: Option<EpochSeconds>) -> Option<EpochSeconds> {
    record.sign_in_not_before.max(everybody)
}

/// Whether the user has this identity, and a token for it will live: no work is pending that would
/// kill it.
pub(crate) fn holds(record: &Record, identity: &IdentityId) -> bool {
    record.pending.is_none() && is_bound(record, identity)
}

/// Whether this is the user's identity.
pub(crate) fn is_bound(record: &Record, identity: &IdentityId) -> bool {
    record.binding.as_ref().is_some_and(|bound| bound.identity == *identity)
}

/// The next step towards an identity. `dead` is one that certainly does not exist any more.
///
/// Pending work comes first: a revocation that ACS has yet to carry out would kill the token of a
/// session that began after it.
pub(crate) fn next_step(record: &Record, dead: Option<&IdentityId>, now: Timestamp) -> Step {
    if record.pending.is_some() {
        return Step::FinishWork;
    }
    match (&record.binding, record.lease) {
        (Some(binding), _) if Some(&binding.identity) != dead => {
            Step::Use(binding.identity.clone())
        }
        (_, Some(lease)) if lease.is_live(now) => Step::WaitForLease,
        _ => Step::Claim,
    }
}

/// Takes the right to create the user's identity, for a session that is still admitted. What came
/// of a lease that is taken over nobody has said.
pub(crate) fn claimed(
    record: &Record,
    everybody: Option<EpochSeconds>,
    dead: Option<&IdentityId>,
    lease: Lease,
    now: Timestamp,
) -> Option<Record> {
    admit(record, everybody, lease.sign_in).ok()?;
    if next_step(record, dead, now) != Step::Claim {
        return None;
    }
    let unbound = Record { binding: None, doubted_since: None, expires_at: None, ..record.clone() };
    let possibly_lost = record.possibly_lost + u32::from(record.lease.is_some());
    // Without an identity there is no token that everybody's watermark would have to end.
    let sign_in_not_before = watermark(record, everybody);
    Some(Record { lease: Some(lease), possibly_lost, sign_in_not_before, ..unbound })
}

/// Gives the user the identity that the lease's owner has created, unless the lease is gone.
pub(crate) fn bound(record: &Record, owner: Nonce, identity: &IdentityId) -> Option<Record> {
    let lease = record.lease.filter(|lease| lease.owner == owner && !lease.void)?;
    let binding = Binding { identity: identity.clone(), sign_in: lease.sign_in };
    Some(Record { lease: None, binding: Some(binding), ..record.clone() })
}

/// Takes the lease's power away, so that no write that is still on its way can bind by it.
pub(crate) fn voided(record: &Record, owner: Nonce) -> Option<Record> {
    let lease = record.lease.filter(|lease| lease.owner == owner && !lease.void)?;
    Some(Record { lease: Some(Lease { void: true, ..lease }), ..record.clone() })
}

/// Gives a lease back, saying whether ACS may have made an identity that nobody knows.
pub(crate) fn released(
    record: &Record,
    owner: Nonce,
    is_possibly_lost: bool,
    retention: Duration,
    now: Timestamp,
) -> Option<Record> {
    record.lease.filter(|lease| lease.owner == owner)?;
    let possibly_lost = record.possibly_lost + u32::from(is_possibly_lost);
    Some(settled(Record { lease: None, possibly_lost, ..record.clone() }, retention, now))
}

/// Takes a lease away whose time is over: its holder is dead or about to find out.
pub(crate) fn lease_ended(record: &Record, retention: Duration, now: Timestamp) -> Option<Record> {
    record.lease.filter(|lease| lease.until <= now)?;
    let possibly_lost = record.possibly_lost + 1;
    Some(settled(Record { lease: None, possibly_lost, ..record.clone() }, retention, now))
}

/// Raises the watermark and orders the revocation at ACS, in one change.
///
/// A session that has ended with everybody's repeats what an operator has ordered for all: its user's
/// turn comes at once. Without it the user would be told that tokens are dead which live until then.
pub(crate) fn revoked(
    record: &Record,
    everybody: Option<EpochSeconds>,
    order: Order,
    sessions: Sessions,
    work: Pending,
    retention: Duration,
) -> Option<Record> {
    let now = work.since;
    let is_old_news =
        matches!(order, Order::Event(_)) && record.sign_in_not_before >= Some(order.watermark(now));
    if is_old_news || order.is_stale(record.sign_in_not_before) {
        return None;
    }
    let ended = match (everybody.filter(|_| order.is_stale(everybody)), sessions) {
        (Some(everybody), _) => Some(everybody),
        (None, Sessions::End) => Some(order.watermark(now)),
        (None, Sessions::Keep) => None,
    };
    let sign_in_not_before = record.sign_in_not_before.max(ended);
    let next = with_revocation(Record { sign_in_not_before, ..record.clone() }, work);
    changed(record, settled(next, retention, now))
}

/// Writes the tombstone: raises the watermark, takes a lease away, orders the deletion at ACS.
///
/// An event that is older than the sign-in for which the present identity was created is about a
/// former life of the user: their identity stays, and only the sessions of that life end. The
/// sign-in decides, not the moment of the creation: a session of the former life may have created
/// the identity after the user had been deleted, before the event arrived.
pub(crate) fn deleted(
    record: &Record,
    everybody: Option<EpochSeconds>,
    order: Order,
    work: Pending,
    retention: Duration,
) -> Option<Record> {
    let now = work.since;
    let ended = watermark(record, everybody);
    if order.is_stale(ended) {
        // Whom this tells that there is nothing left, no session from before may resurrect.
        let gone = Record { sign_in_not_before: ended, ..record.clone() };
        return changed(record, settled(gone, retention, now)).filter(|_| !stays(record));
    }
    let watermark = order.watermark(now);
    let suspension = after_deletion(record, order, now);
    let is_event = matches!(order, Order::Event(_));
    if is_event && record.binding.as_ref().is_some_and(|bound| bound.sign_in > watermark) {
        let work = Pending { work: Work::Revoke, ..work };
        let revocation = revoked(record, everybody, order, Sessions::End, work, retention);
        let next = Record { suspension, ..revocation.unwrap_or_else(|| record.clone()) };
        return changed(record, settled(next, retention, now));
    }
    let mut next = Record { suspension, ..record.clone() };
    next.sign_in_not_before = record.sign_in_not_before.max(Some(watermark));
    // For an event the sign-in decides here too, and not whether the watermark moves: a revocation
    // may have raised it further already, and left the lease alone.
    let ends = |lease: Lease| !is_event || lease.sign_in <= watermark;
    next.lease = record.lease.map(|lease| Lease { void: lease.void || ends(lease), ..lease });
    let already_ordered = record.pending.filter(|pending| pending.work == Work::Delete);
    next.pending = record.binding.as_ref().and(already_ordered.or(Some(work)));
    changed(record, settled(next, retention, now))
}

/// Whether the user has an identity, or is about to get one, that nobody has ordered to be deleted.
pub(crate) fn stays(record: &Record) -> bool {
    let deletion_pending = record.pending.is_some_and(|pending| pending.work == Work::Delete);
    let is_being_created = record.lease.is_some_and(|lease| !lease.void);
    record.binding.is_some() && !deletion_pending || is_being_created
}

/// What the record becomes once ACS has done `work` to `identity`. A later order's work stays.
pub(crate) fn concluded(
    record: &Record,
    work: Pending,
    identity: &IdentityId,
    retention: Duration,
    now: Timestamp,
) -> Option<Record> {
    let pending = record.pending?;
    let binding = record.binding.as_ref()?;
    match work.work {
        Work::Revoke => {
            let is_own = pending.owner == work.owner;
            is_own.then(|| Record { pending: None, ..record.clone() })
        }
        Work::Delete => {
            let is_gone = pending.work == Work::Delete && binding.identity == *identity;
            let empty =
                Record { pending: None, binding: None, doubted_since: None, ..record.clone() };
            is_gone.then(|| settled(empty, retention, now))
        }
    }
}

/// Puts off work that has just failed once more.
pub(crate) fn postponed(record: &Record, work: Pending, now: Timestamp) -> Option<Record> {
    let pending = record.pending.filter(|pending| pending.owner == work.owner)?;
    Some(Record { pending: Some(pending.postponed(now)), ..record.clone() })
}

/// An identity that belongs to nobody, to be deleted.
pub(crate) fn orphaned(record: &Record, identity: &IdentityId, work: Pending) -> Option<Record> {
    if record.binding.is_some() {
        return None;
    }
    let binding = Binding { identity: identity.clone(), sign_in: work.since.into() };
    Some(Record { binding: Some(binding), pending: Some(work), ..Record::default() })
}

/// Orders a revocation of the identity, if there is one. In the place of older work it keeps that
/// work's age. A pending deletion kills the tokens too, and must not be forgotten for it.
fn with_revocation(record: Record, work: Pending) -> Record {
    let deletion_pending = record.pending.is_some_and(|pending| pending.work == Work::Delete);
    if record.binding.is_none() || deletion_pending {
        return record;
    }
    let since = record.pending.map_or(work.since, |older| older.since.min(work.since));
    Record { pending: Some(Pending { since, ..work }), ..record }
}

/// A record in which nothing is left but marks gets an end: after `retention` no session that the
/// marks speak of can exist any more. A suspension in force has no end.
fn settled(record: Record, retention: Duration, now: Timestamp) -> Record {
    let is_only_marks =
        record.binding.is_none() && record.lease.is_none() && record.pending.is_none();
    let end = later(now, retention);
    let expires_at = (is_only_marks && !record.is_suspended()).then(|| end.into());
    Record { expires_at, ..record }
}

fn later(instant: Timestamp, pause: Duration) -> Timestamp {
    instant.checked_add(pause).unwrap_or(Timestamp::MAX)
}

fn changed(record: &Record, next: Record) -> Option<Record> {
    // A mark that is only kept longer is not worth a write.
    let same = next == Record { expires_at: next.expires_at, ..record.clone() };
    (!same).then_some(next)
}

#[cfg(test)]
mod tests;
