//! An operator ends the sessions of all users.

use std::sync::atomic::Ordering;
use std::time::Duration;

use acs_broker_core::{BrokerError, EpochSeconds, Initiator, Issued};
use tokio::time::{advance, sleep};

use crate::harness::{
    ATTEMPT_PAUSE, CREATE, Harness, ISSUE, NO_SUCH_IDENTITY, RETENTION, REVOKE, Turn, alice,
    assert_busy,
};

fn assert_ended(outcome: &Result<Issued, BrokerError>) {
    assert!(matches!(outcome, Err(BrokerError::SignInAgain)), "{outcome:?}");
}

/// From the global cutoff on, only a session that signed in later gets a token.
#[tokio::test(start_paused = true)]
async fn only_newer_session_gets_token() {
    let harness = Harness::new();
    harness.issue(&harness.session(5)).await.unwrap();
    assert_eq!(harness.global_cutoff().await, None);
    let mark = harness.revoke_all().await;
    assert_eq!((harness.global_cutoff().await, mark), (Some(mark), harness.now().into()));
    for seconds_ago in [5, 0] {
        assert_ended(&harness.issue(&harness.session(seconds_ago)).await);
    }
    harness.issue(&harness.session(-1)).await.unwrap();
}

/// A global cutoff between the issue and the read keeps the token from the older session.
#[tokio::test(start_paused = true)]
async fn cutoff_after_issue_discards_token() {
    let harness = Harness::new();
    harness.issue(&harness.session(5)).await.unwrap();
    harness.interleave(ISSUE, |harness| async move {
        harness.revoke_all().await;
    });
    assert_ended(&harness.issue(&harness.session(5)).await);
}

/// A global cutoff during a creation keeps the identity and discards the token.
#[tokio::test(start_paused = true)]
async fn cutoff_during_creation_keeps_identity() {
    let harness = Harness::new();
    harness.interleave(CREATE, |harness| async move {
        harness.revoke_all().await;
    });
    assert_ended(&harness.issue(&harness.session(5)).await);
    let record = harness.record(&alice()).await;
    assert_eq!(harness.live_identities(), [record.bound().unwrap().id.clone()]);
    assert_eq!(record.sessions_valid_after, None, "the global cutoff is not the user's own");
}

/// A creation that cannot read the global cutoff returns no token and keeps the identity.
#[tokio::test(start_paused = true)]
async fn unread_cutoff_withholds_token() {
    let harness = Harness::new();
    harness.interleave(CREATE, |harness| async move {
        harness.table.interceptor.fails_snapshots.store(true, Ordering::Relaxed);
    });
    let failed = harness.issue(&harness.session(5)).await;
    assert!(matches!(failed, Err(BrokerError::Store(_))), "{failed:?}");
    harness.table.interceptor.fails_snapshots.store(false, Ordering::Relaxed);
    let issued = harness.issue(&harness.session(5)).await.unwrap();
    assert!(!issued.created());
    assert_eq!(harness.live_identities(), [issued.token.identity]);
}

/// The scan spares the token of a newer session that came before the scan did.
#[tokio::test(start_paused = true)]
async fn scan_spares_newer_token() {
    let harness = Harness::new();
    let old = harness.issue(&harness.session(5)).await.unwrap();
    harness.revoke_all().await;
    advance(Duration::from_secs(1)).await;
    let new = harness.issue(&harness.session(0)).await.unwrap();
    assert!(!harness.is_active(&old), "their own request carried the revocation out");
    harness.scan().await.unwrap();
    assert!(harness.is_active(&new));
}

/// A scan kills the tokens from before its cutoff, and the next scan kills those since.
#[tokio::test(start_paused = true)]
async fn each_scan_kills_older_tokens() {
    let harness = Harness::new();
    let old = harness.issue(&harness.session(5)).await.unwrap();
    harness.revoke_all().await;
    harness.scan().await.unwrap();
    assert!(!harness.is_active(&old));
    advance(Duration::from_secs(1)).await;
    let new = harness.issue(&harness.session(0)).await.unwrap();
    harness.scan().await.unwrap();
    assert!(harness.is_active(&new), "the same walk again kills nothing new");
    harness.revoke_all().await;
    harness.scan().await.unwrap();
    assert!(!harness.is_active(&new));
}

/// A scan that breaks off may start over, although a part of it is written already.
#[tokio::test(start_paused = true)]
async fn interrupted_scan_may_start_over() {
    let harness = Harness::new();
    let old = harness.issue(&harness.session(5)).await.unwrap();
    harness.revoke_all().await;
    harness.on(REVOKE, Turn::Respond(503, ""));
    harness.scan().await.unwrap_err();
    assert!(harness.is_active(&old));
    advance(ATTEMPT_PAUSE).await;
    harness.scan().await.unwrap();
    assert!(!harness.is_active(&old));
}

