use acs_broker_store_dynamodb::{Authority, Suspension};

use super::*;
use crate::order::Ruling;

fn suspend(record: &Record, ruling: Ruling, second: i64) -> Option<Record> {
    suspended(record, ruling, work(Work::Revoke, 9, second), RETENTION)
}

fn unsuspend(record: &Record, ruling: Ruling, second: i64) -> Option<Record> {
    unsuspended(record, ruling, RETENTION, at(second))
}

fn event(second: i64) -> Ruling {
    Ruling::Event(at(second))
}

fn decided(by: Authority, lifted: bool, second: i64) -> Record {
    let suspension = Some(Suspension { by, lifted, at: at(second) });
    Record { suspension, ..bound_at_100() }
}

#[test]
fn a_suspension_shuts_the_user_out_ends_their_sessions_and_orders_their_tokens_end_in_one_write() {
    for (ruling, by, mark) in
        [(Ruling::Operator, Authority::Operator, 200), (event(150), Authority::Provider, 150)]
    {
        let next = suspend(&bound_at_100(), ruling, 200).unwrap();
        let suspension = Suspension { by, lifted: false, at: at(mark) };
        assert_eq!(next.suspension, Some(suspension));
        assert_eq!(
            (watermark(&next), next.pending),
            (Some(mark), Some(work(Work::Revoke, 9, 200)))
        );
        assert_eq!(admit(&next, None, EpochSeconds(i64::MAX)), Err(Refusal::Suspended));
        assert_eq!(claimed(&next, None, None, lease(1, 999), at(201)), None);
    }
}

#[test]
fn a_lifted_suspension_lets_in_who_signs_in_again() {
    let banned = suspend(&bound_at_100(), event(150), 200).unwrap();
    let free = unsuspend(&banned, event(160), 200).unwrap();
    assert_eq!(admit(&free, None, EpochSeconds(150)), Err(Refusal::SignInAgain));
    assert_eq!(admit(&free, None, EpochSeconds(151)), Ok(()));
    assert_eq!(free.pending, banned.pending, "the tokens from before must die all the same");
}

#[test]
fn a_late_suspension_event_does_not_ban_whom_a_later_one_has_let_in_and_still_ends_old_sessions() {
    let free = decided(Authority::Provider, true, 180);
    let next = suspend(&free, event(170), 200).unwrap();
    assert!(!next.is_suspended());
    assert_eq!((watermark(&next), next.pending), (Some(170), Some(work(Work::Revoke, 9, 200))));
    assert_eq!(suspend(&next, event(170), 300), None, "once more");
}

#[test]
fn a_late_lifting_event_does_not_let_in_whom_a_later_one_has_banned() {
    let banned = decided(Authority::Provider, false, 180);
    assert_eq!(unsuspend(&banned, event(179), 200), None);
    assert!(!unsuspend(&banned, event(181), 200).unwrap().is_suspended());
}

#[test]
fn of_a_ban_and_its_lifting_at_the_same_instant_the_ban_counts() {
    let banned = decided(Authority::Provider, false, 180);
    assert_eq!(unsuspend(&banned, event(180), 200), None);
    for by in [Authority::Provider, Authority::Operator] {
        let free = decided(by, true, 180);
        assert!(suspend(&free, event(180), 200).unwrap().is_suspended());
    }
}

#[test]
fn the_identity_provider_neither_lifts_nor_takes_over_an_operators_ban() {
    let banned = decided(Authority::Operator, false, 180);
    assert_eq!(unsuspend(&banned, event(190), 200), None);
    let next = suspend(&banned, event(190), 200).unwrap();
    assert_eq!(next.suspension, banned.suspension);
    assert_eq!(watermark(&next), Some(190), "the sessions end all the same");
}

#[test]
fn an_operator_lifts_every_ban_and_bans_whatever_was_lifted() {
    for by in [Authority::Operator, Authority::Provider] {
        let free = unsuspend(&decided(by, false, 180), Ruling::Operator, 200).unwrap();
        assert_eq!(free, decided(Authority::Operator, true, 200));
        let banned = suspend(&decided(by, true, 180), Ruling::Operator, 200).unwrap();
        assert_eq!(banned.suspension, decided(Authority::Operator, false, 200).suspension);
    }
}

