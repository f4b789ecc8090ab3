use super::*;

/// The identity stays known until ACS has deleted it, and a creation in flight cannot bind.
#[test]
fn keeps_identity_and_cancels_lease() {
    let next = delete(&bound_at_100(), Initiator::Operator, 200).unwrap();
    assert!(next.is_bound_to(&identity("a")));
    assert_eq!(next.pending(), Some(requested(PendingKind::Delete, 200)));
    let next = delete(&creating(lease(1, 999)), Initiator::Operator, 200).unwrap();
    assert_eq!(next.lease(), Some(&Lease { cancelled: true, ..lease(1, 999) }));
}

/// A repeated deletion leaves the first one's pending operation in place.
#[test]
fn repetition_keeps_the_first() {
    let next = delete(&bound_at_100(), Initiator::Operator, 200).unwrap();
    assert_eq!(delete(&next, Initiator::Operator, 200), None);
    let by_event = delete(&next, event(150), 300).unwrap();
    assert_eq!(by_event.pending(), next.pending());
    assert_eq!(delete(&by_event, event(150), 400), None);
}

/// A deletion event of a former life ends the sessions of that life and deletes nothing.
#[test]
fn former_life_is_only_revoked() {
    let next = delete(&bound_at_100(), event(99), 200).unwrap();
    assert_eq!(cutoff(&next), Some(99));
    assert!(next.is_bound_to(&identity("a")));
    let expected = Some(requested(PendingKind::Revoke, 200));
    assert_eq!(next.pending(), expected, "its sessions may hold tokens");
    assert_eq!(delete(&next, event(99), 300), None);
}

/// An identity that a deleted user's old session created is deleted when the event arrives.
#[test]
fn event_deletes_old_sessions_identity() {
    let next = delete(&bound_at_100(), event(100), 200).unwrap();
    assert_eq!(next.pending(), Some(requested(PendingKind::Delete, 200)));
}

/// A deletion event cancels a lease of its own life and spares that of a newer one.
#[test]
fn event_spares_newer_lease() {
    let record = with_cutoff(creating(lease(1, 999)), 150);
    let spared = delete(&record, event(99), 200).unwrap();
    assert_eq!((spared.lease(), cutoff(&spared)), (record.lease(), Some(150)));
    let next = delete(&record, event(100), 200).unwrap();
    assert!(next.lease().unwrap().cancelled);
    assert_eq!(delete(&next, event(99), 200), None, "cancelled it stays");
}
