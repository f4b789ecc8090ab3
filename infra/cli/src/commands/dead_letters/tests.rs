//! Tests of `acs-broker dead-letters`.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use serde_json::json;

use super::list::{DeadLetter, ListReport, list};
use super::replay::{ReplayReport, ReplayedMessage, replay};
use crate::error::CliError;
use crate::exit::Exit;
use crate::outcome::Outcome;
use crate::progress::Progress;
use crate::queues::{DeadLetterQueue, EventQueue};
use crate::report::Report as _;
use crate::testing::aws::FakeAws;
use crate::testing::{self, now};
use acs_broker_config::error_chain;

const REVOKE: &str = "https://sqs/revoke";
const DELETE: &str = "https://sqs/delete";
const REVOKE_DEAD: &str = "https://sqs/revoke-dead";
const DELETE_DEAD: &str = "https://sqs/delete-dead";
const RULE_DEAD: &str = "https://sqs/rule-dead";

fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../aws/events/identity");
    fs::read_to_string(folder.join(name)).unwrap()
}

/// Returns an AWS with a message in each dead-letter queue.
fn aws() -> FakeAws {
    let fake = FakeAws::default();
    let sent = now().as_millisecond() - 90_000;
    let system = json!({"SentTimestamp": sent.to_string(), "ApproximateReceiveCount": "6",
        "AWSTraceHeader": "Root=1-5759e988-bd862e3fe1be46a994272793"});
    fake.send(REVOKE_DEAD, "poison", json!({}), system.clone());
    fake.send(DELETE_DEAD, &fixture("cognito-delete-user.json"), json!({}), system.clone());
    let reason = json!({"ERROR_CODE": {"DataType": "String", "StringValue": "NO_PERMISSIONS"}});
    fake.send(RULE_DEAD, &fixture("generic-password-changed.json"), reason, system);
    fake
}

async fn replay_all(fake: &FakeAws) -> ReplayReport {
    replay(&fake.queues(), false, |_| Ok(()), Progress::HIDDEN).await.unwrap()
}

mod listing {
    use super::*;

    /// The messages stay in their queues, and everyone can receive them at once.
    #[tokio::test]
    async fn leaves_messages_in_their_queues() {
        let fake = aws();
        let report = list(&fake.queues(), now()).await.unwrap();
        assert_eq!(report.dead_letters.len(), 3);
        for queue in [REVOKE_DEAD, DELETE_DEAD, RULE_DEAD] {
            assert_eq!(fake.visible(queue).len(), 1, "{queue}");
        }
    }

    /// A message is described without anything that identifies a user.
    #[tokio::test]
    async fn shows_nothing_of_the_user() {
        let report = list(&aws().queues(), now()).await.unwrap();
        let [poison, _, rule] = &report.dead_letters[..] else { panic!("{report:?}") };
        assert_eq!((poison.age_seconds, poison.receive_count), (Some(90), Some(6)));
        assert_eq!((&poison.source, &poison.event_id), (&None, &None));
        assert_eq!(rule.source.as_deref(), Some("com.example.accounts"));
        assert_eq!(rule.detail_type.as_deref(), Some("PasswordChanged"));
        assert_eq!(rule.event_time.as_deref(), Some("2026-11-20T12:00:00Z"));
        assert_eq!(rule.reason.as_deref(), Some("NO_PERMISSIONS"));
        let all = format!("{report}{}", serde_json::to_string(&report).unwrap());
        for private in ["alice", "a11ce", "poison"] {
            assert!(!all.contains(private), "{all}");
        }
    }

    /// More messages than a queue returns at once are all found.
    #[tokio::test]
    async fn finds_more_than_one_batch() {
        let fake = FakeAws::default();
        for number in 0..25 {
            fake.send(REVOKE_DEAD, &number.to_string(), json!({}), json!({}));
        }
        assert_eq!(list(&fake.queues(), now()).await.unwrap().dead_letters.len(), 25);
        assert_eq!(replay_all(&fake).await.messages.len(), 25);
        assert_eq!((fake.visible(REVOKE).len(), fake.visible(REVOKE_DEAD).len()), (25, 0));
    }

    /// A queue that may not be read ends the command with AWS's reason.
    #[tokio::test]
    async fn unreadable_queue_quotes_aws() {
        let fake = aws();
        fake.fail("ReceiveMessage");
        let error = list(&fake.queues(), now()).await.unwrap_err();
        let error = error_chain(&CliError::Queue(error));
        assert!(error.ends_with("ReceiveMessage: AccessDenied: not ReceiveMessage"), "{error}");
    }

