//! Tests of operations on many users that hold for every operation.

use std::time::Duration;

use insta::assert_snapshot;
use tokio::time::sleep;

use super::*;
use crate::testing::{self, Harness, to_json};

const REVOKE: UsersCommand = UsersCommand {
    operation: Operation::REVOKE,
    done: "revoked",
    question: |_| None,
    effects: |_| Vec::new(),
};

mod interruption {
    use super::*;

    /// Users that were not reached before an interruption are in the report.
    #[tokio::test(start_paused = true)]
    async fn names_users_not_tried() {
        let harness = Harness::new();
        let subjects = testing::subjects(&["a", "b", "c", "d"]);
        let stop = sleep(Duration::from_millis(150));
        let (broker, records) = (&harness.broker, &harness.records);
        let report = REVOKE.execute(&subjects, broker, records, Progress::HIDDEN, stop).await;
        let outcomes: Vec<_> = report.users.into_iter().map(|user| user.outcome).collect();
        assert_eq!(outcomes[..2], [Outcome::Unknown, Outcome::Unknown]);
        assert_eq!(outcomes[2..], [Outcome::NotTried, Outcome::NotTried]);
    }
}

mod report {
    use super::*;

    /// Both forms of a report with every outcome.
    #[test]
    fn prints_every_outcome() {
        let user = |subject: &str, outcome| UserResult { subject: subject.to_owned(), outcome };
        let outcomes = [
            Outcome::Done,
            Outcome::Unknown,
            Outcome::Deferred("too many requests".to_owned()),
            Outcome::Failed("no response".to_owned()),
            Outcome::NotTried,
        ];
        let names = ["alice", "\"alice\"", "bob", "carol", "dave"];
        let report = UsersReport {
            operation: Operation::REVOKE,
            done: "revoked",
            summary: Summary::of(&outcomes),
            users: names
                .into_iter()
                .zip(outcomes)
                .map(|(name, outcome)| user(name, outcome))
                .collect(),
        };
        assert_snapshot!(report, @r#"
        SUBJECT  RESULT
        alice    revoked
        "alice"  unknown user           nothing was known of this user; check the subject
        bob      deferred to the sweep  too many requests
        carol    failed                 no response
        dave     not tried

        5 users: 1 revoked, 1 unknown, 1 deferred to the sweep, 1 failed, 1 not tried
        "#);
        assert_snapshot!(to_json(&report), @r#"
        {
          "operation": "revoke",
          "users": [
            {
              "subject": "alice",
              "outcome": "done"
            },
            {
              "subject": "\"alice\"",
              "outcome": "unknown"
            },
            {
              "subject": "bob",
              "outcome": "deferred",
              "why": "too many requests"
            },
            {
              "subject": "carol",
              "outcome": "failed",
              "why": "no response"
            },
            {
              "subject": "dave",
              "outcome": "notTried"
            }
          ],
          "summary": {
            "done": 1,
            "unknown": 1,
            "deferred": 1,
            "failed": 1,
            "notTried": 1
          }
        }
        "#);
        assert_eq!(report.exit(), Exit::Partial);
    }
}
