//! An operator ends everybody's sessions.

use std::sync::atomic::Ordering;
use std::time::Duration;

use acs_broker_core::{Deletion, IssueError, Issued, Order, WorkError};
use acs_broker_store_dynamodb::EpochSeconds;
use tokio::time::{advance, sleep};

use crate::stage::{CREATE, ISSUE, NO_SUCH_IDENTITY, RETENTION, REVOKE, Stage, Turn, alice};

fn assert_ended(outcome: &Result<Issued, IssueError>) {
    assert!(matches!(outcome, Err(IssueError::SignInAgain)), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn from_the_mark_on_only_who_signs_in_again_gets_a_token() {
    let stage = Stage::new();
    stage.issue(&stage.session(5)).await.unwrap();
    assert_eq!(stage.everybody().await, None);
    let mark = stage.revoke_everybody().await;
    assert_eq!((stage.everybody().await, mark), (Some(mark), stage.now().into()));
    for seconds_ago in [5, 0] {
        assert_ended(&stage.issue(&stage.session(seconds_ago)).await);
    }
    stage.issue(&stage.session(-1)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_mark_between_minting_and_reading_keeps_the_token_from_the_old_session() {
    let stage = Stage::new();
    stage.issue(&stage.session(5)).await.unwrap();
    stage.meanwhile(ISSUE, |stage| async move {
        stage.revoke_everybody().await;
    });
    assert_ended(&stage.issue(&stage.session(5)).await);
}

#[tokio::test(start_paused = true)]
async fn a_mark_during_a_creation_keeps_the_identity_and_drops_the_token() {
    let stage = Stage::new();
    stage.meanwhile(CREATE, |stage| async move {
        stage.revoke_everybody().await;
    });
    assert_ended(&stage.issue(&stage.session(5)).await);
    let record = stage.record(&alice()).await;
    assert_eq!(stage.live_identities(), [record.binding.unwrap().identity]);
    assert_eq!(record.sign_in_not_before, None, "everybody's mark is not the user's own");
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_cannot_learn_of_a_mark_hands_out_no_token_and_keeps_the_identity() {
    let stage = Stage::new();
    stage.meanwhile(CREATE, |stage| async move {
        stage.table.hides_everybody.store(true, Ordering::Relaxed);
    });
    let failed = stage.issue(&stage.session(5)).await;
    assert!(matches!(failed, Err(IssueError::Work(WorkError::Table(_)))), "{failed:?}");
    stage.table.hides_everybody.store(false, Ordering::Relaxed);
    let issued = stage.issue(&stage.session(5)).await.unwrap();
    assert!(!issued.created);
    assert_eq!(stage.live_identities(), [issued.token.identity]);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_comes_before_the_walk_gets_a_token_that_the_walk_spares() {
    let stage = Stage::new();
    let old = stage.issue(&stage.session(5)).await.unwrap();
    stage.revoke_everybody().await;
    advance(Duration::from_secs(1)).await;
    let new = stage.issue(&stage.session(0)).await.unwrap();
    assert!(!stage.is_active(&old), "their own request carried the revocation out");
    stage.walk().await.unwrap();
    assert!(stage.is_active(&new));
}

#[tokio::test(start_paused = true)]
async fn a_walk_kills_the_tokens_from_before_the_mark_and_the_next_one_those_since() {
    let stage = Stage::new();
    let old = stage.issue(&stage.session(5)).await.unwrap();
    stage.revoke_everybody().await;
    stage.walk().await.unwrap();
    assert!(!stage.is_active(&old));
    advance(Duration::from_secs(1)).await;
    let new = stage.issue(&stage.session(0)).await.unwrap();
    stage.walk().await.unwrap();
    assert!(stage.is_active(&new), "the same walk again kills nothing new");
    stage.revoke_everybody().await;
    stage.walk().await.unwrap();
    assert!(!stage.is_active(&new));
}

#[tokio::test(start_paused = true)]
async fn a_walk_that_breaks_off_may_begin_anew_though_its_first_half_is_written_down() {
    let stage = Stage::new();
    let old = stage.issue(&stage.session(5)).await.unwrap();
    stage.revoke_everybody().await;
    stage.on(REVOKE, Turn::Answers(503, ""));
    stage.walk().await.unwrap_err();
    assert!(stage.is_active(&old));
    stage.walk().await.unwrap();
    assert!(!stage.is_active(&old));
}

#[tokio::test(start_paused = true)]
async fn what_happens_to_a_record_between_the_mark_and_the_walk_does_not_spare_its_tokens() {
    let stage = Stage::new();
    let old = stage.issue(&stage.session(5)).await.unwrap();
    stage.revoke_everybody().await;
    advance(Duration::from_secs(2)).await;
    assert_ended(&stage.issue(&stage.session(7)).await);
    stage.on(ISSUE, NO_SUCH_IDENTITY);
    stage.issue(&stage.session(0)).await.unwrap_err();
    stage.issue(&stage.session(0)).await.unwrap();
    stage.walk().await.unwrap();
    assert!(!stage.is_active(&old));
}

#[tokio::test(start_paused = true)]
async fn a_walk_meets_the_creation_that_began_before_the_mark() {
    let stage = Stage::new();
    stage.meanwhile(CREATE, |stage| async move {
        stage.revoke_everybody().await;
        stage.walk().await.unwrap();
    });
    let started_at = stage.now().into();
    assert_ended(&stage.issue(&stage.session(5)).await);
    assert_eq!(stage.record(&alice()).await.sign_in_not_before, Some(started_at));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ended_with_everybodys_neither_revokes_nor_deletes_what_is_new() {
    let stage = Stage::new();
    stage.issue(&stage.session(5)).await.unwrap();
    stage.revoke_everybody().await;
    stage.walk().await.unwrap();
    advance(Duration::from_secs(1)).await;
    let new = stage.issue(&stage.session(0)).await.unwrap();
    let stolen = Order::Session(stage.session(1).sign_in);
    stage.revoke(stolen).await.unwrap();
    assert_eq!(stage.delete(stolen).await.unwrap(), Deletion::SessionEnded);
    assert!(stage.is_active(&new));
}

#[tokio::test(start_paused = true)]
async fn who_signs_out_before_the_walk_comes_to_them_is_told_so_only_when_it_is_true() {
    let stage = Stage::new();
    let issued = stage.issue(&stage.session(0)).await.unwrap();
    stage.revoke_everybody().await;
    let own = Order::Session(stage.session(0).sign_in);
    assert_eq!(stage.delete(own).await.unwrap(), Deletion::SessionEnded);
    assert!(stage.is_active(&issued));
    stage.revoke(own).await.unwrap();
    assert!(!stage.is_active(&issued));
    assert_eq!(stage.live_identities(), [issued.token.identity]);
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_was_on_its_way_at_the_mark_does_not_resurrect_whom_a_session_knows_deleted() {
    let stage = Stage::new();
    stage.table.delay.store(10, Ordering::Relaxed);
    let own = Order::Session(stage.session(0).sign_in);
    let between_reading_and_claiming = async {
        sleep(Duration::from_millis(15)).await;
        stage.table.delay.store(0, Ordering::Relaxed);
        stage.revoke_everybody().await;
        assert_eq!(stage.delete(own).await.unwrap(), Deletion::Ordered);
    };
    let session = stage.session(0);
    let (refused, ()) = tokio::join!(stage.issue(&session), between_reading_and_claiming);
    assert_ended(&refused);
    assert_eq!(stage.live_identities(), []);
}

#[tokio::test(start_paused = true)]
async fn everybodys_mark_only_rises_and_ends_when_no_session_from_before_can_be_left() {
    let stage = Stage::new();
    let first = stage.revoke_everybody().await;
    assert_eq!(stage.revoke_everybody().await, first);
    advance(Duration::from_secs(3)).await;
    let EpochSeconds(second) = stage.revoke_everybody().await;
    assert_eq!(second, first.0 + 3);
    advance(RETENTION).await;
    assert_eq!(stage.everybody().await, None);
    let mark = stage.revoke_everybody().await;
    assert_eq!(stage.everybody().await, Some(mark));
}
