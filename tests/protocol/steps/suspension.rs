//! What a ban takes away, and who gets it back when.

use std::time::Duration;

use acs_broker_core::{BrokerError, Initiator, Issued, PendingKind, SweepReport};
use tokio::time::advance;

use crate::harness::{CREATE, DELETE, Harness, ISSUE, REVOKE, Turn, alice};

fn assert_suspended(outcome: &Result<Issued, BrokerError>) {
    assert!(matches!(outcome, Err(BrokerError::UserSuspended)), "{outcome:?}");
}

fn event(harness: &Harness, seconds_ago: u64) -> Initiator {
    Initiator::IdentityProvider {
        occurred_at: harness.now().checked_sub(Duration::from_secs(seconds_ago)).unwrap(),
    }
}

/// A suspended user gets no token whenever they signed in, and the tokens they had are dead.
#[tokio::test(start_paused = true)]
async fn suspended_user_gets_no_token() {
    for initiator in [event, |_: &Harness, _| Initiator::Operator] {
        let harness = Harness::new();
        let issued = harness.issue(&harness.session(5)).await.unwrap();
        harness.suspend(initiator(&harness, 1)).await.unwrap();
        assert!(!harness.is_active(&issued));
        assert_eq!(harness.record(&alice()).await.pending(), None);
        for seconds_ago in [5, 0, -60] {
            assert_suspended(&harness.issue(&harness.session(seconds_ago)).await);
        }
    }
}

/// A suspension between the issue and the read keeps the token from the user.
#[tokio::test(start_paused = true)]
async fn suspension_after_issue_discards_token() {
    let harness = Harness::new();
    harness.issue(&harness.session(0)).await.unwrap();
    let at = event(&harness, 9);
    harness.interleave(ISSUE, move |harness| async move { harness.suspend(at).await.unwrap() });
    assert_suspended(&harness.issue(&harness.session(0)).await);
}

/// A suspension during a creation keeps the identity and discards the token.
#[tokio::test(start_paused = true)]
async fn suspension_during_creation_keeps_identity() {
    let harness = Harness::new();
    let at = event(&harness, 9);
    harness.interleave(CREATE, move |harness| async move { harness.suspend(at).await.unwrap() });
    assert_suspended(&harness.issue(&harness.session(0)).await);
    let bound = harness.record(&alice()).await.bound().unwrap().id.clone();
    assert_eq!(harness.live_identities(), [bound]);
}

/// A suspension that ACS fails is stored, and the sweep completes its revocation.
#[tokio::test(start_paused = true)]
async fn failed_revocation_is_swept() {
    let harness = Harness::new();
    let issued = harness.issue(&harness.session(0)).await.unwrap();
    harness.on(REVOKE, Turn::Respond(503, ""));
    harness.suspend(Initiator::Operator).await.unwrap_err();
    assert_suspended(&harness.issue(&harness.session(0)).await);
    assert_eq!(harness.record(&alice()).await.pending().unwrap().kind, PendingKind::Revoke);
    advance(Duration::from_secs(61)).await;
    assert_eq!(harness.sweep().await, SweepReport { revoked: 1, ..SweepReport::default() });
    assert!(!harness.is_active(&issued));
}

/// A suspension that arrives late kills the token of a session that began after it.
#[tokio::test(start_paused = true)]
async fn late_event_kills_newer_token() {
    let harness = Harness::new();
    harness.issue(&harness.session(20)).await.unwrap();
    advance(Duration::from_secs(1)).await;
    harness.suspend(event(&harness, 5)).await.unwrap();
    harness.unsuspend(event(&harness, 4)).await;
    let issued = harness.issue(&harness.session(1)).await.unwrap();
    harness.suspend(event(&harness, 3)).await.unwrap();
    assert!(!harness.is_active(&issued));
    assert_suspended(&harness.issue(&harness.session(1)).await);
}

/// An unsuspended user gets a token after a new sign-in, and both events may be repeated.
#[tokio::test(start_paused = true)]
async fn unsuspended_user_signs_in_again() {
    let harness = Harness::new();
    harness.issue(&harness.session(5)).await.unwrap();
    let (banned, lifted) = (event(&harness, 3), event(&harness, 2));
    harness.suspend(banned).await.unwrap();
    harness.unsuspend(lifted).await;
    let refused = harness.issue(&harness.session(3)).await;
    assert!(matches!(refused, Err(BrokerError::SignInAgain)), "{refused:?}");
    let issued = harness.issue(&harness.session(1)).await.unwrap();
    harness.suspend(banned).await.unwrap();
    harness.unsuspend(lifted).await;
    assert!(harness.is_active(&issued), "neither event is news");
    harness.issue(&harness.session(1)).await.unwrap();
}

/// A session that begins during a suspension gets its token once the suspension is lifted: it began
/// after the cutoff. Sessions from before stay ended.
#[tokio::test(start_paused = true)]
async fn session_begun_meanwhile_works_afterwards() {
    let harness = Harness::new();
    harness.issue(&harness.session(5)).await.unwrap();
    let old = harness.session(5);
    harness.suspend(Initiator::Operator).await.unwrap();
    advance(Duration::from_secs(10)).await;
    let meanwhile = harness.session(5);
    assert_suspended(&harness.issue(&meanwhile).await);
    harness.unsuspend(Initiator::Operator).await;
    assert!(harness.is_active(&harness.issue(&meanwhile).await.unwrap()));
    let refused = harness.issue(&old).await;
    assert!(matches!(refused, Err(BrokerError::SignInAgain)), "{refused:?}");
}

/// A suspension that arrives after its unsuspension does not shut out a user without a record.
#[tokio::test(start_paused = true)]
async fn late_event_spares_unsuspended_user() {
    let harness = Harness::new();
    harness.unsuspend(event(&harness, 2)).await;
    harness.suspend(event(&harness, 3)).await.unwrap();
    assert!(harness.issue(&harness.session(0)).await.unwrap().created());
}

/// A suspension by an operator outlasts each event of the identity provider and the deletion of the
/// user.
#[tokio::test(start_paused = true)]
async fn operator_suspension_outlasts_events() {
    let harness = Harness::new();
    harness.issue(&harness.session(5)).await.unwrap();
    harness.suspend(Initiator::Operator).await.unwrap();
    advance(Duration::from_secs(5)).await;
    harness.suspend(event(&harness, 2)).await.unwrap();
    harness.unsuspend(event(&harness, 1)).await;
    assert_suspended(&harness.issue(&harness.session(0)).await);
    harness.delete(Initiator::Operator).await.unwrap();
    advance(Duration::from_hours(5000)).await;
    assert_suspended(&harness.issue(&harness.session(0)).await);
    harness.unsuspend(Initiator::Operator).await;
    assert!(harness.issue(&harness.session(0)).await.unwrap().created());
}

/// A suspension while a deletion is pending completes the deletion.
#[tokio::test(start_paused = true)]
async fn suspension_completes_pending_deletion() {
    let harness = Harness::new();
    harness.issue(&harness.session(5)).await.unwrap();
    harness.on(DELETE, Turn::Respond(503, ""));
    harness.delete(Initiator::Operator).await.unwrap_err();
    harness.suspend(Initiator::Operator).await.unwrap();
    assert_eq!(harness.live_identities(), []);
    assert!(harness.record(&alice()).await.is_suspended());
}
