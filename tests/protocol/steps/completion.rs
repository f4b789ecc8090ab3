//! Revocations, deletions and the sweep that finishes them.

use std::time::Duration;

use acs_broker_core::{BrokerError, Initiator, PendingKind, SweepReport};
use tokio::time::advance;

use crate::harness::{
    ATTEMPT_PAUSE, DELETE, Harness, ISSUE, NO_SUCH_IDENTITY, NOT_OWNED, REVOKE, Turn, alice,
};

/// A revocation that ACS fails is stored, and the sweep completes it.
#[tokio::test(start_paused = true)]
async fn failed_revocation_is_swept() {
    let harness = Harness::new();
    let issued = harness.issue(&harness.session(0)).await.unwrap();
    harness.on(REVOKE, Turn::Respond(503, ""));
    harness.revoke(Initiator::User { signed_in: harness.session(0).sign_in }).await.unwrap_err();
    let refused = harness.issue(&harness.session(0)).await;
    assert!(matches!(refused, Err(BrokerError::SignInAgain)), "the session has ended already");
    assert!(harness.is_active(&issued));
    advance(Duration::from_secs(59)).await;
    assert_eq!(harness.sweep().await, SweepReport::default(), "the request may still be at it");
    advance(Duration::from_secs(2)).await;
    assert_eq!(harness.sweep().await, SweepReport { revoked: 1, ..SweepReport::default() });
    assert!(!harness.is_active(&issued));
    assert_eq!(harness.record(&alice()).await.pending(), None);
}

/// A repeated revocation completes the first one.
#[tokio::test(start_paused = true)]
async fn repeated_revocation_completes_first() {
    let harness = Harness::new();
    let issued = harness.issue(&harness.session(0)).await.unwrap();
    let own = Initiator::User { signed_in: harness.session(0).sign_in };
    harness.on(REVOKE, Turn::ReplyLost);
    harness.revoke(own).await.unwrap_err();
    assert_eq!(harness.record(&alice()).await.pending().unwrap().kind, PendingKind::Revoke);
    advance(ATTEMPT_PAUSE).await;
    harness.revoke(own).await.unwrap();
    assert_eq!(harness.record(&alice()).await.pending(), None);
    assert!(!harness.is_active(&issued));
}

/// A revocation stays pending when ACS reports the identity missing once.
#[tokio::test(start_paused = true)]
async fn single_404_keeps_revocation_pending() {
    let harness = Harness::new();
    let issued = harness.issue(&harness.session(0)).await.unwrap();
    harness.on(REVOKE, NO_SUCH_IDENTITY);
    harness.revoke(Initiator::Operator).await.unwrap();
    advance(Duration::from_secs(61)).await;
    assert_eq!(harness.sweep().await, SweepReport { revoked: 1, ..SweepReport::default() });
    assert!(!harness.is_active(&issued));
}

/// ACS has told an earlier request by mistake that the identity does not exist. A revocation that
/// then fails for another reason is not acknowledged by that report: the tokens live.
#[tokio::test(start_paused = true)]
async fn report_of_another_request_acknowledges_nothing() {
    let harness = Harness::new();
    let issued = harness.issue(&harness.session(0)).await.unwrap();
    let own = Initiator::User { signed_in: harness.session(0).sign_in };
    harness.on(ISSUE, NO_SUCH_IDENTITY);
    harness.issue(&harness.session(0)).await.unwrap_err();
    harness.on(REVOKE, Turn::Respond(503, ""));
    harness.revoke(own).await.unwrap_err();
    advance(Duration::from_secs(1)).await;
    let paused = harness.revoke(own).await;
    assert!(matches!(paused, Err(BrokerError::Paused { .. })), "{paused:?}");
    assert!(harness.is_active(&issued));
}

/// A deletion of an identity that was deleted elsewhere does not stay pending for ever.
#[tokio::test(start_paused = true)]
async fn foreign_deletion_ends_pending_deletion() {
    let harness = Harness::new();
    harness.issue(&harness.session(5)).await.unwrap();
    for _ in 0..2 {
        harness.on(DELETE, NO_SUCH_IDENTITY);
    }
    harness.delete(Initiator::Operator).await.unwrap();
    assert!(harness.record(&alice()).await.pending().is_some(), "once is not enough");
    advance(Duration::from_secs(61)).await;
    assert_eq!(harness.sweep().await, SweepReport { deleted: 1, ..SweepReport::default() });
    assert_eq!(harness.record(&alice()).await.bound(), None);
}

