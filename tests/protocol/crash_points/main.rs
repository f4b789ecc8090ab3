//! Every point at which an operation can fail, one by one.
//!
//! Each operation, in each situation, is carried out once to see which calls of ACS and of the
//! store it makes. Then it is repeated for each of those calls and each fate that the call can have.
//! Operations that hand out tokens are also repeated with each other operation in between, from
//! another process and at each call, and then with each fate at each later call. After that the
//! sweep comes, or the same request again, or another session; all must converge: the invariants of
//! docs/protocol.md hold, and a user who signs in gets a token that lives.

#![expect(clippy::print_stdout, reason = "it reports how many points there are")]

mod fate;
mod ledger;
mod point;
mod request;
mod situation;
mod world;

use std::ops::Range;

use acs_broker_core::Operation;

use crate::point::{Continuation, Fault, Point};
use crate::request::{By, Request};
use crate::situation::{OLD, PRESENT, Situation};

/// Everything that is asked for. The events are later than the sessions, or between them.
const REQUESTS: [Request; 16] = [
    Request::Issue { signed_in: PRESENT },
    Request::Issue { signed_in: OLD },
    Request::Execute(Operation::REVOKE, By::User(PRESENT)),
    Request::Execute(Operation::REVOKE, By::Operator),
    Request::Execute(Operation::REVOKE, By::Event(120)),
    Request::Execute(Operation::REVOKE, By::Event(30)),
    Request::Execute(Operation::Revoke { keep_sessions: true }, By::Operator),
    Request::Execute(Operation::Suspend, By::Operator),
    Request::Execute(Operation::Suspend, By::Event(120)),
    Request::Execute(Operation::Unsuspend, By::Operator),
    Request::Execute(Operation::Delete, By::User(PRESENT)),
    Request::Execute(Operation::Delete, By::Operator),
    Request::Execute(Operation::Delete, By::Event(120)),
    Request::Execute(Operation::Delete, By::Event(30)),
    Request::RevokeAll,
    Request::Sweep,
];

/// What another process does while a token is on its way.
const INTERRUPTIONS: [Request; 8] = [
    Request::IssueFresh,
    Request::Execute(Operation::REVOKE, By::Operator),
    Request::Execute(Operation::Revoke { keep_sessions: true }, By::Operator),
    Request::Execute(Operation::Suspend, By::Operator),
    Request::Execute(Operation::Delete, By::Operator),
    Request::Execute(Operation::Delete, By::Event(30)),
    Request::RevokeAll,
    Request::Sweep,
];

/// Runs every point of one request in one situation, and returns how many there are.
fn enumerate(situation: Situation, request: Request) -> usize {
    let plain = Point { situation, request, interruption: None, fault: None };
    let steps = plain.run(Continuation::Sweep).len();
    let mut points = 1;
    for fault in faults(0..steps) {
        for continuation in Continuation::ALL {
            Point { fault: Some(fault), ..plain }.run(continuation);
            points += 1;
        }
    }
    if request == (Request::Issue { signed_in: PRESENT }) {
        for interruption in INTERRUPTIONS {
            for step in 0..steps {
                points += interrupted(Point { interruption: Some((step, interruption)), ..plain });
            }
        }
    }
    points
}

/// Runs an interrupted request without a fault, and with each fault that comes after the
/// interruption. The continuations take turns.
fn interrupted(point: Point) -> usize {
    let first = point.interruption.map_or(0, |(step, _)| step + 1);
    let steps = point.run(Continuation::Sweep).len();
    let mut points = 1;
    for (fault, continuation) in faults(first..steps).zip(Continuation::ALL.into_iter().cycle()) {
        Point { fault: Some(fault), ..point }.run(continuation);
        points += 1;
    }
    points
}

fn faults(steps: Range<usize>) -> impl Iterator<Item = Fault> {
    steps.flat_map(|step| fate::FATES.map(|fate| Fault { step, fate }))
}

/// Runs every point of a situation. No operation can fail there in a way from which the protocol
/// does not recover.
///
/// `points` is how many there are. A change of the protocol's steps changes it: look whether the new
/// number is what the change should bring, and write it here.
fn assert_converges(situation: Situation, points: usize) {
    let run: usize = REQUESTS.into_iter().map(|request| enumerate(situation, request)).sum();
    println!("{situation:?}: {run} points");
    assert_eq!(run, points, "the number of points has changed");
}

/// For a user of whom nothing is known.
#[test]
fn unknown_user_converges() {
    assert_converges(Situation::Unknown, 1_036);
}

/// For a user with an identity.
#[test]
fn user_with_identity_converges() {
    assert_converges(Situation::Bound, 1_115);
}

/// For a user whose identity the process remembers.
#[test]
fn remembered_user_converges() {
    assert_converges(Situation::Remembered, 977);
}

/// For a user whose older sessions have ended.
#[test]
fn user_who_signed_out_converges() {
    assert_converges(Situation::SignedOut, 1_040);
}

/// For a deleted user.
#[test]
fn deleted_user_converges() {
    assert_converges(Situation::Deleted, 976);
}

/// For a suspended user.
#[test]
fn suspended_user_converges() {
    assert_converges(Situation::Suspended, 744);
}

/// While a revocation is pending.
#[test]
fn pending_revocation_converges() {
    assert_converges(Situation::RevocationPending, 1_509);
}

/// While a deletion is pending.
#[test]
fn pending_deletion_converges() {
    assert_converges(Situation::DeletionPending, 1_940);
}

/// After a creator has died long ago.
#[test]
fn expired_lease_converges() {
    assert_converges(Situation::LeaseExpired, 1_081);
}

/// After a creator has died just now.
#[test]
fn live_lease_converges() {
    assert_converges(Situation::LeaseLive, 5_983);
}

/// After ACS has reported once that the identity does not exist.
#[test]
fn vanished_identity_converges() {
    assert_converges(Situation::Vanished, 2_343);
}

/// After the global cutoff, before its scan.
#[test]
fn global_cutoff_converges() {
    assert_converges(Situation::AllRevoked, 2_261);
}
