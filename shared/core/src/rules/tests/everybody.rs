use super::*;

const EVERYBODY: Option<EpochSeconds> = Some(EpochSeconds(150));

#[test]
fn of_the_users_own_watermark_and_everybodys_the_later_one_counts() {
    let own = |second| Record { sign_in_not_before: Some(EpochSeconds(second)), ..bound_at_100() };
    for record in [bound_at_100(), own(140), own(150)] {
        assert_eq!(admit(&record, EVERYBODY, EpochSeconds(150)), Err(Refusal::SignInAgain));
        assert_eq!(admit(&record, EVERYBODY, EpochSeconds(151)), Ok(()));
    }
    assert_eq!(admit(&own(160), EVERYBODY, EpochSeconds(151)), Err(Refusal::SignInAgain));
}

#[test]
fn a_session_that_ended_with_everybodys_brings_its_users_turn_forward_once_and_no_more() {
    let stolen = Order::Session(EpochSeconds(140));
    let pending = work(Work::Revoke, 9, 200);
    for sessions in [Sessions::End, Sessions::Keep] {
        let revoke =
            |record: &Record| revoked(record, EVERYBODY, stolen, sessions, pending, RETENTION);
        let next = revoke(&bound_at_100()).unwrap();
        assert_eq!((watermark(&next), next.pending), (Some(150), Some(pending)));
        assert_eq!(revoke(&Record { pending: None, ..next }), None);
    }
}

#[test]
fn a_session_that_ended_with_everybodys_deletes_nothing() {
    let stolen = Order::Session(EpochSeconds(150));
    let deletion = work(Work::Delete, 9, 200);
    assert_eq!(deleted(&bound_at_100(), EVERYBODY, stolen, deletion, RETENTION), None);
    let fresh = Order::Session(EpochSeconds(151));
    assert!(deleted(&bound_at_100(), EVERYBODY, fresh, deletion, RETENTION).is_some());
}

#[test]
fn a_session_that_ended_with_everybodys_does_not_claim_and_a_new_identity_needs_no_revocation() {
    let of = |sign_in| Lease { sign_in: EpochSeconds(sign_in), ..lease(1, 20) };
    let claim = |sign_in| claimed(&Record::default(), EVERYBODY, None, of(sign_in), at(10));
    assert_eq!(claim(150), None);
    let claimed = claim(151).unwrap();
    assert_eq!((claimed.lease, watermark(&claimed)), (Some(of(151)), Some(150)));
    let owner = claimed.lease.unwrap().owner;
    let bound = bound(&claimed, owner, &identity("a")).unwrap();
    assert_eq!(not_carried_out(&bound, EVERYBODY), None);
}

#[test]
fn everybodys_watermark_waits_to_be_carried_out_for_whoever_has_an_identity_from_before() {
    assert_eq!(not_carried_out(&bound_at_100(), EVERYBODY), EVERYBODY);
    assert_eq!(not_carried_out(&bound_at_100(), None), None);
    assert_eq!(not_carried_out(&Record::default(), EVERYBODY), None, "no identity, no token");
    let revoked = Record { sign_in_not_before: EVERYBODY, ..bound_at_100() };
    assert_eq!(not_carried_out(&revoked, EVERYBODY), None);
}

#[test]
fn a_users_own_revocation_at_everybodys_watermark_is_no_old_news() {
    let order = Order::Event(at(150));
    let pending = work(Work::Revoke, 9, 200);
    let next = revoked(&bound_at_100(), EVERYBODY, order, Sessions::End, pending, RETENTION);
    let next = next.unwrap();
    assert_eq!((watermark(&next), next.pending), (Some(150), Some(pending)));
    assert_eq!(revoked(&next, EVERYBODY, order, Sessions::End, pending, RETENTION), None);
}

#[test]
fn a_session_that_ended_with_everybodys_is_not_told_of_a_deletion_that_an_older_claim_undoes() {
    let stolen = Order::Session(EpochSeconds(150));
    let deletion = work(Work::Delete, 9, 200);
    let delete = |record: &Record| deleted(record, EVERYBODY, stolen, deletion, RETENTION);
    let tombstone = delete(&Record::default()).unwrap();
    assert!(watermark(&tombstone) == Some(150) && tombstone.expires_at.is_some());
    let from_before = Lease { sign_in: EpochSeconds(150), ..lease(1, 999) };
    assert_eq!(claimed(&tombstone, None, None, from_before, at(201)), None);
    assert_eq!(delete(&tombstone), None, "once more");
    let creating = Record { lease: Some(from_before), ..Record::default() };
    assert_eq!(delete(&creating), None, "it is told that it has ended");
}

#[test]
fn everybodys_watermark_never_moves_back_and_ends_like_every_mark() {
    let first = everybody_revoked(&Record::default(), RETENTION, at(200)).unwrap();
    let end = EpochSeconds::from(at(200).checked_add(RETENTION).unwrap());
    let mark = Record {
        sign_in_not_before: Some(EpochSeconds(200)),
        expires_at: Some(end),
        ..Record::default()
    };
    assert_eq!(first, mark);
    assert_eq!(everybody_revoked(&first, RETENTION, at(190)), None);
    let second = everybody_revoked(&first, RETENTION, at(300)).unwrap();
    assert_eq!(watermark(&second), Some(300));
    assert!(second.expires_at > first.expires_at);
}
