//! `acs-broker list`: the users of a stack.

use std::fmt;

use acs_broker_core::{Record, RecordKey, StoreError, UserStore};
use clap::Args;
use identity_client::Timestamp;
use serde::Serialize;

use crate::error::CliError;
use crate::exit::Exit;
use crate::records::{Records, Scanned, instant};
use crate::report::Report;
use crate::session::Session;
use crate::style::Paint;
use crate::text_table::{columns, none, when};
use crate::unreadable::{Paragraph, UnreadableRow, exit_with};
use crate::user_state::UserState;

const EXAMPLES: &str = "\
Examples:
  acs-broker list --state suspended --state deletion-pending
  acs-broker --local --json list --search @example.com";

/// List users, with their state and identity
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ListArgs {
    /// Only users in this state; may be given more than once
    #[arg(long, value_enum)]
    pub(super) state: Vec<UserState>,

    /// Only users whose subject or ACS identity contains this text, in upper or lower case
    #[arg(long, value_name = "TEXT")]
    pub(super) search: Option<String>,
}

/// Reports users.
#[derive(Debug, Serialize)]
pub(crate) struct ListReport {
    users: Vec<User>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unreadable: Vec<UnreadableRow>,
    #[serde(skip)]
    now: Timestamp,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct User {
    subject: String,
    issuer: String,
    state: UserState,
    identity: Option<String>,
    sessions_valid_after: Option<Timestamp>,
}

impl ListArgs {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, CliError> {
        let stack = session.find_stack().await?;
        session.print(&self.find(&stack.records).await?)
    }

    /// Reads the whole table.
    pub(super) async fn find<T: UserStore>(
        &self,
        records: &Records<T>,
    ) -> Result<ListReport, StoreError> {
        let scanned = records.scan(|key, record| self.user(&key, &record)).await?;
        let Scanned { picked: mut users, unreadable } = scanned;
        users.sort_by(|one, other| {
            (&one.issuer, &one.subject).cmp(&(&other.issuer, &other.subject))
        });
        Ok(ListReport { users, unreadable, now: records.deadline().now() })
    }

    fn user(&self, key: &RecordKey, record: &Record) -> Option<User> {
        let RecordKey::User(issuer, subject) = key else { return None };
        let state = UserState::of(record);
        let is_wanted = self.state.is_empty() || self.state.contains(&state);
        let identity = record.bound().map(|bound| bound.id.to_string());
        let is_found = self.search.as_ref().is_none_or(|text| {
            let text = text.to_lowercase();
            let contains = |name: &str| name.to_lowercase().contains(&text);
            contains(subject.as_str()) || identity.as_deref().is_some_and(contains)
        });
        (is_wanted && is_found).then(|| User {
            subject: subject.as_str().to_owned(),
            issuer: issuer.as_str().to_owned(),
            state,
            identity,
            sessions_valid_after: record.sessions_valid_after.map(instant),
        })
    }
}

impl ListReport {
    /// Returns the number of users.
    pub(super) fn count(&self) -> usize {
        self.users.len()
    }
}

impl Report for ListReport {
    fn exit(&self) -> Exit {
        exit_with(&self.unreadable, Exit::Done)
    }

    fn painted(&self, paint: Paint) -> String {
        let text = self.to_string();
        let mut painted = String::new();
        for (index, line) in text.lines().enumerate() {
            // The header is the first line; then comes a line for each user.
            let user = index.checked_sub(1).and_then(|index| self.users.get(index));
            let split = user.and_then(|user| line.split_at_checked(user.subject.len()));
            match (user, split) {
                (Some(user), Some((subject, rest))) => {
                    let state = user.state.text();
                    let rest = rest.replacen(state, &paint.paint(user.state.style(), state), 1);
                    painted.push_str(subject);
                    painted.push_str(&rest);
                }
                _ => painted.push_str(line),
            }
            painted.push('\n');
        }
        painted
    }
}

impl fmt::Display for ListReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.users.is_empty() {
            return write!(f, "No such users.\n{}", Paragraph(&self.unreadable));
        }
        let rows = self.users.iter().map(|user| {
            let identity = user.identity.clone().unwrap_or_else(none);
            let cutoff = user.sessions_valid_after.map_or_else(none, |at| when(at, self.now));
            [user.subject.clone(), user.state.text().to_owned(), identity, cutoff]
        });
        let header = ["SUBJECT", "STATE", "IDENTITY", "CUTOFF"];
        write!(f, "{}", columns(Some(header), rows))?;
        let count = self.users.len();
        writeln!(f, "\n{count} {}", if count == 1 { "user" } else { "users" })?;
        write!(f, "{}", Paragraph(&self.unreadable))
    }
}

