use std::fs;
use std::path::Path;

use serde_json::json;

use super::*;
use crate::output::{Exit, Report as _};
use crate::testing::aws::FakeAws;
use crate::testing::now;

const REVOKE: &str = "https://sqs/revoke";
const DELETE: &str = "https://sqs/delete";
const REVOKE_DEAD: &str = "https://sqs/revoke-dead";
const DELETE_DEAD: &str = "https://sqs/delete-dead";
const RULE_DEAD: &str = "https://sqs/rule-dead";

fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../aws/events/identity");
    fs::read_to_string(folder.join(name)).unwrap()
}

/// A dead letter in each queue.
fn mailbox() -> FakeAws {
    let fake = FakeAws::default();
    let sent = now().as_millisecond() - 90_000;
    let system = json!({"SentTimestamp": sent.to_string(), "ApproximateReceiveCount": "6",
        "AWSTraceHeader": "Root=1-5759e988-bd862e3fe1be46a994272793"});
    fake.send(REVOKE_DEAD, "poison", json!({}), system.clone());
    fake.send(DELETE_DEAD, &fixture("cognito-delete-user.json"), json!({}), system.clone());
    let why = json!({"ERROR_CODE": {"DataType": "String", "StringValue": "NO_PERMISSIONS"}});
    fake.send(RULE_DEAD, &fixture("generic-password-changed.json"), why, system);
    fake
}

async fn replay_all(fake: &FakeAws) -> Replay {
    replay(&fake.queues(), false, true, None, Progress::HIDDEN).await.unwrap()
}

#[tokio::test]
async fn looking_at_dead_letters_leaves_them_where_they_are() {
    let fake = mailbox();
    let listing = list(&fake.queues(), now()).await.unwrap();
    assert_eq!(listing.dead_letters.len(), 3);
    for queue in [REVOKE_DEAD, DELETE_DEAD, RULE_DEAD] {
        assert_eq!(fake.visible(queue).len(), 1, "{queue}: at once, and for everybody");
    }
}

#[tokio::test]
async fn a_dead_letter_is_described_without_a_word_of_whom_it_is_about() {
    let listing = list(&mailbox().queues(), now()).await.unwrap();
    let [poison, _, rule] = &listing.dead_letters[..] else { panic!("{listing:?}") };
    assert_eq!((poison.age_seconds, poison.receive_count), (Some(90), Some(6)));
    assert_eq!((&poison.source, &poison.event_id), (&None, &None));
    assert_eq!(rule.source.as_deref(), Some("com.example.accounts"));
    assert_eq!(rule.detail_type.as_deref(), Some("PasswordChanged"));
    assert_eq!(rule.event_time.as_deref(), Some("2026-11-20T12:00:00Z"));
    assert_eq!(rule.reason.as_deref(), Some("NO_PERMISSIONS"));
    let all = format!("{listing}{}", serde_json::to_string(&listing).unwrap());
    assert!(!all.contains("alice") && !all.contains("a11ce") && !all.contains("poison"), "{all}");
}

#[tokio::test]
async fn more_dead_letters_than_a_queue_gives_at_once_are_all_found() {
    let fake = FakeAws::default();
    for number in 0..25 {
        fake.send(REVOKE_DEAD, &number.to_string(), json!({}), json!({}));
    }
    assert_eq!(list(&fake.queues(), now()).await.unwrap().dead_letters.len(), 25);
    assert_eq!(replay_all(&fake).await.messages.len(), 25);
    assert_eq!((fake.visible(REVOKE).len(), fake.visible(REVOKE_DEAD).len()), (25, 0));
}

#[tokio::test]
async fn a_replayed_event_goes_back_to_its_queue_with_all_it_carried() {
    let fake = mailbox();
    let replayed = replay_all(&fake).await;
    assert_eq!(replayed.exit(), Exit::Done);
    assert_eq!(
        fake.visible(REVOKE),
        ["poison".to_owned(), fixture("generic-password-changed.json")]
    );
    assert_eq!(fake.visible(DELETE), [fixture("cognito-delete-user.json")]);
    for queue in [REVOKE_DEAD, DELETE_DEAD, RULE_DEAD] {
        assert!(fake.carried(queue).is_empty(), "{queue}");
    }
    let (attributes, system) = fake.carried(REVOKE).remove(1);
    assert_eq!(attributes["ERROR_CODE"]["StringValue"], "NO_PERMISSIONS");
    let trace = &system["AWSTraceHeader"]["StringValue"];
    assert_eq!(trace, "Root=1-5759e988-bd862e3fe1be46a994272793");
}

