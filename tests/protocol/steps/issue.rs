//! What a session gets, and when it gets nothing.

use std::sync::atomic::Ordering;
use std::time::Duration;

use acs_broker_core::{Happening, IssueError, Order, Swept, WorkError};
use identity_client::Timestamp;
use tokio::time::{Instant, advance};

use crate::stage::{DELETE, ISSUE, NO_SUCH_IDENTITY, NOT_OWNED, REVOKE, Stage, Turn, alice};

#[tokio::test(start_paused = true)]
async fn a_renewal_in_a_warm_function_costs_one_call_to_acs_and_one_to_the_table() {
    let stage = Stage::new();
    let first = stage.issue(&stage.session(0)).await.unwrap();
    assert!(first.created);
    let calls = stage.table.calls.swap(0, Ordering::Relaxed);
    assert_eq!(calls, 4, "read, claim, and at once bind and read everybody's watermark");
    let renewed = stage.issue(&stage.session(0)).await.unwrap();
    assert_eq!(stage.table.calls.load(Ordering::Relaxed), 1);
    assert_eq!(renewed.token.identity, first.token.identity);
    let issued: u64 = stage.emulator.identities().iter().map(|one| one.tokens_issued).sum();
    assert_eq!(issued, 2);
}

#[tokio::test(start_paused = true)]
async fn a_revocation_between_minting_and_reading_keeps_the_token_from_the_old_session() {
    let stage = Stage::new();
    stage.issue(&stage.session(5)).await.unwrap();
    stage.meanwhile(ISSUE, |stage| async move { stage.revoke(Order::Operator).await.unwrap() });
    let refused = stage.issue(&stage.session(5)).await;
    assert!(matches!(refused, Err(IssueError::SignInAgain)), "{refused:?}");
    assert_eq!(stage.happened().last(), Some(&Happening::TokenDropped));
}

#[tokio::test(start_paused = true)]
async fn a_token_waits_for_no_more_answers_of_the_table_than_it_must() {
    let stage = Stage::new();
    stage.table.delay.store(10, Ordering::Relaxed);
    for (millis, what) in [(30, "read, claim, bind"), (10, "read")] {
        let started = Instant::now();
        stage.issue(&stage.session(0)).await.unwrap();
        assert_eq!(started.elapsed(), Duration::from_millis(millis), "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_newer_than_a_late_deletion_gets_a_token_of_a_new_identity_not_of_the_dying_one()
{
    let stage = Stage::new();
    let old = stage.issue(&stage.session(20)).await.unwrap();
    let deleted_at = Order::Event(stage.now().checked_sub(Duration::from_secs(10)).unwrap());
    stage.meanwhile(ISSUE, move |stage| async move {
        stage.on(DELETE, Turn::Answers(503, ""));
        stage.delete(deleted_at).await.unwrap_err();
    });
    let new = stage.issue(&stage.session(1)).await.unwrap();
    assert_ne!(new.token.identity, old.token.identity);
    assert!(stage.is_active(&new) && !stage.is_active(&old));
    assert_eq!(stage.live_identities(), std::slice::from_ref(&new.token.identity));
}

#[tokio::test(start_paused = true)]
async fn a_minute_of_wrong_words_of_acs_does_not_cost_a_user_their_identity() {
    let stage = Stage::new();
    let first = stage.issue(&stage.session(0)).await.unwrap();
    for _ in 0..59 {
        stage.on(ISSUE, NO_SUCH_IDENTITY);
        let failed = stage.issue(&stage.session(0)).await;
        assert!(matches!(failed, Err(IssueError::Work(WorkError::Acs(_)))), "{failed:?}");
        advance(Duration::from_secs(1)).await;
    }
    let again = stage.issue(&stage.session(0)).await.unwrap();
    assert_eq!(again.token.identity, first.token.identity);
    assert_eq!(stage.record(&alice()).await.doubted_since, None, "its word is taken back");
    advance(Duration::from_secs(61)).await;
    stage.on(ISSUE, NO_SUCH_IDENTITY);
    stage.issue(&stage.session(0)).await.unwrap_err();
    assert_eq!(stage.live_identities(), [first.token.identity]);
}

#[tokio::test(start_paused = true)]
async fn an_identity_that_acs_denies_for_a_minute_is_replaced_and_certainly_gone() {
    let stage = Stage::new();
    let first = stage.issue(&stage.session(0)).await.unwrap();
    stage.on(ISSUE, NO_SUCH_IDENTITY);
    stage.issue(&stage.session(0)).await.unwrap_err();
    advance(Duration::from_mins(1)).await;
    stage.on(ISSUE, NO_SUCH_IDENTITY);
    let second = stage.issue(&stage.session(0)).await.unwrap();
    assert_eq!(stage.live_identities(), std::slice::from_ref(&second.token.identity));
    assert!(!stage.is_active(&first), "no later revocation would reach it");
    assert!(stage.happened().contains(&Happening::IdentityReplaced));
}

#[tokio::test(start_paused = true)]
async fn an_identity_of_another_resource_is_never_replaced() {
    let stage = Stage::new();
    let first = stage.issue(&stage.session(0)).await.unwrap();
    for _ in 0..3 {
        stage.on(ISSUE, NOT_OWNED);
        let failed = stage.issue(&stage.session(0)).await;
        let Err(IssueError::Work(WorkError::Acs(error))) = failed else { panic!("{failed:?}") };
        assert!(error.is_not_owned());
    }
    let bound = stage.record(&alice()).await.binding.unwrap().identity;
    assert_eq!(bound, first.token.identity);
}

#[tokio::test(start_paused = true)]
async fn a_fresh_session_gets_its_token_after_a_revocation_that_is_still_to_be_done() {
    let stage = Stage::new();
    let old = stage.issue(&stage.session(5)).await.unwrap();
    stage.on(REVOKE, Turn::Answers(503, ""));
    stage.revoke(Order::Session(stage.session(5).sign_in)).await.unwrap_err();
    advance(Duration::from_secs(1)).await;
    let new = stage.issue(&stage.session(0)).await.unwrap();
    stage.revoke(Order::Session(stage.session(6).sign_in)).await.unwrap();
    advance(Duration::from_secs(61)).await;
    assert_eq!(stage.sweep().await, Swept::default());
    assert!(stage.is_active(&new) && !stage.is_active(&old));
}

#[tokio::test(start_paused = true)]
async fn a_warm_function_learns_that_the_user_was_deleted_elsewhere() {
    let stage = Stage::new();
    stage.issue(&stage.session(5)).await.unwrap();
    let deleted_at: Timestamp = stage.now().checked_sub(Duration::from_secs(3)).unwrap();
    stage.delete(Order::Event(deleted_at)).await.unwrap();
    let new = stage.issue(&stage.session(1)).await.unwrap();
    assert!(new.created && stage.is_active(&new));
}
