//! What must come of the moments between two steps of the protocol, one by one.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise"
)]

mod stage;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use identity_client::Timestamp;
use token_broker::{Happening, IssueError, Order, Swept, WorkError};
use tokio::time::advance;
use user_table::{Fault, RecordKey, Work};

use crate::stage::{
    CREATE, DELETE, ISSUE, NO_SUCH_IDENTITY, NOT_OWNED, REVOKE, Stage, Turn, alice,
};

fn assert_busy(outcome: &Result<token_broker::Issued, IssueError>) {
    assert!(matches!(outcome, Err(IssueError::Busy { .. })), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_renewal_in_a_warm_function_costs_one_call_to_acs_and_one_to_the_table() {
    let stage = Stage::new();
    let first = stage.issue(&stage.session(0)).await.unwrap();
    assert!(first.created);
    assert_eq!(stage.table_calls.swap(0, Ordering::Relaxed), 3, "read, claim, bind");
    let renewed = stage.issue(&stage.session(0)).await.unwrap();
    assert_eq!(stage.table_calls.load(Ordering::Relaxed), 1);
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
async fn a_suspension_between_minting_and_reading_keeps_the_token_from_the_user() {
    let stage = Stage::new();
    stage.issue(&stage.session(0)).await.unwrap();
    stage.meanwhile(ISSUE, |stage| async move {
        stage.change(|record| record.suspended = true).await;
    });
    let refused = stage.issue(&stage.session(0)).await;
    assert!(matches!(refused, Err(IssueError::Suspended)), "{refused:?}");
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
    assert_eq!(stage.live_identities(), [new.token.identity.clone()]);
}

#[tokio::test(start_paused = true)]
async fn a_deletion_during_a_creation_leaves_no_identity_behind() {
    let stage = Stage::new();
    stage.meanwhile(CREATE, |stage| async move { stage.delete(Order::Operator).await.unwrap() });
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
    stage.meanwhile(CREATE, |stage| async move { stage.table.fail_next([Fault::AnswerLost]) });
    let issued = stage.issue(&stage.session(0)).await.unwrap();
    assert!(stage.is_active(&issued));
    let bound = stage.record(&alice()).await.binding.unwrap().identity;
    assert_eq!(bound, issued.token.identity);
}

#[tokio::test(start_paused = true)]
async fn an_identity_that_cannot_be_bound_is_deleted_again() {
    let stage = Stage::new();
    stage.meanwhile(CREATE, |stage| async move { stage.table.fail_next([Fault::Lost; 3]) });
    let failed = stage.issue(&stage.session(0)).await;
    assert!(matches!(failed, Err(IssueError::Work(WorkError::Table(_)))), "{failed:?}");
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
async fn an_identity_that_nobody_can_write_down_is_named_to_the_operator() {
    let stage = Stage::new();
    stage.meanwhile(CREATE, |stage| async move {
        stage.on(DELETE, Turn::Answers(503, ""));
        stage.table.fail_next([Fault::Lost; 4]);
    });
    stage.issue(&stage.session(0)).await.unwrap_err();
    let [lost] = stage.live_identities().try_into().expect("one identity");
    assert!(stage.happened().contains(&Happening::IdentityLost(lost)));
    assert_eq!(stage.record(&alice()).await.possibly_lost, 1);
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
    let stage = Stage::new();
    stage.meanwhile(CREATE, |_| std::future::pending());
    let dying = Arc::clone(&stage);
    let dies = tokio::spawn(async move { dying.issue(&dying.session(0)).await });
    while stage.live_identities().is_empty() {
        tokio::task::yield_now().await;
    }
    dies.abort();
    assert_busy(&stage.issue(&stage.session(0)).await);
    advance(Duration::from_secs(12)).await;
    assert!(stage.issue(&stage.session(0)).await.unwrap().created);
    assert_eq!(stage.record(&alice()).await.possibly_lost, 1);
    assert!(stage.happened().contains(&Happening::IdentityPossiblyLost));
}

#[tokio::test(start_paused = true)]
async fn a_creator_that_dies_and_whose_user_never_comes_back_is_counted_by_the_sweep() {
    let stage = Stage::new();
    stage.meanwhile(CREATE, |_| std::future::pending());
    let dying = Arc::clone(&stage);
    let dies = tokio::spawn(async move { dying.issue(&dying.session(0)).await });
    while stage.live_identities().is_empty() {
        tokio::task::yield_now().await;
    }
    dies.abort();
    assert_eq!(stage.sweep().await, Swept::default(), "its lease is still live");
    advance(Duration::from_secs(13)).await;
    assert_eq!(stage.sweep().await, Swept { leases_ended: 1, ..Swept::default() });
    let record = stage.record(&alice()).await;
    assert_eq!((record.possibly_lost, record.lease), (1, None));
}

#[tokio::test(start_paused = true)]
async fn one_wrong_word_of_acs_does_not_cost_a_user_their_identity() {
    let stage = Stage::new();
    let first = stage.issue(&stage.session(0)).await.unwrap();
    stage.on(ISSUE, NO_SUCH_IDENTITY);
    let again = stage.issue(&stage.session(0)).await.unwrap();
    assert_eq!(again.token.identity, first.token.identity);
}

#[tokio::test(start_paused = true)]
async fn an_identity_that_acs_denies_twice_is_replaced_and_certainly_gone() {
    let stage = Stage::new();
    let first = stage.issue(&stage.session(0)).await.unwrap();
    stage.on(ISSUE, NO_SUCH_IDENTITY);
    stage.on(ISSUE, NO_SUCH_IDENTITY);
    let second = stage.issue(&stage.session(0)).await.unwrap();
    assert_eq!(stage.live_identities(), [second.token.identity.clone()]);
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
async fn a_warm_function_learns_that_the_user_was_deleted_elsewhere() {
    let stage = Stage::new();
    stage.issue(&stage.session(5)).await.unwrap();
    let deleted_at: Timestamp = stage.now().checked_sub(Duration::from_secs(3)).unwrap();
    stage.delete(Order::Event(deleted_at)).await.unwrap();
    let new = stage.issue(&stage.session(1)).await.unwrap();
    assert!(new.created && stage.is_active(&new));
}
