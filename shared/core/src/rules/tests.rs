use super::*;

mod any_order;
mod doubt;
mod everybody;
mod suspension;

const RETENTION: Duration = Duration::from_hours(1000);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn nonce(bits: u128) -> Nonce {
    Nonce::from_bits(bits)
}

fn identity(name: &str) -> IdentityId {
    format!("8:acs:resource_{name}").parse().unwrap()
}

fn work(work: Work, owner: u128, second: i64) -> Pending {
    Pending::accepted(work, nonce(owner), at(second))
}

fn lease(owner: u128, until: i64) -> Lease {
    Lease { owner: nonce(owner), until: at(until), sign_in: EpochSeconds(100), void: false }
}

/// A user who signed in at second 100, and has an identity since.
fn bound_at_100() -> Record {
    let binding = Binding { identity: identity("a"), sign_in: EpochSeconds(100) };
    Record { binding: Some(binding), ..Record::default() }
}

fn watermark(record: &Record) -> Option<i64> {
    record.sign_in_not_before.map(|EpochSeconds(second)| second)
}

fn revoke(record: &Record, order: Order, sessions: Sessions, second: i64) -> Option<Record> {
    revoked(record, None, order, sessions, work(Work::Revoke, 9, second), RETENTION)
}

fn delete(record: &Record, order: Order, second: i64) -> Option<Record> {
    deleted(record, None, order, work(Work::Delete, 9, second), RETENTION)
}

#[test]
fn a_session_must_be_younger_than_the_watermark_by_a_whole_second() {
    let record = Record { sign_in_not_before: Some(EpochSeconds(100)), ..Record::default() };
    for (sign_in, admitted) in
        [(99, Err(Refusal::SignInAgain)), (100, Err(Refusal::SignInAgain)), (101, Ok(()))]
    {
        assert_eq!(admit(&record, None, EpochSeconds(sign_in)), admitted, "{sign_in}");
    }
}

#[test]
fn a_tombstone_written_a_moment_ago_stops_the_claim() {
    let tombstone = Record { sign_in_not_before: Some(EpochSeconds(100)), ..Record::default() };
    let of = |sign_in| Lease { sign_in: EpochSeconds(sign_in), ..lease(1, 20) };
    assert_eq!(claimed(&tombstone, None, None, of(100), at(10)), None);
    assert_eq!(claimed(&tombstone, None, None, of(101), at(10)).unwrap().lease, Some(of(101)));
}

#[test]
fn a_lease_excludes_a_second_one_until_it_is_given_back_or_over() {
    let claim = |held: Lease| {
        let record = Record { lease: Some(held), ..Record::default() };
        claimed(&record, None, None, lease(2, 40), at(20)).is_some()
    };
    assert!(!claim(lease(1, 21)));
    assert!(claim(lease(1, 20)));
    assert!(!claim(Lease { void: true, ..lease(1, 21) }), "its holder has yet to clean up");
}

#[test]
fn an_identity_is_given_up_only_when_it_is_the_dead_one() {
    let claim =
        |dead: &IdentityId| claimed(&bound_at_100(), None, Some(dead), lease(1, 20), at(10));
    assert_eq!(claim(&identity("b")), None);
    assert_eq!(claim(&identity("a")).unwrap().binding, None);
}

#[test]
fn only_the_holder_of_the_lease_binds_and_only_while_no_deletion_took_it_away() {
    let bind = |held: Option<Lease>| {
        let record = Record { lease: held, ..Record::default() };
        bound(&record, nonce(1), &identity("a"))
    };
    assert_eq!(bind(Some(lease(1, 0))), Some(bound_at_100()), "late, but nobody else came");
    assert_eq!(bind(Some(lease(2, 99))), None);
    assert_eq!(bind(Some(Lease { void: true, ..lease(1, 99) })), None);
    assert_eq!(bind(None), None);
}

#[test]
fn a_revocation_raises_the_watermark_and_orders_the_work_in_one_change() {
    let next = revoke(&bound_at_100(), Order::Operator, Sessions::End, 200).unwrap();
    assert_eq!((watermark(&next), next.pending), (Some(200), Some(work(Work::Revoke, 9, 200))));
    let kept = revoke(&bound_at_100(), Order::Operator, Sessions::Keep, 200).unwrap();
    assert_eq!((watermark(&kept), kept.pending), (None, Some(work(Work::Revoke, 9, 200))));
}

#[test]
fn a_watermark_never_moves_back() {
    let record = Record { sign_in_not_before: Some(EpochSeconds(300)), ..bound_at_100() };
    let next = revoke(&record, Order::Operator, Sessions::End, 200);
    for next in [next, delete(&record, Order::Operator, 200)] {
        assert_eq!(watermark(&next.unwrap()), Some(300));
    }
}

