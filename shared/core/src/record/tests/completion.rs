use super::super::NextStep;
use super::*;

/// The end of an earlier revocation must not clear a later one: tokens minted between them live.
#[test]
fn earlier_revocation_keeps_the_later() {
    let (first, second) =
        (pending(PendingKind::Revoke, 1, 150), pending(PendingKind::Revoke, 2, 160));
    let record = bound(Some(second));
    assert_eq!(complete(&record, first, 200), None);
    assert_eq!(complete(&record, second, 200), Some(bound_at_100()));
}

/// A deleted identity leaves a tombstone that ends.
#[test]
fn deletion_leaves_a_tombstone() {
    let deletion = pending(PendingKind::Delete, 1, 150);
    let record = with_cutoff(bound(Some(deletion)), 150);
    assert_eq!(record.complete(deletion, &identity("b"), RETENTION, at(200)), None);
    let tombstone =
        Record { expires_at: Some(retained_until(200)), ..with_cutoff(Record::default(), 150) };
    assert_eq!(complete(&record, deletion, 200), Some(tombstone));
}

/// A pending operation comes before a token: carried out later, it would kill the token.
#[test]
fn pending_comes_before_a_token() {
    for kind in [PendingKind::Delete, PendingKind::Revoke] {
        let record = bound(Some(pending(kind, 1, 150)));
        assert_eq!(
            record.next_step(None, at(200)),
            NextStep::CompletePending(record.pending().unwrap())
        );
        assert!(!record.is_usable(&identity("a")));
    }
    let step = bound_at_100().next_step(None, at(200));
    assert_eq!(step, NextStep::UseIdentity(identity("a")));
    assert!(bound_at_100().is_usable(&identity("a")));
    assert!(!bound_at_100().is_usable(&identity("b")));
}

/// A sweep reschedules only what it has tried, and not an operation that came since.
#[test]
fn reschedules_only_the_same_operation() {
    let record = bound(Some(pending(PendingKind::Revoke, 2, 150)));
    assert_eq!(record.reschedule(pending(PendingKind::Revoke, 1, 150), at(300)), None);
    let next = record.reschedule(pending(PendingKind::Revoke, 2, 150), at(300)).unwrap();
    assert_eq!(next.pending().unwrap().retry_at, at(450));
}
