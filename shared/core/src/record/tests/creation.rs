use super::super::NextStep;
use super::*;

/// A deletion that was written a moment ago stops an old session's claim. Otherwise a deleted
/// user gets a new identity.
#[test]
fn fresh_tombstone_stops_the_claim() {
    let tombstone = with_cutoff(Record::default(), 100);
    let of = |sign_in| Lease { sign_in: EpochSeconds(sign_in), ..lease(1, 20) };
    assert_eq!(tombstone.claim_lease(None, None, of(100), at(10)), None);
    let claimed = tombstone.claim_lease(None, None, of(101), at(10)).unwrap();
    assert_eq!(claimed.lease(), Some(&of(101)));
}

/// Two requests that both create would leave one identity that nobody has.
#[test]
fn live_lease_excludes_a_second() {
    let claim = |held| creating(held).claim_lease(None, None, lease(2, 40), at(20)).is_some();
    assert!(!claim(lease(1, 21)));
    assert!(claim(lease(1, 20)));
    let cancelled = Lease { cancelled: true, ..lease(1, 21) };
    assert!(!claim(cancelled), "its holder has yet to clean up");
}

/// Only the identity that ACS has confirmed missing gives way to a new one.
#[test]
fn only_missing_identity_gives_way() {
    let noted = bound_at_100().note_not_found(&identity("a"), at(10)).unwrap();
    let claim = |missing: &IdentityId| noted.claim_lease(None, Some(missing), lease(1, 90), at(70));
    assert_eq!(claim(&identity("b")), None);
    assert!(claim(&identity("a")).unwrap().bound().is_none());
}

/// Another request has just had a token for the identity, so it exists. To give it up all the same
/// would cost the user the conversations.
#[test]
fn cleared_report_keeps_the_identity() {
    let a = identity("a");
    let noted = bound_at_100().note_not_found(&a, at(10)).unwrap();
    let cleared = noted.clear_not_found(&a).unwrap();
    assert_eq!(cleared.claim_lease(None, Some(&a), lease(1, 90), at(70)), None);
    assert_eq!(cleared.next_step(Some(&a), at(70)), NextStep::UseIdentity(a));
}

/// Only the holder of the lease binds, and only while no deletion has cancelled it.
#[test]
fn only_the_uncancelled_holder_binds() {
    let bind = |record: Record| record.bind(id(1), &identity("a"));
    let late = bind(creating(lease(1, 0)));
    assert_eq!(late, Some(bound_at_100()), "late, but nobody else came");
    assert_eq!(bind(creating(lease(2, 99))), None);
    assert_eq!(bind(creating(Lease { cancelled: true, ..lease(1, 99) })), None);
    assert_eq!(bind(Record::default()), None);
}

/// A write that is still on its way must not bind an identity that its request has given up.
#[test]
fn cancelled_lease_binds_nothing() {
    let record = creating(lease(1, 20));
    assert_eq!(record.cancel_lease(id(2)), None);
    assert_eq!(record.cancel_lease(id(1)).unwrap().bind(id(1), &identity("a")), None);
}

/// A claim keeps the row; a released lease lets it expire again.
#[test]
fn claim_removes_the_expiry() {
    let record = Record { expires_at: Some(EpochSeconds(500)), ..Record::default() };
    let claimed = record.claim_lease(None, None, lease(1, 20), at(10)).unwrap();
    assert_eq!(claimed.expires_at, None);
    let released = claimed.release_lease(id(1), false, RETENTION, at(10)).unwrap();
    assert!(released.lease().is_none() && released.expires_at.is_some());
    assert_eq!(claimed.release_lease(id(2), false, RETENTION, at(10)), None);
}

/// A sweep that ends a live lease would let two requests create at once.
#[test]
fn sweep_ends_only_expired_leases() {
    let record = creating(lease(1, 20));
    assert_eq!(record.expire_lease(RETENTION, at(19)), None);
    assert_eq!(record.expire_lease(RETENTION, at(20)).unwrap().lease(), None);
}

/// A lease that ends without a reported outcome is counted in the same write, or a crash between
/// two writes hides an identity.
#[test]
fn unreported_outcome_is_counted_at_once() {
    let record = Record { unconfirmed_identities: 4, ..creating(lease(1, 20)) };
    let taken_over = record.claim_lease(None, None, lease(2, 40), at(20)).unwrap();
    assert_eq!(taken_over.unconfirmed_identities, 5);
    assert_eq!(record.expire_lease(RETENTION, at(20)).unwrap().unconfirmed_identities, 5);
    let released = |lost| record.release_lease(id(1), lost, RETENTION, at(10)).unwrap();
    let counts = [true, false].map(|lost| released(lost).unconfirmed_identities);
    assert_eq!(counts, [5, 4]);
    assert_eq!(record.bind(id(1), &identity("a")).unwrap().unconfirmed_identities, 4);
}