    /// Control characters that others wrote do not reach the terminal.
    #[test]
    fn prints_no_control_characters() {
        let letter = DeadLetter {
            queue: DeadLetterQueue::Rule,
            message_id: Some("m-1".to_owned()),
            age_seconds: Some(90_061),
            receive_count: Some(6),
            source: Some("example\u{1b}[2J\n".to_owned()),
            detail_type: Some("Blocked".to_owned()),
            event_id: None,
            event_time: None,
            reason: Some("DENIED".to_owned()),
        };
        let report = ListReport { dead_letters: vec![letter] };
        assert_snapshot!(report, @"
        QUEUE  AGE        RECEIVED  SOURCE        DETAIL TYPE  EVENT ID  EVENT TIME  REASON
        rule   25h 1m 1s  6         example�[2J�  Blocked      -         -           DENIED
        ");
        assert_snapshot!(testing::to_json(&report), @r#"
        {
          "deadLetters": [
            {
              "queue": "rule",
              "messageId": "m-1",
              "ageSeconds": 90061,
              "receiveCount": 6,
              "source": "example\u001b[2J\n",
              "detailType": "Blocked",
              "eventId": null,
              "eventTime": null,
              "reason": "DENIED"
            }
          ]
        }
        "#);
    }

    /// An empty report is a sentence, not an empty table.
    #[test]
    fn empty_is_a_sentence() {
        assert_snapshot!(ListReport { dead_letters: vec![] }, @"No dead letters.");
        let replay = ReplayReport { dry_run: false, messages: vec![] };
        assert_snapshot!(replay, @"No dead letters.");
        assert_eq!(replay.exit(), Exit::Done);
    }
}

mod replaying {
    use super::*;

    /// An event returns to its queue with all its attributes.
    #[tokio::test]
    async fn keeps_attributes_and_trace() {
        let fake = aws();
        let report = replay_all(&fake).await;
        assert_eq!(report.exit(), Exit::Done);
        let expected = ["poison".to_owned(), fixture("generic-password-changed.json")];
        assert_eq!(fake.visible(REVOKE), expected);
        assert_eq!(fake.visible(DELETE), [fixture("cognito-delete-user.json")]);
        for queue in [REVOKE_DEAD, DELETE_DEAD, RULE_DEAD] {
            assert!(fake.carried(queue).is_empty(), "{queue}");
        }
        let (attributes, system) = fake.carried(REVOKE).remove(1);
        assert_eq!(attributes["ERROR_CODE"]["StringValue"], "NO_PERMISSIONS");
        let trace = &system["AWSTraceHeader"]["StringValue"];
        assert_eq!(trace, "Root=1-5759e988-bd862e3fe1be46a994272793");
    }

    /// An event that never reached a queue goes where its rule would have sent it.
    #[tokio::test]
    async fn rule_failure_goes_to_its_queue() {
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

    /// A dry run names the target of each message and moves none.
    #[tokio::test]
    async fn dry_run_moves_nothing() {
        let fake = aws();
        let (queues, ask) = (fake.queues(), |_: &str| panic!("asked"));
        let report = replay(&queues, true, ask, Progress::HIDDEN).await.unwrap();
        let to: Vec<_> = report.messages.iter().map(|message| message.to).collect();
        assert_eq!(to, [EventQueue::Revoke, EventQueue::Delete, EventQueue::Revoke]);
        assert!(report.messages.iter().all(|message| message.outcome.is_none()));
        for queue in [REVOKE_DEAD, DELETE_DEAD, RULE_DEAD] {
            assert_eq!(fake.visible(queue).len(), 1, "{queue}");
        }
    }

    /// An operator who declines leaves everything as it was.
    #[tokio::test]
    async fn declined_replay_moves_nothing() {
        let fake = aws();
        let mut asked = String::new();
        let decline = |question: &str| {
            question.clone_into(&mut asked);
            Err(CliError::Declined)
        };
        let report = replay(&fake.queues(), false, decline, Progress::HIDDEN).await;
        assert!(matches!(report, Err(CliError::Declined)), "{report:?}");
        assert!(asked.contains("3 messages"), "{asked}");
        assert_eq!(fake.visible(RULE_DEAD).len(), 1);
        assert!(fake.visible(REVOKE).is_empty());
    }

    /// A message that cannot be sent stays, and the others are replayed.
    #[tokio::test]
    async fn unsent_message_stays() {
        let fake = aws();
        fake.fail("SendMessage");
        let report = replay_all(&fake).await;
        assert_eq!(report.exit(), Exit::Partial);
        let outcomes: Vec<_> = report.messages.iter().map(|m| m.outcome.clone().unwrap()).collect();
        assert!(matches!(&outcomes[0], Outcome::Failed(why) if why.contains("AccessDenied")));
        assert_eq!(outcomes[1..], [Outcome::Done, Outcome::Done]);
        assert_eq!(fake.visible(REVOKE_DEAD), ["poison"]);
    }

    /// An event is sent before it is deleted: twice is harmless, never is not.
    #[tokio::test]
    async fn sends_before_it_deletes() {
        let fake = aws();
        fake.fail("DeleteMessage");
        assert_eq!(replay_all(&fake).await.exit(), Exit::Partial);
        assert_eq!(fake.visible(REVOKE)[0], "poison");
        assert_eq!(fake.visible(REVOKE_DEAD), ["poison"]);
    }

    /// Both forms of a report with every outcome.
    #[test]
    fn prints_every_outcome() {
        let message = |outcome| ReplayedMessage {
            queue: DeadLetterQueue::Rule,
            to: EventQueue::Delete,
            message_id: Some("m-1".to_owned()),
            event_id: Some("e-1".to_owned()),
            outcome,
        };
        let failed = Some(Outcome::Failed("no response".to_owned()));
        let messages = vec![message(Some(Outcome::Done)), message(failed), message(None)];
        let report = ReplayReport { dry_run: false, messages };
        assert_snapshot!(report, @"
        FROM  TO      EVENT ID  RESULT
        rule  delete  e-1       replayed
        rule  delete  e-1       failed             no response
        rule  delete  e-1       would be replayed
        ");
        assert_snapshot!(testing::to_json(&report), @r#"
        {
          "dryRun": false,
          "messages": [
            {
              "queue": "rule",
              "to": "delete",
              "messageId": "m-1",
              "eventId": "e-1",
              "outcome": "done"
            },
            {
              "queue": "rule",
              "to": "delete",
              "messageId": "m-1",
              "eventId": "e-1",
              "outcome": "failed",
              "why": "no response"
            },
            {
              "queue": "rule",
              "to": "delete",
              "messageId": "m-1",
              "eventId": "e-1"
            }
          ]
        }
        "#);
    }
}