#[tokio::test]
async fn an_event_that_never_reached_a_queue_goes_where_its_rule_would_have_sent_it() {
    for (name, to) in [
        ("cognito-delete-user.json", DELETE),
        ("cognito-admin-delete-user.json", DELETE),
        ("auth0-user-deleted.json", DELETE),
        ("auth0-stream-user-deleted.json", DELETE),
        ("okta-delete-initiated.json", DELETE),
        ("generic-user-deleted.json", DELETE),
        ("cognito-change-password.json", REVOKE),
        ("auth0-stream-user-blocked.json", REVOKE),
        ("okta-suspend.json", REVOKE),
        ("generic-misspelt-kind.json", REVOKE),
    ] {
        let fake = FakeAws::default();
        fake.send(RULE_DEAD, &fixture(name), json!({}), json!({}));
        replay_all(&fake).await;
        assert_eq!(fake.visible(to).len(), 1, "{name}");
    }
}

#[tokio::test]
async fn a_dry_run_tells_where_each_would_go_and_moves_nothing() {
    let fake = mailbox();
    let replay = replay(&fake.queues(), true, false, None, Progress::HIDDEN).await.unwrap();
    let to: Vec<_> = replay.messages.iter().map(|message| message.to).collect();
    assert_eq!(to, [EventQueue::Revoke, EventQueue::Delete, EventQueue::Revoke]);
    assert!(replay.messages.iter().all(|message| message.outcome.is_none()));
    for queue in [REVOKE_DEAD, DELETE_DEAD, RULE_DEAD] {
        assert_eq!(fake.visible(queue).len(), 1, "{queue}");
    }
}

#[tokio::test]
async fn an_operator_who_says_no_leaves_everything_as_it_was() {
    let fake = mailbox();
    let mut asked = String::new();
    let mut no = |question: &str| {
        question.clone_into(&mut asked);
        Ok(false)
    };
    let replay = replay(&fake.queues(), false, false, Some(&mut no), Progress::HIDDEN).await;
    assert!(matches!(replay, Err(Failure::Declined)), "{replay:?}");
    assert!(asked.contains("3 messages"), "{asked}");
    assert_eq!(fake.visible(RULE_DEAD).len(), 1);
    assert!(fake.visible(REVOKE).is_empty());
}

#[tokio::test]
async fn a_message_that_can_not_be_sent_stays_and_the_others_are_put_back() {
    let fake = mailbox();
    fake.fail("SendMessage");
    let replayed = replay_all(&fake).await;
    assert_eq!(replayed.exit(), Exit::Partly);
    let outcomes: Vec<_> = replayed.messages.iter().map(|m| m.outcome.clone().unwrap()).collect();
    assert!(matches!(&outcomes[0], Outcome::Failed(why) if why.contains("AccessDenied")));
    assert_eq!(outcomes[1..], [Outcome::Done, Outcome::Done]);
    assert_eq!(fake.visible(REVOKE_DEAD), ["poison"]);
}

#[tokio::test]
async fn an_event_is_never_deleted_before_it_is_sent() {
    let fake = mailbox();
    fake.fail("DeleteMessage");
    assert_eq!(replay_all(&fake).await.exit(), Exit::Partly);
    assert_eq!(fake.visible(REVOKE)[0], "poison", "twice is harmless, never is not");
    assert_eq!(fake.visible(REVOKE_DEAD), ["poison"]);
}

#[tokio::test]
async fn a_queue_that_may_not_be_read_is_named_with_awss_reason() {
    let fake = mailbox();
    fake.fail("ReceiveMessage");
    let error = chain(&Failure::Queue(list(&fake.queues(), now()).await.unwrap_err()));
    assert!(error.ends_with("ReceiveMessage: AccessDenied: not ReceiveMessage"), "{error}");
}
