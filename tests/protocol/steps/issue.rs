//! What a session gets, and when it gets nothing.

use std::sync::atomic::Ordering;
use std::time::Duration;

use acs_broker_core::{BrokerError, BrokerEvent, Initiator, SweepReport};
use identity_client::Timestamp;
use tokio::time::{Instant, advance};

use crate::harness::{
    ATTEMPT_PAUSE, CREATE, DELETE, Harness, ISSUE, NO_SUCH_IDENTITY, NOT_OWNED, REVOKE, Turn, alice,
};

/// A renewal in a warm function costs one call to ACS and one to the store.
#[tokio::test(start_paused = true)]
async fn warm_renewal_costs_two_calls() {
    let harness = Harness::new();
    let first = harness.issue(&harness.session(0)).await.unwrap();
    assert!(first.created());
    let calls = harness.table.interceptor.calls.swap(0, Ordering::Relaxed);
    assert_eq!(calls, 4, "read, claim, and at once bind and read the global cutoff");
    let renewed = harness.issue(&harness.session(0)).await.unwrap();
    assert_eq!(harness.table.interceptor.calls.load(Ordering::Relaxed), 1);
    assert_eq!(renewed.token.identity, first.token.identity);
    let issued: u64 = harness.emulator.identities().iter().map(|one| one.tokens_issued).sum();
    assert_eq!(issued, 2);
}

/// A revocation between the issue and the read keeps the token from the older session.
#[tokio::test(start_paused = true)]
async fn revocation_after_issue_discards_token() {
    let harness = Harness::new();
    harness.issue(&harness.session(5)).await.unwrap();
    harness.interleave(ISSUE, |harness| async move {
        harness.revoke(Initiator::Operator).await.unwrap();
    });
    let refused = harness.issue(&harness.session(5)).await;
    assert!(matches!(refused, Err(BrokerError::SignInAgain)), "{refused:?}");
    assert_eq!(harness.events().last(), Some(&BrokerEvent::TokenDiscarded));
}

/// A token waits for as few responses of the store as possible.
#[tokio::test(start_paused = true)]
async fn token_waits_for_fewest_store_calls() {
    let harness = Harness::new();
    harness.table.interceptor.delay.store(10, Ordering::Relaxed);
    for (millis, what) in [(30, "read, claim, bind"), (10, "read")] {
        let started = Instant::now();
        harness.issue(&harness.session(0)).await.unwrap();
        assert_eq!(started.elapsed(), Duration::from_millis(millis), "{what}");
    }
}

/// A session newer than a late deletion gets a token of a new identity, not of the one being
/// deleted.
#[tokio::test(start_paused = true)]
async fn newer_session_gets_new_identity() {
    let harness = Harness::new();
    let old = harness.issue(&harness.session(20)).await.unwrap();
    let deleted_at = Initiator::IdentityProvider {
        occurred_at: harness.now().checked_sub(Duration::from_secs(10)).unwrap(),
    };
    harness.interleave(ISSUE, move |harness| async move {
        harness.on(DELETE, Turn::Respond(503, ""));
        harness.delete(deleted_at).await.unwrap_err();
    });
    let paused = harness.issue(&harness.session(1)).await.unwrap_err();
    assert!(matches!(paused, BrokerError::Paused { .. }), "{paused:?}");
    advance(ATTEMPT_PAUSE).await;
    let new = harness.issue(&harness.session(1)).await.unwrap();
    assert_ne!(new.token.identity, old.token.identity);
    assert!(harness.is_active(&new) && !harness.is_active(&old));
    assert_eq!(harness.live_identities(), std::slice::from_ref(&new.token.identity));
}

/// A minute of false 404s from ACS does not cost a user their identity.
#[tokio::test(start_paused = true)]
async fn minute_of_false_404s_keeps_identity() {
    let harness = Harness::new();
    let first = harness.issue(&harness.session(0)).await.unwrap();
    for _ in 0..14 {
        harness.on(ISSUE, NO_SUCH_IDENTITY);
        let failed = harness.issue(&harness.session(0)).await;
        assert!(matches!(failed, Err(BrokerError::Acs(_))), "{failed:?}");
        advance(Duration::from_secs(4)).await;
    }
    let again = harness.issue(&harness.session(0)).await.unwrap();
    assert_eq!(again.token.identity, first.token.identity);
    let record = harness.record(&alice()).await;
    assert_eq!(record.bound().unwrap().not_found_since, None, "the report is cleared");
    advance(Duration::from_secs(61)).await;
    harness.on(ISSUE, NO_SUCH_IDENTITY);
    harness.issue(&harness.session(0)).await.unwrap_err();
    assert_eq!(harness.live_identities(), [first.token.identity]);
}

