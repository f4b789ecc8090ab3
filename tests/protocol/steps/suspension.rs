//! What a ban takes away, and who gets it back when.

use std::time::Duration;

use acs_broker_core::{IssueError, Issued, Ruling, Swept};
use acs_broker_store_dynamodb::Work;
use tokio::time::advance;

use crate::stage::{CREATE, DELETE, ISSUE, REVOKE, Stage, Turn, alice};

fn assert_suspended(outcome: &Result<Issued, IssueError>) {
    assert!(matches!(outcome, Err(IssueError::Suspended)), "{outcome:?}");
}

fn event(stage: &Stage, seconds_ago: u64) -> Ruling {
    Ruling::Event(stage.now().checked_sub(Duration::from_secs(seconds_ago)).unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_banned_user_gets_nothing_whenever_they_sign_in_and_what_they_had_is_dead() {
    for ruling in [event, |_: &Stage, _| Ruling::Operator] {
        let stage = Stage::new();
        let issued = stage.issue(&stage.session(5)).await.unwrap();
        stage.suspend(ruling(&stage, 1)).await.unwrap();
        assert!(!stage.is_active(&issued));
        assert_eq!(stage.record(&alice()).await.pending, None);
        for seconds_ago in [5, 0, -60] {
            assert_suspended(&stage.issue(&stage.session(seconds_ago)).await);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_ban_between_minting_and_reading_keeps_the_token_from_the_user() {
    let stage = Stage::new();
    stage.issue(&stage.session(0)).await.unwrap();
    let at = event(&stage, 9);
    stage.meanwhile(ISSUE, move |stage| async move { stage.suspend(at).await.unwrap() });
    assert_suspended(&stage.issue(&stage.session(0)).await);
}

#[tokio::test(start_paused = true)]
async fn a_ban_during_a_creation_keeps_the_identity_and_drops_the_token() {
    let stage = Stage::new();
    let at = event(&stage, 9);
    stage.meanwhile(CREATE, move |stage| async move { stage.suspend(at).await.unwrap() });
    assert_suspended(&stage.issue(&stage.session(0)).await);
    let bound = stage.record(&alice()).await.binding.unwrap().identity;
    assert_eq!(stage.live_identities(), [bound]);
}

#[tokio::test(start_paused = true)]
async fn a_ban_that_acs_does_not_carry_out_is_written_down_and_swept() {
    let stage = Stage::new();
    let issued = stage.issue(&stage.session(0)).await.unwrap();
    stage.on(REVOKE, Turn::Answers(503, ""));
    stage.suspend(Ruling::Operator).await.unwrap_err();
    assert_suspended(&stage.issue(&stage.session(0)).await);
    assert_eq!(stage.record(&alice()).await.pending.unwrap().work, Work::Revoke);
    advance(Duration::from_secs(61)).await;
    assert_eq!(stage.sweep().await, Swept { revoked: 1, ..Swept::default() });
    assert!(!stage.is_active(&issued));
}

#[tokio::test(start_paused = true)]
async fn a_ban_that_arrives_late_kills_the_token_of_a_session_that_began_after_it() {
    let stage = Stage::new();
    stage.issue(&stage.session(20)).await.unwrap();
    advance(Duration::from_secs(1)).await;
    stage.suspend(event(&stage, 5)).await.unwrap();
    stage.unsuspend(event(&stage, 4)).await;
    let issued = stage.issue(&stage.session(1)).await.unwrap();
    stage.suspend(event(&stage, 3)).await.unwrap();
    assert!(!stage.is_active(&issued));
    assert_suspended(&stage.issue(&stage.session(1)).await);
}

#[tokio::test(start_paused = true)]
async fn a_lifted_ban_lets_in_who_signs_in_again_and_its_event_may_be_repeated() {
    let stage = Stage::new();
    stage.issue(&stage.session(5)).await.unwrap();
    let (banned, lifted) = (event(&stage, 3), event(&stage, 2));
    stage.suspend(banned).await.unwrap();
    stage.unsuspend(lifted).await;
    let refused = stage.issue(&stage.session(3)).await;
    assert!(matches!(refused, Err(IssueError::SignInAgain)), "{refused:?}");
    let issued = stage.issue(&stage.session(1)).await.unwrap();
    stage.suspend(banned).await.unwrap();
    stage.unsuspend(lifted).await;
    assert!(stage.is_active(&issued), "neither event is news");
    stage.issue(&stage.session(1)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_ban_that_arrives_after_its_lifting_does_not_shut_out_a_user_without_a_record() {
    let stage = Stage::new();
    stage.unsuspend(event(&stage, 2)).await;
    stage.suspend(event(&stage, 3)).await.unwrap();
    assert!(stage.issue(&stage.session(0)).await.unwrap().created);
}

#[tokio::test(start_paused = true)]
async fn an_operators_ban_outlasts_whatever_the_identity_provider_says_and_the_users_deletion() {
    let stage = Stage::new();
    stage.issue(&stage.session(5)).await.unwrap();
    stage.suspend(Ruling::Operator).await.unwrap();
    advance(Duration::from_secs(5)).await;
    stage.suspend(event(&stage, 2)).await.unwrap();
    stage.unsuspend(event(&stage, 1)).await;
    assert_suspended(&stage.issue(&stage.session(0)).await);
    stage.delete(acs_broker_core::Order::Operator).await.unwrap();
    advance(Duration::from_hours(5000)).await;
    assert_suspended(&stage.issue(&stage.session(0)).await);
    stage.unsuspend(Ruling::Operator).await;
    assert!(stage.issue(&stage.session(0)).await.unwrap().created);
}

#[tokio::test(start_paused = true)]
async fn a_ban_while_a_deletion_is_pending_finishes_the_deletion() {
    let stage = Stage::new();
    stage.issue(&stage.session(5)).await.unwrap();
    stage.on(DELETE, Turn::Answers(503, ""));
    stage.delete(acs_broker_core::Order::Operator).await.unwrap_err();
    stage.suspend(Ruling::Operator).await.unwrap();
    assert_eq!(stage.live_identities(), []);
    assert!(stage.record(&alice()).await.is_suspended());
}
