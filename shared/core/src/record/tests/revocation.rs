use super::*;

/// A cutoff without a pending revocation would leave tokens alive after a crash.
#[test]
fn cutoff_and_pending_are_one_change() {
    let next = revoke(&bound_at_100(), Initiator::Operator, 200).unwrap();
    assert_eq!(
        (cutoff(&next), next.pending()),
        (Some(200), Some(requested(PendingKind::Revoke, 200)))
    );
    let kept = bound_at_100().revoke(true, &request(Initiator::Operator, 200)).unwrap();
    assert_eq!((cutoff(&kept), kept.pending()), (None, Some(requested(PendingKind::Revoke, 200))));
}

/// A cutoff that moves back would let ended sessions live again.
#[test]
fn cutoff_never_moves_back() {
    let record = with_cutoff(bound_at_100(), 300);
    let operator = Initiator::Operator;
    for next in [revoke(&record, operator, 200), delete(&record, operator, 200)] {
        assert_eq!(cutoff(&next.unwrap()), Some(300));
    }
}

/// A session from an issuer with a fast clock ends by its own revocation.
#[test]
fn fast_issuer_clock_ends_own_session() {
    let next = revoke(&bound_at_100(), user(250), 200).unwrap();
    assert_eq!(cutoff(&next), Some(250));
}

/// A thief with a stale JWT must not sign the owner out again and again.
#[test]
fn ended_session_causes_nothing_new() {
    let record = with_cutoff(bound_at_100(), 150);
    for keep_sessions in [false, true] {
        assert_eq!(record.revoke(keep_sessions, &request(user(150), 200)), None);
    }
    assert_eq!(delete(&record, user(150), 200), None);
}

/// A late event spares the sessions that signed in since, and a repeated one changes nothing.
#[test]
fn late_event_spares_newer_sessions() {
    let next = revoke(&bound_at_100(), event(150), 200).unwrap();
    assert_eq!(cutoff(&next), Some(150));
    assert_eq!(revoke(&next, event(150), 300), None);
    assert_eq!(revoke(&next, event(140), 300), None);
}

/// An event counts by its issuer's clock, within five minutes: one wrong event must not lock a
/// user out for good.
#[test]
fn event_time_is_limited_ahead() {
    for (second, expected) in [(203, 203), (500, 500), (99_999, 500)] {
        let next = revoke(&bound_at_100(), event(second), 200).unwrap();
        assert_eq!(cutoff(&next), Some(expected));
    }
}

/// A pending deletion kills the tokens too, and must not be forgotten for a revocation.
#[test]
fn pending_deletion_stays() {
    let deletion = Some(pending(PendingKind::Delete, 1, 150));
    let next = revoke(&bound(deletion), Initiator::Operator, 200).unwrap();
    assert_eq!((cutoff(&next), next.pending()), (Some(200), deletion));
}

/// A revocation that is asked for again and again must not look young for ever.
#[test]
fn replacement_keeps_the_age() {
    let record = bound(Some(pending(PendingKind::Revoke, 1, 150)));
    let next = revoke(&record, Initiator::Operator, 200).unwrap().pending().unwrap();
    assert_eq!((next.id, next.accepted_at), (id(REQUESTED), at(150)));
}