/// An identity that ACS reports missing for a minute is deleted for certain and replaced.
#[tokio::test(start_paused = true)]
async fn confirmed_missing_identity_is_replaced() {
    let harness = Harness::new();
    let first = harness.issue(&harness.session(0)).await.unwrap();
    harness.on(ISSUE, NO_SUCH_IDENTITY);
    harness.issue(&harness.session(0)).await.unwrap_err();
    advance(Duration::from_mins(1)).await;
    harness.on(ISSUE, NO_SUCH_IDENTITY);
    let second = harness.issue(&harness.session(0)).await.unwrap();
    assert_eq!(harness.live_identities(), std::slice::from_ref(&second.token.identity));
    assert!(!harness.is_active(&first), "no later revocation would reach it");
    assert!(harness.events().contains(&BrokerEvent::IdentityReplaced));
}

/// A token that is over already is never handed out: a refresher would ask again at once, without
/// end.
#[tokio::test(start_paused = true)]
async fn expired_token_is_never_handed_out() {
    let harness = Harness::new();
    harness.on(CREATE, Turn::Edit(|body| body["accessToken"]["expiresOn"] = OVER.into()));
    let failed = harness.issue(&harness.session(0)).await;
    assert!(matches!(failed, Err(BrokerError::TokenExpired { .. })), "{failed:?}");
    harness.on(ISSUE, Turn::Edit(|body| body["expiresOn"] = OVER.into()));
    let failed = harness.issue(&harness.session(0)).await;
    assert!(matches!(failed, Err(BrokerError::TokenExpired { .. })), "{failed:?}");
    harness.issue(&harness.session(0)).await.unwrap();
}

/// The second before the harness's midnight.
const OVER: &str = "2026-11-22T23:59:59+00:00";

/// An identity of another resource is never replaced.
#[tokio::test(start_paused = true)]
async fn foreign_identity_is_never_replaced() {
    let harness = Harness::new();
    let first = harness.issue(&harness.session(0)).await.unwrap();
    for _ in 0..3 {
        advance(Duration::from_mins(1)).await;
        harness.on(ISSUE, NOT_OWNED);
        let failed = harness.issue(&harness.session(0)).await;
        let Err(BrokerError::Acs(error)) = failed else { panic!("{failed:?}") };
        assert!(error.is_not_owned());
    }
    let bound = harness.record(&alice()).await.bound().unwrap().id.clone();
    assert_eq!(bound, first.token.identity);
}

/// A fresh session gets its token although a revocation was pending, which is completed first.
#[tokio::test(start_paused = true)]
async fn pending_revocation_completes_before_issue() {
    let harness = Harness::new();
    let old = harness.issue(&harness.session(5)).await.unwrap();
    harness.on(REVOKE, Turn::Respond(503, ""));
    harness.revoke(Initiator::User { signed_in: harness.session(5).sign_in }).await.unwrap_err();
    advance(ATTEMPT_PAUSE).await;
    let new = harness.issue(&harness.session(0)).await.unwrap();
    harness.revoke(Initiator::User { signed_in: harness.session(10).sign_in }).await.unwrap();
    advance(Duration::from_secs(61)).await;
    assert_eq!(harness.sweep().await, SweepReport::default());
    assert!(harness.is_active(&new) && !harness.is_active(&old));
}

/// A warm function learns that another process deleted the user.
#[tokio::test(start_paused = true)]
async fn warm_function_sees_foreign_deletion() {
    let harness = Harness::new();
    harness.issue(&harness.session(5)).await.unwrap();
    let deleted_at: Timestamp = harness.now().checked_sub(Duration::from_secs(3)).unwrap();
    harness.delete(Initiator::IdentityProvider { occurred_at: deleted_at }).await.unwrap();
    let new = harness.issue(&harness.session(1)).await.unwrap();
    assert!(new.created() && harness.is_active(&new));
}
