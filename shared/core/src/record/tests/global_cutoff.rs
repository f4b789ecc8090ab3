use super::super::SessionRejection;
use super::*;

const GLOBAL: Option<EpochSeconds> = Some(EpochSeconds(150));

fn request_under_cutoff(initiator: Initiator) -> OperationRequest {
    OperationRequest { global_cutoff: GLOBAL, ..request(initiator, 200) }
}

/// Of the user's own cutoff and the global one the later counts.
#[test]
fn later_cutoff_counts() {
    let rejected = Err(SessionRejection::SignInAgain);
    let own = |second| with_cutoff(bound_at_100(), second);
    for record in [bound_at_100(), own(140), own(150)] {
        assert_eq!(record.check_session(GLOBAL, EpochSeconds(150)), rejected);
        assert_eq!(record.check_session(GLOBAL, EpochSeconds(151)), Ok(()));
    }
    assert_eq!(own(160).check_session(GLOBAL, EpochSeconds(151)), rejected);
}

/// A session that the global cutoff has ended and that asks for a revocation brings its user's
/// turn forward, once and no more.
#[test]
fn ended_session_brings_turn_forward() {
    for keep_sessions in [false, true] {
        let revoke =
            |record: &Record| record.revoke(keep_sessions, &request_under_cutoff(user(140)));
        let next = revoke(&bound_at_100()).unwrap();
        let expected = (Some(150), Some(requested(PendingKind::Revoke, 200)));
        assert_eq!((cutoff(&next), next.pending()), expected);
        assert_eq!(revoke(&with_cutoff(bound_at_100(), 150)), None);
    }
}

/// A session that the global cutoff has ended deletes nothing.
#[test]
fn ended_session_deletes_nothing() {
    assert_eq!(bound_at_100().delete(&request_under_cutoff(user(150))), None);
    assert!(bound_at_100().delete(&request_under_cutoff(user(151))).is_some());
}

/// A session that the global cutoff has ended does not claim. A new identity needs no revocation.
#[test]
fn claim_takes_the_cutoff_over() {
    let of = |sign_in| Lease { sign_in: EpochSeconds(sign_in), ..lease(1, 20) };
    let claim = |sign_in| Record::default().claim_lease(GLOBAL, None, of(sign_in), at(10));
    assert_eq!(claim(150), None);
    let claimed = claim(151).unwrap();
    assert_eq!((claimed.lease(), cutoff(&claimed)), (Some(&of(151)), Some(150)));
    let bound = claimed.bind(id(1), &identity("a")).unwrap();
    assert_eq!(bound.global_cutoff_to_enforce(GLOBAL), None);
}

/// The global cutoff is still to be enforced for each user with an identity from before it.
#[test]
fn is_enforced_for_older_identities() {
    assert_eq!(bound_at_100().global_cutoff_to_enforce(GLOBAL), GLOBAL);
    assert_eq!(bound_at_100().global_cutoff_to_enforce(None), None);
    let nobody = Record::default();
    assert_eq!(nobody.global_cutoff_to_enforce(GLOBAL), None, "no identity, no token");
    assert_eq!(with_cutoff(bound_at_100(), 150).global_cutoff_to_enforce(GLOBAL), None);
}

/// The scan's revocation at the global cutoff is not mistaken for a repetition.
#[test]
fn scan_is_not_a_repetition() {
    let scan = request_under_cutoff(event(150));
    let next = bound_at_100().revoke(false, &scan).unwrap();
    let expected = (Some(150), Some(requested(PendingKind::Revoke, 200)));
    assert_eq!((cutoff(&next), next.pending()), expected);
    assert_eq!(next.revoke(false, &scan), None);
}

/// A session that the global cutoff has ended is told "deleted" only when an older claim cannot
/// undo it.
#[test]
fn tombstone_stops_an_older_claim() {
    let delete = |record: &Record| record.delete(&request_under_cutoff(user(150)));
    let tombstone = delete(&Record::default()).unwrap();
    assert!(cutoff(&tombstone) == Some(150) && tombstone.expires_at.is_some());
    let from_before = Lease { sign_in: EpochSeconds(150), ..lease(1, 999) };
    assert_eq!(tombstone.claim_lease(None, None, from_before, at(201)), None);
    assert_eq!(delete(&tombstone), None, "once more");
    assert_eq!(delete(&creating(from_before)), None, "it is told that it has ended");
}

/// The global cutoff never moves back, and its row expires like every row without an identity.
#[test]
fn never_moves_back() {
    let first = Record::default().revoke_all(RETENTION, at(200)).unwrap();
    let expected = with_cutoff(Record::default(), 200);
    assert_eq!(first, Record { expires_at: Some(retained_until(200)), ..expected });
    assert_eq!(first.revoke_all(RETENTION, at(190)), None);
    let second = first.revoke_all(RETENTION, at(300)).unwrap();
    assert_eq!(cutoff(&second), Some(300));
    assert!(second.expires_at > first.expires_at);
}