#[cfg(test)]
mod tests {
    use acs_broker_core::Operation;
    use insta::assert_snapshot;

    use super::*;
    use crate::outcome::Outcome;
    use crate::testing::{Harness, now, second, subject, to_json};

    async fn three_users() -> Harness {
        let harness = Harness::new();
        harness.users(&["alice", "bob", "carol"]).await;
        for (name, operation) in [("bob", Operation::Suspend), ("carol", Operation::Delete)] {
            let key = harness.records.key(&subject(name));
            let outcome =
                crate::operation::execute(operation, &key, &harness.broker, &harness.records).await;
            assert_eq!(outcome, Outcome::Done);
        }
        harness
    }

    /// An operator sees who is in which state, and finds users by a part of their name.
    #[tokio::test(start_paused = true)]
    async fn filters_by_state_and_text() {
        let harness = three_users().await;
        for (state, search, expected) in [
            (vec![], None, vec!["alice", "bob", "carol"]),
            (vec![UserState::Suspended], None, vec!["bob"]),
            (vec![UserState::Active, UserState::Deleted], None, vec!["alice", "carol"]),
            (vec![], Some("O"), vec!["bob", "carol"]),
            (vec![UserState::Active], Some("8:ACS:"), vec!["alice"]),
            (vec![UserState::Creating], None, vec![]),
        ] {
            let args = ListArgs { state, search: search.map(str::to_owned) };
            let report = args.find(&harness.records).await.unwrap();
            let found: Vec<_> = report.users.iter().map(|user| user.subject.as_str()).collect();
            assert_eq!(found, expected, "{args:?}");
        }
    }

    /// A row of a newer version does not hide the other users, and a script notices it.
    #[tokio::test(start_paused = true)]
    async fn unreadable_row_is_named() {
        let harness = three_users().await;
        harness.make_unreadable("bob");
        let report = ListArgs { state: vec![], search: None }.find(&harness.records).await.unwrap();
        assert_eq!((report.count(), report.exit()), (2, Exit::Partial));
        assert!(report.to_string().contains("user https://idp.example bob"), "{report}");
        assert!(to_json(&report).contains("revision: must be text"));
    }

    /// Both forms of the report.
    #[test]
    fn prints_table_and_document() {
        let user = User {
            subject: "alice".to_owned(),
            issuer: "https://idp.example".to_owned(),
            state: UserState::RevocationPending,
            identity: Some("8:acs:a_b".to_owned()),
            sessions_valid_after: Some(second(0)),
        };
        let report = ListReport { users: vec![user], unreadable: vec![], now: now() };
        assert_snapshot!(report, @"
        SUBJECT  STATE               IDENTITY   CUTOFF
        alice    revocation pending  8:acs:a_b  now, 2026-11-23T12:00:00Z

        1 user
        ");
        assert_snapshot!(to_json(&report), @r#"
        {
          "users": [
            {
              "subject": "alice",
              "issuer": "https://idp.example",
              "state": "revocation-pending",
              "identity": "8:acs:a_b",
              "sessionsValidAfter": "2026-11-23T12:00:00Z"
            }
          ]
        }
        "#);
    }

    /// On a terminal the state has its colour, and a user who is called like a state has not.
    #[test]
    fn state_is_coloured() {
        let user = User {
            subject: "active".to_owned(),
            issuer: "https://idp.example".to_owned(),
            state: UserState::Active,
            identity: None,
            sessions_valid_after: None,
        };
        let report = ListReport { users: vec![user], unreadable: vec![], now: now() };
        assert_eq!(report.painted(Paint::PLAIN), report.to_string());
        let painted = report.painted(Paint::COLOURED);
        assert!(painted.contains("\nactive   \u{1b}[32mactive\u{1b}[0m"), "{painted:?}");
    }

    /// An empty result is a sentence, not an empty table.
    #[test]
    fn empty_is_a_sentence() {
        assert_snapshot!(ListReport { users: vec![], unreadable: vec![], now: now() }, @"No such users.");
    }
}