/// Changes of a record between the cutoff and the scan do not spare its tokens.
#[tokio::test(start_paused = true)]
async fn record_changes_do_not_spare_tokens() {
    let harness = Harness::new();
    let old = harness.issue(&harness.session(5)).await.unwrap();
    harness.revoke_all().await;
    advance(Duration::from_secs(2)).await;
    assert_ended(&harness.issue(&harness.session(7)).await);
    harness.on(ISSUE, NO_SUCH_IDENTITY);
    harness.issue(&harness.session(0)).await.unwrap_err();
    harness.issue(&harness.session(0)).await.unwrap();
    harness.scan().await.unwrap();
    assert!(!harness.is_active(&old));
}

/// The scan covers a creation that began before the cutoff.
#[tokio::test(start_paused = true)]
async fn scan_covers_creation_in_flight() {
    let harness = Harness::new();
    harness.interleave(CREATE, |harness| async move {
        harness.revoke_all().await;
        harness.scan().await.unwrap();
    });
    let started_at = harness.now().into();
    assert_ended(&harness.issue(&harness.session(5)).await);
    assert_eq!(harness.record(&alice()).await.sessions_valid_after, Some(started_at));
}

/// A session that the global cutoff ended neither revokes nor deletes anything newer.
#[tokio::test(start_paused = true)]
async fn ended_session_cannot_act_on_new() {
    let harness = Harness::new();
    harness.issue(&harness.session(5)).await.unwrap();
    harness.revoke_all().await;
    harness.scan().await.unwrap();
    advance(Duration::from_secs(1)).await;
    let new = harness.issue(&harness.session(0)).await.unwrap();
    let stolen = Initiator::User { signed_in: harness.session(1).sign_in };
    harness.revoke(stolen).await.unwrap();
    assert!(matches!(harness.delete(stolen).await, Err(BrokerError::SignInAgain)));
    assert!(harness.is_active(&new));
}

/// A user who signs out before the scan reaches them gets the response only after their tokens are
/// dead.
#[tokio::test(start_paused = true)]
async fn early_sign_out_revokes_before_response() {
    let harness = Harness::new();
    let issued = harness.issue(&harness.session(0)).await.unwrap();
    harness.revoke_all().await;
    let own = Initiator::User { signed_in: harness.session(0).sign_in };
    assert!(matches!(harness.delete(own).await, Err(BrokerError::SignInAgain)));
    assert!(harness.is_active(&issued));
    harness.revoke(own).await.unwrap();
    assert!(!harness.is_active(&issued));
    assert_eq!(harness.live_identities(), [issued.token.identity]);
}

/// A claim in flight at the cutoff does not resurrect a user whose session was told that they are
/// deleted.
#[tokio::test(start_paused = true)]
async fn late_claim_does_not_resurrect() {
    let harness = Harness::new();
    harness.table.interceptor.delay.store(10, Ordering::Relaxed);
    let own = Initiator::User { signed_in: harness.session(0).sign_in };
    let between_reading_and_claiming = async {
        sleep(Duration::from_millis(15)).await;
        harness.table.interceptor.delay.store(0, Ordering::Relaxed);
        harness.revoke_all().await;
        harness.delete(own).await.unwrap();
    };
    let session = harness.session(0);
    let (refused, ()) = tokio::join!(harness.issue(&session), between_reading_and_claiming);
    assert_ended(&refused);
    assert_eq!(harness.live_identities(), []);
}

/// A creation that was claimed before the cutoff, for a session that began after it by a provider's
/// fast clock: the scan would kill its first token a moment later, so the user does not get it.
#[tokio::test(start_paused = true)]
async fn token_of_older_claim_is_discarded() {
    let harness = Harness::new();
    harness.interleave(CREATE, |harness| async move {
        harness.revoke_all().await;
    });
    let ahead = harness.session(-2);
    assert_busy(&harness.issue(&ahead).await);
    let issued = harness.issue(&ahead).await.unwrap();
    harness.scan().await.unwrap();
    assert!(harness.is_active(&issued));
    assert_eq!(harness.live_identities(), [issued.token.identity]);
}

/// The global cutoff only rises, and expires when no older session can be left.
#[tokio::test(start_paused = true)]
async fn global_cutoff_only_rises_then_expires() {
    let harness = Harness::new();
    let first = harness.revoke_all().await;
    assert_eq!(harness.revoke_all().await, first);
    advance(Duration::from_secs(3)).await;
    let EpochSeconds(second) = harness.revoke_all().await;
    assert_eq!(second, first.0 + 3);
    advance(RETENTION).await;
    assert_eq!(harness.global_cutoff().await, None);
    let mark = harness.revoke_all().await;
    assert_eq!(harness.global_cutoff().await, Some(mark));
}
