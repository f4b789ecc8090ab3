//! Tests of what becomes of a row.

use acs_broker_core::{Lease, SuspendedBy, Suspension};

use super::*;
use crate::testing::{now, second};

fn bound(identity: &str) -> Record {
    let bound = BoundIdentity::new(identity.parse().unwrap(), second(-100).into());
    Record { identity: IdentityState::Bound(bound), ..Record::default() }
}

fn alice() -> Record {
    bound("8:acs:a_alice")
}

fn cut(seconds: i64, record: Record) -> Record {
    Record { sessions_valid_after: Some(second(seconds).into()), ..record }
}

fn suspended(seconds: i64, lifted: bool, record: Record) -> Record {
    let suspension = Suspension { by: SuspendedBy::Operator, lifted, decided_at: second(seconds) };
    Record { suspension: Some(suspension), ..record }
}

fn id() -> UniqueId {
    UniqueId::from_bits(9)
}

fn rules(on_conflict: OnConflict) -> Rules {
    Rules { on_conflict, force: false }
}

fn outcome(here: &Record, there: &Record, on_conflict: OnConflict) -> Decision {
    decide(here, there, rules(on_conflict), id(), now())
}

fn updated(here: &Record, there: &Record, rules: Rules) -> Record {
    match decide(here, there, rules, id(), now()) {
        Decision::Update { record, replaced: None } => record,
        other => panic!("{other:?}"),
    }
}

const ALL: [OnConflict; 3] = [OnConflict::Fail, OnConflict::Keep, OnConflict::Newer];

/// A user whom the table does not know is created, and the second time nothing changes.
#[test]
fn second_import_changes_nothing() {
    for there in [alice(), cut(-5, Record::default()), suspended(-5, false, alice())] {
        for on_conflict in ALL {
            let created = outcome(&Record::default(), &there, on_conflict);
            assert_eq!(created, Decision::Create(there.clone()));
            assert_eq!(outcome(&there, &there, on_conflict), Decision::Equal);
        }
    }
}

/// What passes by itself is no difference: a revocation that the sweep has completed, an expiry.
#[test]
fn passing_states_are_equal() {
    let pending = |kind| {
        let bound = alice().bound().unwrap().clone();
        let pending = Some(PendingOperation::accept(kind, id(), now()));
        Record { identity: IdentityState::Bound(BoundIdentity { pending, ..bound }), ..alice() }
    };
    assert!(is_same(&alice(), &pending(PendingKind::Revoke)));
    assert!(!is_same(&alice(), &pending(PendingKind::Delete)));
    let tombstone = |expires_at| Record { expires_at, ..cut(-5, Record::default()) };
    assert!(is_same(&tombstone(None), &tombstone(Some(EpochSeconds(i64::MAX)))));
    let expired = tombstone(Some(EpochSeconds(1)));
    assert_eq!(outcome(&Record::default(), &expired, OnConflict::Fail), Decision::Equal);
}

/// Where the two differ, the operator decides, and nothing happens unless they do.
#[test]
fn difference_is_a_conflict_by_default() {
    let (here, there) = (alice(), cut(-5, alice()));
    assert_eq!(outcome(&here, &there, OnConflict::Fail), Decision::Conflict(DIFFERS));
    assert_eq!(outcome(&here, &there, OnConflict::Keep), Decision::Kept);
    assert_eq!(outcome(&there, &here, OnConflict::Newer), Decision::Kept, "the table is newer");
}

/// A cutoff that the file raises ends the tokens that the sessions before it hold.
#[test]
fn newer_cutoff_revokes_the_tokens() {
    let record = updated(&alice(), &cut(-5, alice()), rules(OnConflict::Newer));
    assert_eq!(record.sessions_valid_after, Some(second(-5).into()));
    assert_eq!(record.pending().unwrap().kind, PendingKind::Revoke);
    let record = updated(&alice(), &suspended(-5, false, alice()), rules(OnConflict::Newer));
    assert!(record.is_suspended());
    assert_eq!(record.pending().unwrap().kind, PendingKind::Revoke);
}

/// A file never lowers a cutoff and never lifts a suspension, unless the operator says so.
#[test]
fn ban_and_cutoff_stay_without_force() {
    let here = cut(-10, suspended(-10, false, alice()));
    let there = cut(-20, suspended(-5, true, alice()));
    let record = updated(&here, &there, rules(OnConflict::Newer));
    assert!(record.is_suspended());
    assert_eq!(record.sessions_valid_after, here.sessions_valid_after);
    let force = Rules { on_conflict: OnConflict::Fail, force: true };
    let record = updated(&here, &there, force);
    assert!(!record.is_suspended());
    assert_eq!(record.sessions_valid_after, there.sessions_valid_after);
}

/// A user's identity is not replaced, so that nobody loses their chats; if it is, it is deleted.
#[test]
fn identity_is_replaced_only_by_force() {
    let (here, there) = (alice(), cut(-5, bound("8:acs:a_other")));
    let force = Rules { on_conflict: OnConflict::Fail, force: true };
    for (there, why) in [(&there, OTHER_IDENTITY), (&cut(-5, Record::default()), NO_IDENTITY)] {
        for on_conflict in [OnConflict::Fail, OnConflict::Newer] {
            assert_eq!(outcome(&here, there, on_conflict), Decision::Conflict(why));
        }
        let Decision::Update { replaced, .. } = decide(&here, there, force, id(), now()) else {
            panic!("not replaced")
        };
        assert_eq!(replaced.unwrap().as_ref(), "8:acs:a_alice", "it is deleted");
    }
}

/// A deletion that is accepted is carried out, whatever a file says.
#[test]
fn pending_deletion_is_not_forgotten() {
    let bound = alice().bound().unwrap().clone();
    let pending = Some(PendingOperation::accept(PendingKind::Delete, id(), second(-50)));
    let here =
        Record { identity: IdentityState::Bound(BoundIdentity { pending, ..bound }), ..alice() };
    let force = Rules { on_conflict: OnConflict::Fail, force: true };
    let record = updated(&here, &cut(-5, alice()), force);
    assert_eq!(record.pending().unwrap().kind, PendingKind::Delete);
}

/// A user whose identity is being created is left alone, even by force.
#[test]
fn creation_under_way_is_a_conflict() {
    let lease = Lease { id: id(), expires_at: now(), sign_in: EpochSeconds(0), cancelled: false };
    let here = Record { identity: IdentityState::Creating(lease), ..Record::default() };
    for force in [false, true] {
        let rules = Rules { on_conflict: OnConflict::Newer, force };
        let decision = decide(&here, &alice(), rules, id(), now());
        assert_eq!(decision, Decision::Conflict(BEING_CREATED));
    }
}