#[test]
fn a_session_from_an_issuer_with_a_fast_clock_ends_by_its_own_revocation() {
    let next = revoke(&bound_at_100(), Order::Session(EpochSeconds(250)), Sessions::End, 200);
    assert_eq!(watermark(&next.unwrap()), Some(250));
}

#[test]
fn a_session_that_has_ended_causes_nothing_new() {
    let record = Record { sign_in_not_before: Some(EpochSeconds(150)), ..bound_at_100() };
    let stolen = Order::Session(EpochSeconds(150));
    for sessions in [Sessions::End, Sessions::Keep] {
        assert_eq!(revoke(&record, stolen, sessions, 200), None);
    }
    assert_eq!(delete(&record, stolen, 200), None);
}

#[test]
fn a_late_event_spares_who_signed_in_since_and_a_repeated_one_changes_nothing() {
    let event = Order::Event(at(150));
    let next = revoke(&bound_at_100(), event, Sessions::End, 200).unwrap();
    assert_eq!(watermark(&next), Some(150));
    assert_eq!(revoke(&next, event, Sessions::End, 300), None);
    assert_eq!(revoke(&next, Order::Event(at(140)), Sessions::End, 300), None);
}

#[test]
fn an_event_counts_by_its_issuers_clock_within_five_minutes() {
    for (event, mark) in [(203, 203), (500, 500), (99_999, 500)] {
        let next = revoke(&bound_at_100(), Order::Event(at(event)), Sessions::End, 200).unwrap();
        assert_eq!(watermark(&next), Some(mark));
    }
}

#[test]
fn a_pending_deletion_is_not_forgotten_for_a_revocation() {
    let deletion = work(Work::Delete, 1, 150);
    let record = Record { pending: Some(deletion), ..bound_at_100() };
    let next = revoke(&record, Order::Operator, Sessions::End, 200).unwrap();
    assert_eq!((watermark(&next), next.pending), (Some(200), Some(deletion)));
}

#[test]
fn work_that_replaces_older_work_keeps_its_age() {
    let record = Record { pending: Some(work(Work::Revoke, 1, 150)), ..bound_at_100() };
    let pending = revoke(&record, Order::Operator, Sessions::End, 200).unwrap().pending.unwrap();
    assert_eq!((pending.owner, pending.since), (nonce(9), at(150)));
}

#[test]
fn a_deletion_keeps_the_identity_until_it_is_gone_and_takes_a_lease_away() {
    let next = delete(&bound_at_100(), Order::Operator, 200).unwrap();
    assert_eq!(next.binding, bound_at_100().binding);
    assert_eq!(next.pending, Some(work(Work::Delete, 9, 200)));
    let creating = Record { lease: Some(lease(1, 999)), ..Record::default() };
    let next = delete(&creating, Order::Operator, 200).unwrap();
    assert_eq!((next.lease, next.pending), (Some(Lease { void: true, ..lease(1, 999) }), None));
}

#[test]
fn a_repeated_deletion_leaves_the_first_one_its_work() {
    let next = delete(&bound_at_100(), Order::Operator, 200).unwrap();
    assert_eq!(delete(&next, Order::Operator, 200), None);
    let by_event = delete(&next, Order::Event(at(150)), 300).unwrap();
    assert_eq!(by_event.pending, next.pending);
    assert_eq!(delete(&by_event, Order::Event(at(150)), 400), None);
}

#[test]
fn a_deletion_event_of_a_former_life_ends_its_sessions_and_deletes_nothing() {
    let next = delete(&bound_at_100(), Order::Event(at(99)), 200).unwrap();
    assert_eq!(watermark(&next), Some(99));
    assert_eq!(next.binding, bound_at_100().binding);
    assert_eq!(next.pending, Some(work(Work::Revoke, 9, 200)), "its sessions may hold tokens");
    assert_eq!(delete(&next, Order::Event(at(99)), 300), None);
}

#[test]
fn an_identity_that_a_deleted_users_old_session_created_is_deleted_when_the_event_arrives() {
    let next = delete(&bound_at_100(), Order::Event(at(100)), 200).unwrap();
    assert_eq!(next.pending, Some(work(Work::Delete, 9, 200)));
}

#[test]
fn a_deletion_event_takes_a_lease_of_its_own_life_away_and_leaves_that_of_a_newer_one() {
    let record = Record {
        lease: Some(lease(1, 999)),
        sign_in_not_before: Some(EpochSeconds(150)),
        ..Record::default()
    };
    let spared = delete(&record, Order::Event(at(99)), 200).unwrap();
    assert_eq!((spared.lease, watermark(&spared)), (record.lease, Some(150)));
    let next = delete(&record, Order::Event(at(100)), 200).unwrap();
    assert!(next.lease.unwrap().void);
    assert_eq!(delete(&next, Order::Event(at(99)), 200), None, "void it stays");
}

