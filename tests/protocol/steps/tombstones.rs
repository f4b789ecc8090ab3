//! The record of a deleted user ends, and the sessions that it refused stay refused.

use std::time::Duration;

use acs_broker_core::{BrokerError, Initiator, Session};
use tokio::time::advance;

use crate::harness::{Harness, RETENTION};

async fn assert_refused(harness: &Harness, session: &Session) {
    let refused = harness.issue(session).await;
    assert!(matches!(refused, Err(BrokerError::SignInAgain)), "{refused:?}");
    let own = Initiator::User { signed_in: session.sign_in };
    for refused in [harness.revoke(own).await, harness.delete(own).await] {
        assert!(matches!(refused, Err(BrokerError::SignInAgain)), "{refused:?}");
    }
}

/// A session from before a deletion creates nobody again once the tombstone has expired.
#[tokio::test(start_paused = true)]
async fn expired_tombstone_revives_no_session() {
    let harness = Harness::new();
    let old = harness.session(5);
    harness.issue(&old).await.unwrap();
    harness.delete(Initiator::Operator).await.unwrap();
    advance(RETENTION).await;
    assert_refused(&harness, &old).await;
    assert_eq!(harness.live_identities(), []);
    harness.issue(&harness.session(0)).await.unwrap();
}

/// The same of a session whose issuer has the fastest clock that is let pass.
#[tokio::test(start_paused = true)]
async fn session_of_fast_clock_is_not_revived() {
    let harness = Harness::new();
    let ahead = harness.session(-300);
    harness.issue(&ahead).await.unwrap();
    harness.delete(Initiator::User { signed_in: ahead.sign_in }).await.unwrap();
    advance(RETENTION).await;
    assert_refused(&harness, &ahead).await;
    assert_eq!(harness.live_identities(), []);
}

/// A session of which a record may still speak is as good as any other.
#[tokio::test(start_paused = true)]
async fn long_session_gets_tokens() {
    let harness = Harness::new();
    let session = harness.session(0);
    let last = RETENTION.checked_sub(Duration::from_secs(301)).unwrap();
    advance(last).await;
    harness.issue(&session).await.unwrap();
    advance(Duration::from_secs(1)).await;
    assert_refused(&harness, &session).await;
}