/// A revocation that overtakes another is not cleared by it.
#[tokio::test(start_paused = true)]
async fn earlier_revocation_keeps_later_pending() {
    let harness = Harness::new();
    harness.issue(&harness.session(0)).await.unwrap();
    harness.interleave(REVOKE, |harness| async move {
        harness.on(REVOKE, Turn::Respond(503, ""));
        harness.revoke(Initiator::Operator).await.unwrap_err();
    });
    harness.revoke(Initiator::Operator).await.unwrap();
    assert!(harness.record(&alice()).await.pending().is_some(), "the second one is not done");
}

/// A pending operation that cannot be completed does not hold up the rest.
#[tokio::test(start_paused = true)]
async fn failing_operation_is_rescheduled() {
    let harness = Harness::new();
    harness.issue(&harness.session(0)).await.unwrap();
    harness.on(REVOKE, NOT_OWNED);
    harness.revoke(Initiator::Operator).await.unwrap_err();
    advance(Duration::from_secs(61)).await;
    harness.on(REVOKE, NOT_OWNED);
    assert_eq!(harness.sweep().await, SweepReport { rescheduled: 1, ..SweepReport::default() });
    assert_eq!(harness.sweep().await, SweepReport::default(), "it waits for its next turn");
    advance(Duration::from_secs(62)).await;
    assert_eq!(harness.sweep().await, SweepReport { revoked: 1, ..SweepReport::default() });
}

/// A sweep that is throttled leaves the rest for the next one.
#[tokio::test(start_paused = true)]
async fn throttled_sweep_stops_early() {
    let harness = Harness::new();
    harness.issue(&harness.session(0)).await.unwrap();
    harness.on(REVOKE, Turn::Respond(429, ""));
    harness.revoke(Initiator::Operator).await.unwrap_err();
    advance(Duration::from_secs(61)).await;
    harness.on(REVOKE, Turn::Respond(429, ""));
    assert_eq!(
        harness.sweep().await,
        SweepReport { rescheduled: 1, unfinished: true, ..SweepReport::default() }
    );
}

/// A sweep that begins while ACS comes back asks a second later, and completes what is due. It does
/// not put an operation off by an hour that nobody has tried.
#[tokio::test(start_paused = true)]
async fn sweep_waits_for_end_of_outage() {
    let harness = Harness::new();
    let issued = harness.issue(&harness.session(0)).await.unwrap();
    for _ in 0..7 {
        harness.on(REVOKE, Turn::Respond(503, ""));
        harness.revoke(Initiator::Operator).await.unwrap_err();
    }
    advance(Duration::from_secs(61)).await;
    harness.on(REVOKE, Turn::Respond(503, ""));
    harness.issue(&harness.session(0)).await.unwrap_err();
    assert!(harness.is_active(&issued));
    assert_eq!(harness.sweep().await, SweepReport { revoked: 1, ..SweepReport::default() });
    assert!(!harness.is_active(&issued));
}

/// An old session does not resurrect a deleted user; a fresh one gets a new identity.
#[tokio::test(start_paused = true)]
async fn old_session_does_not_resurrect() {
    let harness = Harness::new();
    let first = harness.issue(&harness.session(5)).await.unwrap();
    harness.delete(Initiator::User { signed_in: harness.session(5).sign_in }).await.unwrap();
    harness.delete(Initiator::User { signed_in: harness.session(5).sign_in }).await.unwrap();
    for seconds_ago in [5, 0] {
        let refused = harness.issue(&harness.session(seconds_ago)).await;
        assert!(matches!(refused, Err(BrokerError::SignInAgain)), "{refused:?}");
    }
    advance(Duration::from_secs(1)).await;
    let second = harness.issue(&harness.session(0)).await.unwrap();
    assert_ne!(second.token.identity, first.token.identity);
    assert_eq!(harness.live_identities(), [second.token.identity]);
}

/// A session that ended itself cannot delete the user, and the outcome says so.
#[tokio::test(start_paused = true)]
async fn signed_out_session_cannot_delete() {
    let harness = Harness::new();
    let issued = harness.issue(&harness.session(0)).await.unwrap();
    let own = Initiator::User { signed_in: harness.session(0).sign_in };
    harness.revoke(own).await.unwrap();
    assert!(matches!(harness.delete(own).await, Err(BrokerError::SignInAgain)));
    assert_eq!(harness.live_identities(), [issued.token.identity]);
    harness.delete(Initiator::Operator).await.unwrap();
    harness.delete(own).await.expect("it is done, by whomever");
}