#[test]
fn a_ban_by_an_issuer_with_a_fast_clock_does_not_come_back_when_its_event_is_repeated() {
    let banned = suspend(&bound_at_100(), event(260), 200).unwrap();
    let free = unsuspend(&banned, Ruling::Operator, 210).unwrap();
    assert!(!suspend(&free, event(260), 220).is_some_and(|next| next.is_suspended()));
    let banned = suspend(&banned, Ruling::Operator, 210).unwrap();
    assert_eq!(unsuspend(&banned, event(270), 220), None);
}

#[test]
fn an_event_from_far_ahead_does_not_decide_for_good() {
    let banned = suspend(&bound_at_100(), event(99_999), 200).unwrap();
    assert_eq!(banned.suspension.unwrap().at, at(500));
    assert_eq!(watermark(&banned), Some(500));
    assert!(!unsuspend(&banned, event(501), 600).unwrap().is_suspended());
}

#[test]
fn the_same_event_is_no_newer_by_a_fraction_that_the_table_cuts_off() {
    let exact = Ruling::Event(Timestamp::from_nanosecond(150_000_999_999).unwrap());
    let banned = suspend(&bound_at_100(), exact, 200).unwrap();
    assert_eq!(banned.suspension, decided(Authority::Provider, false, 150).suspension);
    assert_eq!(suspend(&banned, exact, 300), None);
}

#[test]
fn a_ban_that_comes_late_ends_the_tokens_of_sessions_that_its_watermark_spares() {
    let record = Record { sign_in_not_before: Some(EpochSeconds(160)), ..bound_at_100() };
    let next = suspend(&record, event(150), 200).unwrap();
    assert_eq!((watermark(&next), next.pending), (Some(160), Some(work(Work::Revoke, 9, 200))));
}

#[test]
fn a_ban_does_not_forget_a_deletion_and_a_deletion_does_not_forget_a_ban() {
    let deletion = delete(&bound_at_100(), Order::Operator, 150).unwrap();
    let banned = suspend(&deletion, Ruling::Operator, 200).unwrap();
    assert_eq!(banned.pending, deletion.pending);
    let gone = concluded(&banned, deletion.pending.unwrap(), &identity("a"), RETENTION, at(210));
    let gone = gone.unwrap();
    assert!(gone.binding.is_none() && gone.is_suspended());
    assert_eq!(gone.expires_at, None, "a ban outlives the identity");
    assert!(delete(&gone, Order::Event(at(205)), 220).unwrap().is_suspended());
}

#[test]
fn a_user_who_was_suspended_and_then_deleted_at_the_provider_leaves_no_row_for_good() {
    let banned = suspend(&bound_at_100(), event(150), 200).unwrap();
    let deletion = delete(&banned, Order::Event(at(160)), 210).unwrap();
    let gone = concluded(&deletion, deletion.pending.unwrap(), &identity("a"), RETENTION, at(220));
    let gone = gone.unwrap();
    assert!(!gone.is_suspended() && gone.expires_at.is_some());
    assert_eq!(watermark(&gone), Some(160), "the watermark keeps the sessions of that life out");
    let late = suspend(&gone, event(150), 300).unwrap_or(gone);
    assert!(!late.is_suspended(), "its older word arrives once more");
    let at_once = delete(&banned, Order::Event(at(150)), 210).unwrap();
    assert!(!at_once.is_suspended(), "both in one second, as a script does");
}

#[test]
fn a_lifting_is_remembered_for_a_user_nobody_knows_as_long_as_any_mark() {
    let free = unsuspend(&Record::default(), event(150), 200).unwrap();
    let end = EpochSeconds::from(at(200).checked_add(RETENTION).unwrap());
    assert_eq!(free.expires_at, Some(end));
    let late = suspend(&free, event(140), 300).unwrap();
    assert!(!late.is_suspended() && late.expires_at.is_some());
    let banned = suspend(&free, event(160), 300).unwrap();
    assert!(banned.is_suspended() && banned.expires_at.is_none(), "a ban has no end");
    let lifted = unsuspend(&banned, Ruling::Operator, 400).unwrap();
    assert!(lifted.expires_at.is_some());
}
