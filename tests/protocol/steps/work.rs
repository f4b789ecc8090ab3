//! Revocations, deletions and the sweep that finishes them.

use std::time::Duration;

use acs_broker_core::{Deletion, IssueError, Order, Swept};
use acs_broker_store_dynamodb::Work;
use tokio::time::advance;

use crate::stage::{DELETE, NO_SUCH_IDENTITY, NOT_OWNED, REVOKE, Stage, Turn, alice};

#[tokio::test(start_paused = true)]
async fn a_revocation_that_acs_does_not_carry_out_is_written_down_and_swept() {
    let stage = Stage::new();
    let issued = stage.issue(&stage.session(0)).await.unwrap();
    stage.on(REVOKE, Turn::Answers(503, ""));
    stage.revoke(Order::Session(stage.session(0).sign_in)).await.unwrap_err();
    let refused = stage.issue(&stage.session(0)).await;
    assert!(matches!(refused, Err(IssueError::SignInAgain)), "the session has ended already");
    assert!(stage.is_active(&issued));
    advance(Duration::from_secs(59)).await;
    assert_eq!(stage.sweep().await, Swept::default(), "the request may still be at it");
    advance(Duration::from_secs(2)).await;
    assert_eq!(stage.sweep().await, Swept { revoked: 1, ..Swept::default() });
    assert!(!stage.is_active(&issued));
    assert_eq!(stage.record(&alice()).await.pending, None);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_revocation_finishes_the_first_one() {
    let stage = Stage::new();
    let issued = stage.issue(&stage.session(0)).await.unwrap();
    let own = Order::Session(stage.session(0).sign_in);
    stage.on(REVOKE, Turn::AnswerLost);
    stage.revoke(own).await.unwrap_err();
    assert_eq!(stage.record(&alice()).await.pending.unwrap().work, Work::Revoke);
    stage.revoke(own).await.unwrap();
    assert_eq!(stage.record(&alice()).await.pending, None);
    assert!(!stage.is_active(&issued));
}

#[tokio::test(start_paused = true)]
async fn a_revocation_is_not_struck_off_because_acs_denies_the_identity_once() {
    let stage = Stage::new();
    let issued = stage.issue(&stage.session(0)).await.unwrap();
    stage.on(REVOKE, NO_SUCH_IDENTITY);
    stage.revoke(Order::Operator).await.unwrap();
    advance(Duration::from_secs(61)).await;
    assert_eq!(stage.sweep().await, Swept { revoked: 1, ..Swept::default() });
    assert!(!stage.is_active(&issued));
}

#[tokio::test(start_paused = true)]
async fn an_identity_that_was_deleted_elsewhere_does_not_keep_a_deletion_pending_for_ever() {
    let stage = Stage::new();
    stage.issue(&stage.session(5)).await.unwrap();
    for _ in 0..2 {
        stage.on(DELETE, NO_SUCH_IDENTITY);
    }
    stage.delete(Order::Operator).await.unwrap();
    assert!(stage.record(&alice()).await.pending.is_some(), "once is not enough");
    advance(Duration::from_secs(61)).await;
    assert_eq!(stage.sweep().await, Swept { deleted: 1, ..Swept::default() });
    assert_eq!(stage.record(&alice()).await.binding, None);
}

#[tokio::test(start_paused = true)]
async fn a_revocation_that_overtakes_another_is_not_struck_off_by_it() {
    let stage = Stage::new();
    stage.issue(&stage.session(0)).await.unwrap();
    stage.meanwhile(REVOKE, |stage| async move {
        stage.on(REVOKE, Turn::Answers(503, ""));
        stage.revoke(Order::Operator).await.unwrap_err();
    });
    stage.revoke(Order::Operator).await.unwrap();
    assert!(stage.record(&alice()).await.pending.is_some(), "the second one is not done");
}

#[tokio::test(start_paused = true)]
async fn work_that_can_not_be_done_does_not_hold_up_the_rest() {
    let stage = Stage::new();
    stage.issue(&stage.session(0)).await.unwrap();
    stage.on(REVOKE, NOT_OWNED);
    stage.revoke(Order::Operator).await.unwrap_err();
    advance(Duration::from_secs(61)).await;
    stage.on(REVOKE, NOT_OWNED);
    assert_eq!(stage.sweep().await, Swept { postponed: 1, ..Swept::default() });
    assert_eq!(stage.sweep().await, Swept::default(), "it waits for its next turn");
    advance(Duration::from_secs(62)).await;
    assert_eq!(stage.sweep().await, Swept { revoked: 1, ..Swept::default() });
}

#[tokio::test(start_paused = true)]
async fn a_sweep_that_is_throttled_leaves_the_rest_for_the_next_one() {
    let stage = Stage::new();
    stage.issue(&stage.session(0)).await.unwrap();
    stage.on(REVOKE, Turn::Answers(429, ""));
    stage.revoke(Order::Operator).await.unwrap_err();
    advance(Duration::from_secs(61)).await;
    stage.on(REVOKE, Turn::Answers(429, ""));
    assert_eq!(stage.sweep().await, Swept { postponed: 1, unfinished: true, ..Swept::default() });
}

#[tokio::test(start_paused = true)]
async fn a_deleted_user_is_not_resurrected_by_an_old_session_and_starts_anew_with_a_fresh_one() {
    let stage = Stage::new();
    let first = stage.issue(&stage.session(5)).await.unwrap();
    stage.delete(Order::Session(stage.session(5).sign_in)).await.unwrap();
    stage.delete(Order::Session(stage.session(5).sign_in)).await.unwrap();
    for seconds_ago in [5, 0] {
        let refused = stage.issue(&stage.session(seconds_ago)).await;
        assert!(matches!(refused, Err(IssueError::SignInAgain)), "{refused:?}");
    }
    advance(Duration::from_secs(1)).await;
    let second = stage.issue(&stage.session(0)).await.unwrap();
    assert_ne!(second.token.identity, first.token.identity);
    assert_eq!(stage.live_identities(), [second.token.identity]);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_signed_itself_out_is_told_that_it_can_not_delete_the_user_any_more() {
    let stage = Stage::new();
    let issued = stage.issue(&stage.session(0)).await.unwrap();
    let own = Order::Session(stage.session(0).sign_in);
    stage.revoke(own).await.unwrap();
    assert_eq!(stage.delete(own).await.unwrap(), Deletion::SessionEnded);
    assert_eq!(stage.live_identities(), [issued.token.identity]);
    stage.delete(Order::Operator).await.unwrap();
    assert_eq!(stage.delete(own).await.unwrap(), Deletion::Ordered, "it is done, by whomever");
}
