//! How an identity comes to its user, and what becomes of it when something comes between.

use std::sync::Arc;
use std::time::Duration;

use acs_broker_core::{Happening, IssueError, Order, Swept, WorkError};
use acs_broker_store_dynamodb::{Fault, RecordKey};
use tokio::time::advance;

use crate::stage::{CREATE, DELETE, Stage, Turn, alice, assert_busy};

/// A request has died between ACS's work and its answer.
async fn after_the_death_of_a_creator() -> Arc<Stage> {
    let stage = Stage::new();
    stage.meanwhile(CREATE, |_| std::future::pending());
    let dying = Arc::clone(&stage);
    let dies = tokio::spawn(async move { dying.issue(&dying.session(0)).await });
    while stage.live_identities().is_empty() {
        tokio::task::yield_now().await;
    }
    dies.abort();
    stage
}

#[tokio::test(start_paused = true)]
async fn a_deletion_during_a_creation_leaves_no_identity_behind() {
    let stage = Stage::new();
    stage.meanwhile(CREATE, |stage| async move {
        stage.delete(Order::Operator).await.unwrap();
    });
    assert_busy(&stage.issue(&stage.session(0)).await);
    assert_eq!(stage.live_identities(), []);
    let record = stage.record(&alice()).await;
    assert_eq!((record.binding, record.lease, record.possibly_lost), (None, None, 0));
    let refused = stage.issue(&stage.session(0)).await;
    assert!(matches!(refused, Err(IssueError::SignInAgain)), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn a_revocation_during_a_creation_keeps_the_identity_and_drops_the_token() {
    let stage = Stage::new();
    stage.meanwhile(CREATE, |stage| async move { stage.revoke(Order::Operator).await.unwrap() });
    let refused = stage.issue(&stage.session(0)).await;
    assert!(matches!(refused, Err(IssueError::SignInAgain)), "{refused:?}");
    let bound = stage.record(&alice()).await.binding.unwrap().identity;
    assert_eq!(stage.live_identities(), [bound]);
}

#[tokio::test(start_paused = true)]
async fn a_binding_whose_answer_is_lost_is_a_binding() {
    let stage = Stage::new();
    stage.meanwhile(CREATE, |stage| async move { stage.table.rows.fail_next([Fault::AnswerLost]) });
    let issued = stage.issue(&stage.session(0)).await.unwrap();
    assert!(stage.is_active(&issued));
    let bound = stage.record(&alice()).await.binding.unwrap().identity;
    assert_eq!(bound, issued.token.identity);
}

#[tokio::test(start_paused = true)]
async fn an_identity_that_cannot_be_bound_is_deleted_again() {
    let stage = Stage::new();
    stage.meanwhile(CREATE, |stage| async move { stage.table.rows.fail_next([Fault::Lost; 3]) });
    assert_busy(&stage.issue(&stage.session(0)).await);
    assert_eq!(stage.live_identities(), []);
    assert!(stage.happened().contains(&Happening::IdentityDiscarded));
    let record = stage.record(&alice()).await;
    assert_eq!((record.lease, record.possibly_lost), (None, 0), "the next request need not wait");
}

#[tokio::test(start_paused = true)]
async fn an_identity_that_can_be_neither_bound_nor_deleted_is_journaled_and_swept() {
    let stage = Stage::new();
    stage.meanwhile(CREATE, |stage| async move {
        stage.on(DELETE, Turn::Answers(503, ""));
        stage.delete(Order::Operator).await.unwrap();
    });
    assert_busy(&stage.issue(&stage.session(0)).await);
    assert!(stage.happened().contains(&Happening::OrphanJournaled));
    let [orphan] = stage.live_identities().try_into().expect("one orphan");
    advance(Duration::from_secs(61)).await;
    assert_eq!(stage.sweep().await, Swept { deleted: 1, ..Swept::default() });
    assert_eq!(stage.live_identities(), []);
    let orphan = stage.record(&RecordKey::Orphan(orphan)).await;
    assert!(orphan.binding.is_none() && orphan.expires_at.is_some());
}

#[tokio::test(start_paused = true)]
async fn an_identity_that_nobody_can_write_down_is_named_to_the_operator_and_counted() {
    let stage = Stage::new();
    stage.meanwhile(CREATE, |stage| async move {
        stage.on(DELETE, Turn::Answers(503, ""));
        stage.table.rows.fail_next([Fault::Lost; 5]);
    });
    let failed = stage.issue(&stage.session(0)).await;
    assert!(matches!(failed, Err(IssueError::Work(WorkError::Table(_)))), "{failed:?}");
    let [lost] = stage.live_identities().try_into().expect("one identity");
    assert!(stage.happened().contains(&Happening::IdentityLost(lost)));
    advance(Duration::from_secs(13)).await;
    assert_eq!(stage.sweep().await, Swept { leases_ended: 1, ..Swept::default() });
    assert_eq!(stage.record(&alice()).await.possibly_lost, 1);
}

#[tokio::test(start_paused = true)]
async fn an_identity_that_is_bound_though_the_table_fell_silent_is_neither_deleted_nor_journaled() {
    let stage = Stage::new();
    stage.meanwhile(CREATE, |stage| async move {
        stage.table.rows.fail_next([Fault::AnswerLost, Fault::Lost, Fault::Lost, Fault::Lost]);
    });
    let issued = stage.issue(&stage.session(0)).await.unwrap();
    assert!(stage.is_active(&issued));
    assert_eq!(stage.live_identities(), [issued.token.identity]);
}

#[tokio::test(start_paused = true)]
async fn a_creation_whose_answer_is_lost_is_counted_and_not_repeated() {
    let stage = Stage::new();
    stage.on(CREATE, Turn::AnswerLost);
    let failed = stage.issue(&stage.session(0)).await;
    assert!(matches!(failed, Err(IssueError::Work(WorkError::Acs(_)))), "{failed:?}");
    assert_eq!(stage.live_identities().len(), 1);
    assert_eq!(stage.happened(), [Happening::IdentityPossiblyLost]);
    let record = stage.record(&alice()).await;
    assert_eq!((record.possibly_lost, record.lease), (1, None));
    assert!(stage.issue(&stage.session(0)).await.unwrap().created);
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_acs_refuses_costs_nothing_and_the_next_request_need_not_wait() {
    let stage = Stage::new();
    stage.on(CREATE, Turn::Answers(429, ""));
    stage.issue(&stage.session(0)).await.unwrap_err();
    let record = stage.record(&alice()).await;
    assert_eq!((record.possibly_lost, record.lease), (0, None));
    assert!(stage.issue(&stage.session(0)).await.unwrap().created);
}

#[tokio::test(start_paused = true)]
async fn a_creator_that_dies_is_waited_for_taken_over_and_counted() {
    let stage = after_the_death_of_a_creator().await;
    assert_busy(&stage.issue(&stage.session(0)).await);
    advance(Duration::from_secs(12)).await;
    assert!(stage.issue(&stage.session(0)).await.unwrap().created);
    assert_eq!(stage.record(&alice()).await.possibly_lost, 1);
    assert!(stage.happened().contains(&Happening::IdentityPossiblyLost));
}

#[tokio::test(start_paused = true)]
async fn a_creator_that_dies_and_whose_user_never_comes_back_is_counted_by_the_sweep() {
    let stage = after_the_death_of_a_creator().await;
    assert_eq!(stage.sweep().await, Swept::default(), "its lease is still live");
    advance(Duration::from_secs(13)).await;
    assert_eq!(stage.sweep().await, Swept { leases_ended: 1, ..Swept::default() });
    let record = stage.record(&alice()).await;
    assert_eq!((record.possibly_lost, record.lease), (1, None));
}

#[tokio::test(start_paused = true)]
async fn a_deletion_event_ends_a_creation_for_an_old_session_though_the_watermark_is_past_it() {
    let stage = Stage::new();
    let deleted_at = stage.now().checked_sub(Duration::from_secs(5)).unwrap();
    stage.meanwhile(CREATE, move |stage| async move {
        stage.revoke(Order::Operator).await.unwrap();
        stage.delete(Order::Event(deleted_at)).await.unwrap();
    });
    stage.issue(&stage.session(9)).await.unwrap_err();
    assert_eq!(stage.live_identities(), []);
}
