use super::super::{SessionRejection, SuspendedBy, Suspension};
use super::*;

const OPERATOR: Initiator = Initiator::Operator;

fn suspend(record: &Record, initiator: Initiator, second: i64) -> Option<Record> {
    record.suspend(&request(initiator, second))
}

fn unsuspend(record: &Record, initiator: Initiator, second: i64) -> Option<Record> {
    record.unsuspend(&request(initiator, second))
}

fn decided(by: SuspendedBy, lifted: bool, second: i64) -> Record {
    let suspension = Some(Suspension { by, lifted, decided_at: at(second) });
    Record { suspension, ..bound_at_100() }
}

/// One write suspends the user, ends the sessions and adds the pending revocation.
#[test]
fn is_one_change_with_the_revocation() {
    for (initiator, by, second) in
        [(OPERATOR, SuspendedBy::Operator, 200), (event(150), SuspendedBy::IdentityProvider, 150)]
    {
        let next = suspend(&bound_at_100(), initiator, 200).unwrap();
        let suspension = Suspension { by, lifted: false, decided_at: at(second) };
        assert_eq!(next.suspension, Some(suspension));
        let expected = (Some(second), Some(requested(PendingKind::Revoke, 200)));
        assert_eq!((cutoff(&next), next.pending()), expected);
        let rejected = Err(SessionRejection::Suspended);
        assert_eq!(next.check_session(None, EpochSeconds(i64::MAX)), rejected);
        assert_eq!(next.claim_lease(None, None, lease(1, 999), at(201)), None);
    }
}

/// After a lifted suspension the user signs in again; the old sessions stay ended.
#[test]
fn lifting_needs_a_new_sign_in() {
    let suspended = suspend(&bound_at_100(), event(150), 200).unwrap();
    let lifted = unsuspend(&suspended, event(160), 200).unwrap();
    let rejected = Err(SessionRejection::SignInAgain);
    assert_eq!(lifted.check_session(None, EpochSeconds(150)), rejected);
    assert_eq!(lifted.check_session(None, EpochSeconds(151)), Ok(()));
    assert_eq!(lifted.pending(), suspended.pending(), "the old tokens must die all the same");
}

/// A suspension event that arrives after a later lifting does not suspend, and still ends the old
/// sessions.
#[test]
fn late_event_keeps_the_lifting() {
    let lifted = decided(SuspendedBy::IdentityProvider, true, 180);
    let next = suspend(&lifted, event(170), 200).unwrap();
    assert!(!next.is_suspended());
    let expected = (Some(170), Some(requested(PendingKind::Revoke, 200)));
    assert_eq!((cutoff(&next), next.pending()), expected);
    assert_eq!(suspend(&next, event(170), 300), None, "once more");
}

/// A lifting event that arrives after a later suspension does not lift it.
#[test]
fn late_lifting_keeps_the_suspension() {
    let suspended = decided(SuspendedBy::IdentityProvider, false, 180);
    assert_eq!(unsuspend(&suspended, event(179), 200), None);
    assert!(!unsuspend(&suspended, event(181), 200).unwrap().is_suspended());
}

/// Of a suspension and its lifting at the same instant the suspension counts.
#[test]
fn suspension_wins_a_tie() {
    let suspended = decided(SuspendedBy::IdentityProvider, false, 180);
    assert_eq!(unsuspend(&suspended, event(180), 200), None);
    for by in [SuspendedBy::IdentityProvider, SuspendedBy::Operator] {
        let lifted = decided(by, true, 180);
        assert!(suspend(&lifted, event(180), 200).unwrap().is_suspended());
    }
}

/// The identity provider neither lifts nor takes over an operator's suspension: an unlock by a
/// routine must not let somebody in whom support has suspended.
#[test]
fn operators_suspension_outweighs_events() {
    let suspended = decided(SuspendedBy::Operator, false, 180);
    assert_eq!(unsuspend(&suspended, event(190), 200), None);
    let next = suspend(&suspended, event(190), 200).unwrap();
    assert_eq!(next.suspension, suspended.suspension);
    assert_eq!(cutoff(&next), Some(190), "the sessions end all the same");
}