#[test]
fn an_earlier_revocations_end_does_not_strike_off_a_later_one() {
    let (first, second) = (work(Work::Revoke, 1, 150), work(Work::Revoke, 2, 160));
    let record = Record { pending: Some(second), ..bound_at_100() };
    assert_eq!(concluded(&record, first, &identity("a"), RETENTION, at(200)), None);
    let struck_off = concluded(&record, second, &identity("a"), RETENTION, at(200));
    assert_eq!(struck_off, Some(bound_at_100()));
}

#[test]
fn a_deleted_identity_leaves_a_tombstone_that_ends() {
    let deletion = work(Work::Delete, 1, 150);
    let record = Record {
        pending: Some(deletion),
        sign_in_not_before: Some(EpochSeconds(150)),
        ..bound_at_100()
    };
    assert_eq!(concluded(&record, deletion, &identity("b"), RETENTION, at(200)), None);
    let end = EpochSeconds::from(at(200).checked_add(RETENTION).unwrap());
    let tombstone = Record {
        sign_in_not_before: Some(EpochSeconds(150)),
        expires_at: Some(end),
        ..Record::default()
    };
    let next = concluded(&record, deletion, &identity("a"), RETENTION, at(200));
    assert_eq!(next, Some(tombstone));
}

#[test]
fn a_claim_on_a_tombstone_takes_its_end_away() {
    let record = Record { expires_at: Some(EpochSeconds(500)), ..Record::default() };
    let next = claimed(&record, None, None, lease(1, 20), at(10)).unwrap();
    assert_eq!(next.expires_at, None);
    let given_back = released(&next, nonce(1), false, RETENTION, at(10)).unwrap();
    assert!(given_back.lease.is_none() && given_back.expires_at.is_some());
    assert_eq!(released(&next, nonce(2), false, RETENTION, at(10)), None);
}

#[test]
fn a_lease_is_ended_from_outside_only_when_its_time_is_over() {
    let record = Record { lease: Some(lease(1, 20)), ..Record::default() };
    assert_eq!(lease_ended(&record, RETENTION, at(19)), None);
    assert_eq!(lease_ended(&record, RETENTION, at(20)).unwrap().lease, None);
}

#[test]
fn a_lease_that_ends_without_anybodys_word_is_counted_in_the_same_write() {
    let record = Record { lease: Some(lease(1, 20)), possibly_lost: 4, ..Record::default() };
    let taken_over = claimed(&record, None, None, lease(2, 40), at(20)).unwrap();
    assert_eq!(taken_over.possibly_lost, 5);
    assert_eq!(lease_ended(&record, RETENTION, at(20)).unwrap().possibly_lost, 5);
    let released = |lost| released(&record, nonce(1), lost, RETENTION, at(10)).unwrap();
    assert_eq!((released(true).possibly_lost, released(false).possibly_lost), (5, 4));
    let bound = bound(&record, nonce(1), &identity("a")).unwrap();
    assert_eq!(bound.possibly_lost, 4);
}

#[test]
fn pending_work_is_finished_before_anything_else() {
    for pending in [Work::Delete, Work::Revoke] {
        let record = Record { pending: Some(work(pending, 1, 150)), ..bound_at_100() };
        assert_eq!(next_step(&record, None, at(200)), Step::FinishWork);
        assert!(!holds(&record, &identity("a")));
    }
    assert_eq!(next_step(&bound_at_100(), None, at(200)), Step::Use(identity("a")));
    assert!(holds(&bound_at_100(), &identity("a")) && !holds(&bound_at_100(), &identity("b")));
}

#[test]
fn work_is_postponed_only_while_it_is_still_the_same() {
    let record = Record { pending: Some(work(Work::Revoke, 2, 150)), ..bound_at_100() };
    assert_eq!(postponed(&record, work(Work::Revoke, 1, 150), at(300)), None);
    let pending = postponed(&record, work(Work::Revoke, 2, 150), at(300)).unwrap().pending;
    assert_eq!(pending.unwrap().retry_at, at(450));
}

#[test]
fn a_lease_without_power_binds_nothing_that_is_still_on_its_way() {
    let record = Record { lease: Some(lease(1, 20)), ..Record::default() };
    assert_eq!(voided(&record, nonce(2)), None);
    assert_eq!(bound(&voided(&record, nonce(1)).unwrap(), nonce(1), &identity("a")), None);
}
