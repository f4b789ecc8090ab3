//! How an identity comes to its user, and what becomes of it when something comes between.

use std::sync::Arc;
use std::time::Duration;

use acs_broker_core::{BrokerError, BrokerEvent, Initiator, RecordKey, SweepReport};
use acs_broker_store_dynamodb::testing::Fault;
use serde_json::Value;
use tokio::time::advance;

use crate::harness::{CREATE, DELETE, Harness, ISSUE, Turn, alice, assert_busy};

/// A request has died between ACS's work and its answer.
async fn after_the_death_of_a_creator() -> Arc<Harness> {
    let harness = Harness::new();
    harness.interleave(CREATE, |_| std::future::pending());
    let dying = Arc::clone(&harness);
    let dies = tokio::spawn(async move { dying.issue(&dying.session(0)).await });
    while harness.live_identities().is_empty() {
        tokio::task::yield_now().await;
    }
    dies.abort();
    harness
}

/// A deletion during a creation leaves no identity behind.
#[tokio::test(start_paused = true)]
async fn concurrent_deletion_leaves_no_identity() {
    let harness = Harness::new();
    harness.interleave(CREATE, |harness| async move {
        harness.delete(Initiator::Operator).await.unwrap();
    });
    assert_busy(&harness.issue(&harness.session(0)).await);
    assert_eq!(harness.live_identities(), []);
    let record = harness.record(&alice()).await;
    assert_eq!((record.bound(), record.lease(), record.unconfirmed_identities), (None, None, 0));
    let refused = harness.issue(&harness.session(0)).await;
    assert!(matches!(refused, Err(BrokerError::SignInAgain)), "{refused:?}");
}

/// A revocation during a creation keeps the identity and discards the token.
#[tokio::test(start_paused = true)]
async fn concurrent_revocation_discards_the_token() {
    let harness = Harness::new();
    harness.interleave(CREATE, |harness| async move {
        harness.revoke(Initiator::Operator).await.unwrap();
    });
    let refused = harness.issue(&harness.session(0)).await;
    assert!(matches!(refused, Err(BrokerError::SignInAgain)), "{refused:?}");
    let bound = harness.record(&alice()).await.bound().unwrap().id.clone();
    assert_eq!(harness.live_identities(), [bound]);
}

/// A binding write counts even if its response is lost.
#[tokio::test(start_paused = true)]
async fn binding_with_lost_response_counts() {
    let harness = Harness::new();
    harness.interleave(CREATE, |harness| async move {
        harness.table.rows.fail_next([Fault::ReplyLost]);
    });
    let issued = harness.issue(&harness.session(0)).await.unwrap();
    assert!(harness.is_active(&issued));
    let bound = harness.record(&alice()).await.bound().unwrap().id.clone();
    assert_eq!(bound, issued.token.identity);
}

/// The ways in which a creation's response lacks a usable token.
fn without_token() -> [Turn; 3] {
    [
        Turn::Edit(|created| drop(created.as_object_mut().unwrap().remove("accessToken"))),
        Turn::Edit(|created| created["accessToken"] = Value::Null),
        // An expiry without a time zone cannot be read.
        Turn::Edit(|created| created["accessToken"]["expiresOn"] = "2026-11-27T13:39:53".into()),
    ]
}

/// An identity that comes without a usable token is bound, and is issued a token.
#[tokio::test(start_paused = true)]
async fn missing_first_token_is_issued() {
    for turn in without_token() {
        let harness = Harness::new();
        harness.on(CREATE, turn);
        let issued = harness.issue(&harness.session(0)).await.unwrap();
        assert!(issued.created() && harness.is_active(&issued));
        assert_eq!(harness.events(), [BrokerEvent::IdentityCreated]);
        let record = harness.record(&alice()).await;
        assert_eq!(record.bound().unwrap().id, issued.token.identity);
        assert_eq!((record.lease(), record.unconfirmed_identities), (None, 0));
        assert_eq!(harness.live_identities(), [issued.token.identity]);
    }
}

/// An identity without a token stays bound when ACS issues no other token either.
#[tokio::test(start_paused = true)]
async fn identity_without_token_stays_bound() {
    for turn in without_token() {
        let harness = Harness::new();
        harness.on(CREATE, turn);
        harness.on(ISSUE, Turn::Respond(503, ""));
        let failed = harness.issue(&harness.session(0)).await;
        assert!(matches!(failed, Err(BrokerError::Acs(_))), "{failed:?}");
        let record = harness.record(&alice()).await;
        assert_eq!((record.lease(), record.unconfirmed_identities), (None, 0));
        let issued = harness.issue(&harness.session(0)).await.unwrap();
        assert!(!issued.created() && harness.is_active(&issued));
        assert_eq!(harness.live_identities(), [issued.token.identity]);
    }
}

/// An identity that cannot be bound is deleted again.
#[tokio::test(start_paused = true)]
async fn unbindable_identity_is_deleted() {
    let harness = Harness::new();
    harness.interleave(
        CREATE,
        |harness| async move { harness.table.rows.fail_next([Fault::Lost; 3]) },
    );
    assert_busy(&harness.issue(&harness.session(0)).await);
    assert_eq!(harness.live_identities(), []);
    assert!(harness.events().contains(&BrokerEvent::IdentityDiscarded));
    let record = harness.record(&alice()).await;
    assert_eq!(
        (record.lease(), record.unconfirmed_identities),
        (None, 0),
        "the next request need not wait"
    );
}

