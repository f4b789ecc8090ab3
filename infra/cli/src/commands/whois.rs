//! `acs-broker whois`: the user behind an ACS identity.

use std::fmt;

use acs_broker_core::{RecordKey, StoreError, UserStore};
use clap::Args;
use identity_client::IdentityId;
use serde::Serialize;

use crate::error::CliError;
use crate::exit::Exit;
use crate::records::Records;
use crate::report::Report;
use crate::session::Session;
use crate::text_table::columns;
use crate::unreadable::{Paragraph, UnreadableRow};
use crate::user_state::UserState;

const EXAMPLES: &str = "\
Examples:
  acs-broker whois 8:acs:00000000-1111-4222-8333-444455556666_00000000-1111-2222-3333-444455556666

An abuse report names only the ACS identity. The command reads the whole table.";

/// Find the user who has an ACS identity
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct WhoisArgs {
    /// The identity, such as `8:acs:…`
    identity: IdentityId,
}

/// Reports who has an identity.
#[derive(Debug, Serialize)]
pub(crate) struct WhoisReport {
    identity: String,
    /// The user; absent where the table knows none.
    user: Option<User>,
    /// Whether the identity belongs to no user and waits to be deleted.
    orphan: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unreadable: Vec<UnreadableRow>,
}

#[derive(Debug, Serialize)]
struct User {
    subject: String,
    issuer: String,
    state: UserState,
}

impl WhoisArgs {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, CliError> {
        let stack = session.find_stack().await?;
        session.print(&self.find(&stack.records).await?)
    }

    async fn find<T: UserStore>(&self, records: &Records<T>) -> Result<WhoisReport, StoreError> {
        let mut orphan = false;
        let scanned = records
            .scan(|key, record| {
                if record.bound().is_none_or(|bound| bound.id != self.identity) {
                    return None;
                }
                match key {
                    RecordKey::User(issuer, subject) => Some(User {
                        subject: subject.as_str().to_owned(),
                        issuer: issuer.as_str().to_owned(),
                        state: UserState::of(&record),
                    }),
                    RecordKey::Orphan(_) => {
                        orphan = true;
                        None
                    }
                    RecordKey::AllUsers => None,
                }
            })
            .await?;
        let (user, unreadable) = (scanned.picked.into_iter().next(), scanned.unreadable);
        Ok(WhoisReport { identity: self.identity.to_string(), user, orphan, unreadable })
    }
}

impl Report for WhoisReport {
    fn exit(&self) -> Exit {
        if self.user.is_some() || self.orphan { Exit::Done } else { Exit::Partial }
    }
}

impl fmt::Display for WhoisReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.user {
            Some(user) => {
                let rows = [
                    ["subject".to_owned(), user.subject.clone()],
                    ["issuer".to_owned(), user.issuer.clone()],
                    ["state".to_owned(), user.state.text().to_owned()],
                ];
                write!(f, "{}", columns(None, rows))
            }
            None if self.orphan => writeln!(f, "No user has it; it is an orphan, to be deleted."),
            None => {
                writeln!(f, "No user has it. It may be deleted, or another resource's.")?;
                write!(f, "{}", Paragraph(&self.unreadable))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::testing::Harness;

    /// Support finds the user whom an abuse report names by the ACS identity alone.
    #[tokio::test(start_paused = true)]
    async fn identity_leads_to_user() {
        let harness = Harness::new();
        let issued = harness.users(&["alice", "bob"]).await;
        let args = WhoisArgs { identity: issued[1].token.identity.clone() };
        let report = args.find(&harness.records).await.unwrap();
        assert_eq!(report.exit(), Exit::Done);
        assert_eq!(report.user.unwrap().subject, "bob");
    }

    /// An identity that the table does not know is a result of its own, and not a success.
    #[tokio::test(start_paused = true)]
    async fn unknown_identity_is_a_sentence() {
        let harness = Harness::new();
        harness.users(&["alice"]).await;
        let args = WhoisArgs { identity: "8:acs:a_b".parse().unwrap() };
        let report = args.find(&harness.records).await.unwrap();
        assert_eq!(report.exit(), Exit::Partial);
        assert_snapshot!(report, @"No user has it. It may be deleted, or another resource's.");
    }
}