/// An operator lifts every suspension, and suspends after every lifting.
#[test]
fn operator_outweighs_everyone() {
    for by in [SuspendedBy::Operator, SuspendedBy::IdentityProvider] {
        let lifted = unsuspend(&decided(by, false, 180), OPERATOR, 200).unwrap();
        assert_eq!(lifted, decided(SuspendedBy::Operator, true, 200));
        let suspended = suspend(&decided(by, true, 180), OPERATOR, 200).unwrap();
        let expected = decided(SuspendedBy::Operator, false, 200).suspension;
        assert_eq!(suspended.suspension, expected);
    }
}

/// A suspension by an issuer with a fast clock does not return when its event is repeated.
#[test]
fn fast_clock_event_does_not_return() {
    let suspended = suspend(&bound_at_100(), event(260), 200).unwrap();
    let lifted = unsuspend(&suspended, OPERATOR, 210).unwrap();
    assert!(!suspend(&lifted, event(260), 220).is_some_and(|next| next.is_suspended()));
    let suspended = suspend(&suspended, OPERATOR, 210).unwrap();
    assert_eq!(unsuspend(&suspended, event(270), 220), None);
}

/// An event from far ahead does not decide for good.
#[test]
fn event_time_is_limited_ahead() {
    let suspended = suspend(&bound_at_100(), event(99_999), 200).unwrap();
    assert_eq!(suspended.suspension.unwrap().decided_at, at(500));
    assert_eq!(cutoff(&suspended), Some(500));
    assert!(!unsuspend(&suspended, event(501), 600).unwrap().is_suspended());
}

/// The same event is not newer by a fraction of a millisecond that the store cuts off.
#[test]
fn repetition_is_not_newer() {
    let occurred_at = Timestamp::from_nanosecond(150_000_999_999).unwrap();
    let exact = Initiator::IdentityProvider { occurred_at };
    let suspended = suspend(&bound_at_100(), exact, 200).unwrap();
    let expected = decided(SuspendedBy::IdentityProvider, false, 150).suspension;
    assert_eq!(suspended.suspension, expected);
    assert_eq!(suspend(&suspended, exact, 300), None);
}

/// A late suspension revokes also the tokens of sessions that its cutoff spares.
#[test]
fn late_suspension_revokes_newer_sessions() {
    let next = suspend(&with_cutoff(bound_at_100(), 160), event(150), 200).unwrap();
    let expected = (Some(160), Some(requested(PendingKind::Revoke, 200)));
    assert_eq!((cutoff(&next), next.pending()), expected);
}

/// A suspension does not forget a deletion, and a deletion does not forget an operator's
/// suspension.
#[test]
fn outlives_the_identity() {
    let deletion = delete(&bound_at_100(), OPERATOR, 150).unwrap();
    let suspended = suspend(&deletion, OPERATOR, 200).unwrap();
    assert_eq!(suspended.pending(), deletion.pending());
    let gone = complete(&suspended, deletion.pending().unwrap(), 210).unwrap();
    assert!(gone.bound().is_none() && gone.is_suspended());
    assert_eq!(gone.expires_at, None, "the suspension outlives the identity");
    assert!(delete(&gone, event(205), 220).unwrap().is_suspended());
}

/// A user who was suspended and then deleted at the provider leaves no row for good.
#[test]
fn deletion_event_lifts_the_providers() {
    let suspended = suspend(&bound_at_100(), event(150), 200).unwrap();
    let deletion = delete(&suspended, event(160), 210).unwrap();
    let gone = complete(&deletion, deletion.pending().unwrap(), 220).unwrap();
    assert!(!gone.is_suspended() && gone.expires_at.is_some());
    assert_eq!(cutoff(&gone), Some(160), "the cutoff keeps the sessions of that life out");
    let late = suspend(&gone, event(150), 300).unwrap_or(gone);
    assert!(!late.is_suspended(), "its older event arrives once more");
    let at_once = delete(&suspended, event(150), 210).unwrap();
    assert!(!at_once.is_suspended(), "both in one second, as a script does");
}

/// A lifting is remembered for an unknown user as long as any row without an identity.
#[test]
fn lifting_is_noted_for_unknown_users() {
    let lifted = unsuspend(&Record::default(), event(150), 200).unwrap();
    assert_eq!(lifted.expires_at, Some(retained_until(200)));
    let late = suspend(&lifted, event(140), 300).unwrap();
    assert!(!late.is_suspended() && late.expires_at.is_some());
    let suspended = suspend(&lifted, event(160), 300).unwrap();
    assert!(suspended.is_suspended() && suspended.expires_at.is_none());
    let lifted = unsuspend(&suspended, OPERATOR, 400).unwrap();
    assert!(lifted.expires_at.is_some());
}
