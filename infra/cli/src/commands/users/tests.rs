use std::future::pending;
use std::io::Write as _;

use acs_broker_core::IssueError;
use tempfile::NamedTempFile;
use tokio::time::{Duration, sleep};

use super::*;
use crate::outcome;
use crate::output::Exit;
use crate::testing::{self, Stage, now, subject};

async fn order(stage: &Stage, action: Action, names: &[&str]) -> Vec<Outcome> {
    let (broker, records) = (&stage.broker, &stage.records);
    let done =
        run(action, broker, records, &testing::subjects(names), Progress::HIDDEN, pending()).await;
    let told: Vec<_> = done.users.iter().map(|user| user.subject.as_str()).collect();
    assert_eq!(told, names, "every user is in the report, in order");
    done.users.into_iter().map(|user| user.outcome).collect()
}

#[tokio::test(start_paused = true)]
async fn a_revocation_is_done_at_acs_when_the_command_returns() {
    let stage = Stage::new();
    let issued = stage.users(&["alice", "bob", "carol"]).await;
    let outcomes = order(&stage, Action::Revoke, &["alice", "bob"]).await;
    assert_eq!(outcomes, [Outcome::Done, Outcome::Done]);
    let alive: Vec<_> = issued.iter().map(|issued| stage.is_alive(issued)).collect();
    assert_eq!(alive, [false, false, true], "and nobody else is touched");
    assert!(matches!(stage.issue("alice", -5).await, Err(IssueError::SignInAgain)));
    assert!(stage.issue("alice", 1).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_user_whom_acs_refuses_does_not_keep_the_others_from_being_revoked() {
    let stage = Stage::new();
    let issued = stage.users(&["alice", "bob", "carol", "dave", "erin"]).await;
    stage.refuse(&issued[0], 401);
    stage.refuse(&issued[1], 429);
    stage.refuse(&issued[2], 503);
    stage.refuse(&issued[3], 404);
    let names = ["alice", "bob", "carol", "dave", "erin"];
    let outcomes = order(&stage, Action::Revoke, &names).await;
    assert!(matches!(outcomes[0], Outcome::Failed(_)), "{outcomes:?}");
    for outcome in &outcomes[1..4] {
        assert!(matches!(outcome, Outcome::LeftToSweep(_)), "{outcome:?}");
    }
    assert_eq!(outcomes[4], Outcome::Done);
    assert_eq!(outcome::exit(&outcomes), Exit::Partly);
    for name in &names[..4] {
        assert!(stage.record(name).pending.is_some(), "{name}: nothing is lost");
    }
}

#[tokio::test(start_paused = true)]
async fn a_suspended_user_gets_nothing_until_an_operator_lifts_it() {
    let stage = Stage::new();
    let issued = stage.users(&["alice"]).await.remove(0);
    assert_eq!(order(&stage, Action::Suspend, &["alice"]).await, [Outcome::Done]);
    assert!(!stage.is_alive(&issued));
    assert!(matches!(stage.issue("alice", 1).await, Err(IssueError::Suspended)));
    assert_eq!(order(&stage, Action::Unsuspend, &["alice"]).await, [Outcome::Done]);
    assert!(stage.issue("alice", 1).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn lifting_a_suspension_is_done_though_acs_has_work_left() {
    let stage = Stage::new();
    let issued = stage.users(&["alice"]).await.remove(0);
    stage.refuse(&issued, 503);
    let outcomes = order(&stage, Action::Suspend, &["alice"]).await;
    assert!(matches!(outcomes[0], Outcome::LeftToSweep(_)), "{outcomes:?}");
    assert_eq!(order(&stage, Action::Unsuspend, &["alice"]).await, [Outcome::Done]);
    assert!(stage.record("alice").pending.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_deleted_user_has_no_identity_left() {
    let stage = Stage::new();
    let issued = stage.users(&["alice"]).await.remove(0);
    assert_eq!(order(&stage, Action::Delete, &["alice"]).await, [Outcome::Done]);
    assert!(!stage.is_alive(&issued));
    assert_eq!(stage.record("alice").binding, None);
}

#[tokio::test(start_paused = true)]
async fn a_user_without_a_record_is_locked_out_all_the_same() {
    let stage = Stage::new();
    assert_eq!(order(&stage, Action::Revoke, &["alice"]).await, [Outcome::Done]);
    assert!(matches!(stage.issue("alice", -5).await, Err(IssueError::SignInAgain)));
}

#[tokio::test(start_paused = true)]
async fn whoever_was_not_reached_before_an_interruption_is_named() {
    let stage = Stage::new();
    let names = ["a", "b", "c", "d"];
    let (broker, records) = (&stage.broker, &stage.records);
    let stop = sleep(Duration::from_millis(150));
    let all = testing::subjects(&names);
    let done = run(Action::Revoke, broker, records, &all, Progress::HIDDEN, stop).await;
    let outcomes: Vec<_> = done.users.into_iter().map(|user| user.outcome).collect();
    assert_eq!(outcomes[..2], [Outcome::Done, Outcome::Done]);
    assert_eq!(outcomes[2..], [Outcome::NotTried, Outcome::NotTried]);
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_says_what_would_happen_and_changes_nothing() {
    use Effect::{
        DeletesIdentity, EndsSessions, FinishesDeletion, LiftsSuspension, NotesThatNotSuspended,
        RevokesTokens, Suspends,
    };
    let stage = Stage::new();
    let issued = stage.users(&["alice", "bob"]).await;
    stage.refuse(&issued[1], 503);
    order(&stage, Action::Delete, &["bob"]).await;
    order(&stage, Action::Suspend, &["carol"]).await;
    let before = stage.rows();
    let all = testing::subjects(&["alice", "bob", "carol"]);
    for (action, expected) in [
        (
            Action::Revoke,
            [
                vec![EndsSessions, RevokesTokens],
                vec![EndsSessions, FinishesDeletion],
                vec![EndsSessions],
            ],
        ),
        (
            Action::Suspend,
            [
                vec![Suspends, EndsSessions, RevokesTokens],
                vec![Suspends, EndsSessions, FinishesDeletion],
                vec![Suspends, EndsSessions],
            ],
        ),
        (
            Action::Unsuspend,
            [vec![NotesThatNotSuspended], vec![NotesThatNotSuspended], vec![LiftsSuspension]],
        ),
        (
            Action::Delete,
            [
                vec![EndsSessions, DeletesIdentity],
                vec![EndsSessions, FinishesDeletion],
                vec![EndsSessions],
            ],
        ),
    ] {
        let plan = plan(action, &stage.records, &all, Progress::HIDDEN).await.unwrap();
        let effects: Vec<_> = plan.users.into_iter().map(|user| user.effects).collect();
        assert_eq!(effects, expected, "{action:?}");
    }
    assert_eq!(stage.rows(), before);
    assert!(stage.is_alive(&issued[0]));
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_sees_a_creation_that_would_come_to_nothing() {
    let stage = Stage::new();
    let lease = acs_broker_store_dynamodb::Lease {
        owner: acs_broker_store_dynamodb::Nonce::from_bits(1),
        until: now(),
        sign_in: acs_broker_store_dynamodb::EpochSeconds(0),
        void: false,
    };
    let record = Record { lease: Some(lease), ..Record::default() };
    stage.put(&stage.records.key(&subject("alice")), &record).await;
    let all = testing::subjects(&["alice"]);
    for (action, expected) in [
        (Action::Delete, vec![Effect::EndsSessions, Effect::EndsCreation]),
        (Action::Revoke, vec![Effect::EndsSessions]),
    ] {
        let plan = plan(action, &stage.records, &all, Progress::HIDDEN).await.unwrap();
        assert_eq!(plan.users[0].effects, expected);
    }
}

#[test]
fn an_operator_is_asked_before_many_users_and_before_anything_that_cannot_be_taken_back() {
    for action in [Action::Revoke, Action::Suspend, Action::Unsuspend] {
        assert_eq!(action.question(1), None, "{action:?}");
        assert!(action.question(2).unwrap().contains("2 users"), "{action:?}");
    }
    assert!(Action::Delete.question(1).unwrap().contains("1 user,"));
}

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[test]
fn a_file_names_each_user_once_whatever_an_editor_puts_around_them() {
    let lines = file("\u{feff}alice\r\n\n bob \nalice\nbob");
    let read = subjects_of(&lines).unwrap();
    assert_eq!(read, testing::subjects(&["alice", "bob"]));
}

#[test]
fn a_line_that_names_nobody_is_told_by_its_number_before_anything_is_done() {
    let lines = file("alice\n\nb\tob\n");
    let failure = subjects_of(&lines).unwrap_err();
    let said = crate::failure::chain(&failure);
    assert!(
        said.ends_with("line 3: subject: must be 1 to 255 characters without control characters"),
        "{said}"
    );
    assert_eq!(failure.exit(), Exit::Usage);
    let empty = file("\n\n");
    assert_eq!(subjects_of(&empty).unwrap_err().exit(), Exit::Usage);
    let missing = subjects(&[], Some(Path::new("/nowhere/users"))).unwrap_err();
    assert_eq!(missing.exit(), Exit::Failed);
}

fn subjects_of(file: &NamedTempFile) -> Result<Vec<Subject>, Failure> {
    super::subjects(&[], Some(file.path()))
}
