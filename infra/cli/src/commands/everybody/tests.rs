use std::future::pending;
use std::time::Duration;

use acs_broker_core::IssueError;
use acs_broker_store_dynamodb::{Lease, Nonce};
use tokio::time::timeout;

use super::*;
use crate::outcome;
use crate::output::Exit;
use crate::testing::{SharedTable, Stage, now, subject};

fn minutes_later() -> Timestamp {
    now().checked_add(Duration::from_mins(10)).unwrap()
}

async fn revoke_everybody(stage: &Stage, resume: bool) -> Walked {
    let (broker, records) = (&stage.broker, &stage.records);
    run(broker, records, resume, Progress::HIDDEN, pending()).await.unwrap()
}

/// An operator who comes back after ten minutes.
async fn resume_later(stage: &Stage) -> Walked {
    let records = Records::<SharedTable> { clock: minutes_later, ..stage.records.clone() };
    run(&stage.broker, &records, true, Progress::HIDDEN, pending()).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn no_token_and_no_session_outlives_a_revocation_of_everybody() {
    let stage = Stage::new();
    let issued = stage.users(&["alice", "bob", "carol"]).await;
    let walked = revoke_everybody(&stage, false).await;
    assert_eq!((walked.done, walked.watermark), (3, now()));
    assert_eq!(outcome::exit(&walked.outcomes), Exit::Done);
    assert!(issued.iter().all(|issued| !stage.is_alive(issued)));
    for name in ["alice", "dave"] {
        let refused = stage.issue(name, -5).await;
        assert!(matches!(refused, Err(IssueError::SignInAgain)), "{name}: {refused:?}");
        assert!(stage.issue(name, 1).await.is_ok(), "{name} may sign in again");
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_who_signs_in_while_the_walk_begins_is_not_missed() {
    let stage = Stage::new();
    revoke_everybody(&stage, false).await;
    let calls = stage.table_calls();
    let first = |name| calls.iter().position(|call| *call == name);
    assert!(first("write") < first("list"), "the mark comes before the walk: {calls:?}");
}

#[tokio::test(start_paused = true)]
async fn a_walk_that_was_killed_is_finished_with_the_mark_it_began_with() {
    let stage = Stage::new();
    let names = ["a", "b", "c", "d", "e", "f"];
    let issued = stage.users(&names).await;
    // Dropped in the middle, as by a kill.
    let killed = revoke_everybody(&stage, false);
    timeout(Duration::from_millis(250), killed).await.unwrap_err();
    let dead = issued.iter().filter(|issued| !stage.is_alive(issued)).count();
    assert_eq!(dead, 3);
    let newer = stage.issue("f", 2).await.unwrap();
    assert!(stage.is_alive(&newer));

    let revocations = stage.revocations();
    let walked = resume_later(&stage).await;
    assert_eq!((walked.done, walked.done_before), (2, 4), "f's own request was faster");
    assert_eq!(walked.watermark, now(), "no session that began since is ended");
    assert_eq!(stage.revocations() - revocations, 2, "what was done is not done again");
    assert!(stage.is_alive(&newer));
    assert!(issued.iter().all(|issued| !stage.is_alive(issued)));
    assert!(stage.issue("f", 2).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_walk_says_how_many_it_did_not_get_to() {
    let stage = Stage::new();
    stage.users(&["a", "b", "c"]).await;
    let stop = tokio::time::sleep(Duration::from_millis(150));
    let (broker, records) = (&stage.broker, &stage.records);
    let walked = run(broker, records, false, Progress::HIDDEN, stop).await.unwrap();
    assert_eq!((walked.done, walked.not_tried), (2, 1));
    assert_eq!(outcome::exit(&walked.outcomes), Exit::Partly);
    let refused = stage.issue("c", -5).await;
    assert!(matches!(refused, Err(IssueError::SignInAgain)), "the session ended with the mark");
}

#[tokio::test(start_paused = true)]
async fn what_acs_does_not_do_now_is_written_down_and_a_resumed_walk_does_it() {
    let stage = Stage::new();
    let issued = stage.users(&["alice", "bob", "carol"]).await;
    stage.refuse(&issued[0], 429);
    stage.refuse(&issued[1], 401);
    let walked = revoke_everybody(&stage, false).await;
    assert_eq!((walked.done, walked.left_to_sweep, walked.failed.len()), (1, 1, 1));
    assert_eq!(walked.failed[0].subject, "bob");
    assert_eq!(outcome::exit(&walked.outcomes), Exit::Partly);
    assert!(stage.record("alice").pending.is_some() && stage.record("bob").pending.is_some());

    stage.accept_all();
    let walked = resume_later(&stage).await;
    assert_eq!((walked.done, walked.done_before), (2, 1));
    assert!(issued.iter().all(|issued| !stage.is_alive(issued)));
}

#[tokio::test(start_paused = true)]
async fn an_identity_that_is_being_created_is_not_spared() {
    let stage = Stage::new();
    let EpochSeconds(second) = now().into();
    let lease = Lease {
        owner: Nonce::from_bits(1),
        until: minutes_later(),
        sign_in: EpochSeconds(second - 5),
        void: false,
    };
    let alice = stage.records.key(&subject("alice"));
    stage.put(&alice, &Record { lease: Some(lease), ..Record::default() }).await;
    assert_eq!(revoke_everybody(&stage, false).await.done, 1);
    let watermark = stage.record("alice").sign_in_not_before;
    assert_eq!(watermark, Some(now().into()), "its binding will meet this");
}

#[tokio::test(start_paused = true)]
async fn rows_without_anything_at_acs_are_left_alone() {
    let stage = Stage::new();
    let alice = stage.records.key(&subject("alice"));
    let mark = Record { sign_in_not_before: Some(EpochSeconds(1)), ..Record::default() };
    stage.put(&alice, &mark).await;
    let orphan = RecordKey::Orphan("8:acs:a_b".parse().unwrap());
    stage.put(&orphan, &mark).await;
    let walked = revoke_everybody(&stage, false).await;
    assert_eq!((walked.done, walked.done_before), (0, 0));
    assert_eq!(stage.record("alice"), mark);
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_counts_and_changes_nothing() {
    let stage = Stage::new();
    let names: Vec<_> = (0..25).map(|number| format!("user{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    stage.users(&names).await;
    let before = stage.rows();
    let counted = plan(&stage.records, false).await.unwrap();
    assert_eq!((counted.users, counted.seconds), (25, 2), "ten a second");
    assert_eq!(stage.rows(), before);

    timeout(Duration::from_millis(1050), revoke_everybody(&stage, false)).await.unwrap_err();
    let before = stage.rows();
    let counted = plan(&stage.records, true).await.unwrap();
    assert_eq!((counted.users, counted.done_before), (14, 11));
    assert_eq!(stage.rows(), before);
}

#[tokio::test(start_paused = true)]
async fn resuming_what_nobody_began_is_a_mistake_that_ends_no_session() {
    let stage = Stage::new();
    stage.users(&["alice"]).await;
    let (broker, records) = (&stage.broker, &stage.records);
    let failure = run(broker, records, true, Progress::HIDDEN, pending()).await.unwrap_err();
    assert_eq!(failure.exit(), Exit::Usage);
    assert_eq!(plan(records, true).await.unwrap_err().exit(), Exit::Usage);
    assert!(stage.issue("alice", -5).await.is_ok());
}