/// An identity that can be neither bound nor deleted is journaled as an orphan and swept.
#[tokio::test(start_paused = true)]
async fn orphan_is_journaled_and_swept() {
    let harness = Harness::new();
    harness.interleave(CREATE, |harness| async move {
        harness.on(DELETE, Turn::Respond(503, ""));
        harness.delete(Initiator::Operator).await.unwrap();
    });
    assert_busy(&harness.issue(&harness.session(0)).await);
    assert!(harness.events().contains(&BrokerEvent::OrphanJournaled));
    let [orphan] = harness.live_identities().try_into().expect("one orphan");
    advance(Duration::from_secs(61)).await;
    assert_eq!(harness.sweep().await, SweepReport { deleted: 1, ..SweepReport::default() });
    assert_eq!(harness.live_identities(), []);
    let orphan = harness.record(&RecordKey::Orphan(orphan)).await;
    assert!(orphan.bound().is_none() && orphan.expires_at.is_some());
}

/// An identity that cannot be journaled either is named to the operator and counted.
#[tokio::test(start_paused = true)]
async fn unjournaled_identity_is_reported_and_counted() {
    let harness = Harness::new();
    harness.interleave(CREATE, |harness| async move {
        harness.on(DELETE, Turn::Respond(503, ""));
        harness.table.rows.fail_next([Fault::Lost; 5]);
    });
    let failed = harness.issue(&harness.session(0)).await;
    assert!(matches!(failed, Err(BrokerError::Store(_))), "{failed:?}");
    let [lost] = harness.live_identities().try_into().expect("one identity");
    assert!(harness.events().contains(&BrokerEvent::IdentityLost(lost)));
    advance(Duration::from_secs(13)).await;
    assert_eq!(harness.sweep().await, SweepReport { leases_expired: 1, ..SweepReport::default() });
    assert_eq!(harness.record(&alice()).await.unconfirmed_identities, 1);
}

/// An identity that is bound although the store fell silent is neither deleted nor journaled.
#[tokio::test(start_paused = true)]
async fn silent_store_keeps_bound_identity() {
    let harness = Harness::new();
    harness.interleave(CREATE, |harness| async move {
        harness.table.rows.fail_next([Fault::ReplyLost, Fault::Lost, Fault::Lost, Fault::Lost]);
    });
    let issued = harness.issue(&harness.session(0)).await.unwrap();
    assert!(harness.is_active(&issued));
    assert_eq!(harness.live_identities(), [issued.token.identity]);
}

/// A creation whose response is lost is counted and not repeated.
#[tokio::test(start_paused = true)]
async fn lost_response_is_counted() {
    let harness = Harness::new();
    harness.on(CREATE, Turn::ReplyLost);
    let failed = harness.issue(&harness.session(0)).await;
    assert!(matches!(failed, Err(BrokerError::Paused { .. })), "{failed:?}");
    assert_eq!(harness.live_identities().len(), 1);
    assert_eq!(harness.events(), [BrokerEvent::IdentityUnconfirmed]);
    let record = harness.record(&alice()).await;
    assert_eq!((record.unconfirmed_identities, record.lease()), (1, None));
    advance(Duration::from_secs(1)).await;
    assert!(harness.issue(&harness.session(0)).await.unwrap().created());
}

/// A creation that ACS refuses costs nothing, and the next request need not wait.
#[tokio::test(start_paused = true)]
async fn refused_creation_releases_its_lease() {
    let harness = Harness::new();
    harness.on(CREATE, Turn::Respond(429, ""));
    harness.issue(&harness.session(0)).await.unwrap_err();
    let record = harness.record(&alice()).await;
    assert_eq!((record.unconfirmed_identities, record.lease()), (0, None));
    assert!(harness.issue(&harness.session(0)).await.unwrap().created());
}

/// A request waits for a creator that died, then takes its lease over and counts its identity.
#[tokio::test(start_paused = true)]
async fn dead_creator_is_taken_over() {
    let harness = after_the_death_of_a_creator().await;
    assert_busy(&harness.issue(&harness.session(0)).await);
    advance(Duration::from_secs(12)).await;
    assert!(harness.issue(&harness.session(0)).await.unwrap().created());
    assert_eq!(harness.record(&alice()).await.unconfirmed_identities, 1);
    assert!(harness.events().contains(&BrokerEvent::IdentityUnconfirmed));
}

/// The sweep counts the identity of a creator that died and whose user does not return.
#[tokio::test(start_paused = true)]
async fn sweep_counts_dead_creator() {
    let harness = after_the_death_of_a_creator().await;
    assert_eq!(harness.sweep().await, SweepReport::default(), "its lease is still live");
    advance(Duration::from_secs(13)).await;
    assert_eq!(harness.sweep().await, SweepReport { leases_expired: 1, ..SweepReport::default() });
    let record = harness.record(&alice()).await;
    assert_eq!((record.unconfirmed_identities, record.lease()), (1, None));
}

/// A deletion event ends the creation for an older session, although the cutoff is already past the
/// event.
#[tokio::test(start_paused = true)]
async fn old_deletion_event_cancels_lease() {
    let harness = Harness::new();
    let deleted_at = harness.now().checked_sub(Duration::from_secs(5)).unwrap();
    harness.interleave(CREATE, move |harness| async move {
        harness.revoke(Initiator::Operator).await.unwrap();
        harness.delete(Initiator::IdentityProvider { occurred_at: deleted_at }).await.unwrap();
    });
    harness.issue(&harness.session(9)).await.unwrap_err();
    assert_eq!(harness.live_identities(), []);
}
