use super::*;

/// An operation that keeps failing is tried ever more rarely, but at least hourly.
#[test]
fn retry_pause_grows_to_an_hour() {
    let fresh = pending(PendingKind::Revoke, 1, 1000);
    assert_eq!(fresh.retry_at, at(1060));
    assert_eq!(fresh.reschedule(at(1061)).retry_at, at(1061 + 61));
    let old = fresh.reschedule(at(1_000_000));
    assert_eq!(old.retry_at, at(1_003_600));
    assert_eq!(old.accepted_at, at(1000), "its age must stay visible");
}

/// A fraction of a second never moves an instant forward, which would spare a stale session.
#[test]
fn epoch_seconds_round_down() {
    let instant = Timestamp::from_millisecond(1999).unwrap();
    assert_eq!(EpochSeconds::from(instant), EpochSeconds(1));
    let before_1970 = Timestamp::from_millisecond(-1).unwrap();
    assert_eq!(EpochSeconds::from(before_1970), EpochSeconds(-1));
}

/// A lease ends at its instant, also a cancelled one: its holder has yet to clean up.
#[test]
fn lease_ends_at_its_instant() {
    assert!(lease(1, 10).is_live(at(9)) && !lease(1, 10).is_live(at(10)));
    assert!(Lease { cancelled: true, ..lease(1, 10) }.is_live(at(9)));
}

/// DynamoDB removes expired rows late, so a tombstone must end by itself.
#[test]
fn tombstone_expires_at_its_second() {
    let record = Record { expires_at: Some(EpochSeconds(10)), ..Record::default() };
    assert!(!record.has_expired(at(9)) && record.has_expired(at(10)));
}
