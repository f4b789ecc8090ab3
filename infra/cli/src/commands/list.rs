//! `acs-broker list`: the users of a stack.

use std::fmt;
use std::io::{self, Write};
use std::num::NonZeroUsize;

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
  acs-broker --local --json list --search @example.com --limit 100

With --json each user is a line of its own. The command reads the whole table.";

/// What a shortened identity begins with, and how many characters of its end it has.
const IDENTITY_BEGIN: &str = "8:acs:";
/// See [`IDENTITY_BEGIN`].
const IDENTITY_END: usize = 12;

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

    /// At most so many users, the first ones by issuer and subject
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<NonZeroUsize>,

    /// Show each identity in full, and the issuer
    #[arg(long)]
    pub(super) wide: bool,
}

/// Reports users.
#[derive(Debug, Serialize)]
pub(crate) struct ListReport {
    users: Vec<User>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unreadable: Vec<UnreadableRow>,
    /// How many users there are, shown or not.
    total: usize,
    #[serde(skip)]
    is_wide: bool,
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
        let total = users.len();
        users.truncate(self.limit.map_or(total, NonZeroUsize::get));
        Ok(ListReport {
            users,
            unreadable,
            total,
            is_wide: self.wide,
            now: records.deadline().now(),
        })
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
    /// A user a line: a script can begin with the first one, and no list is too long.
    fn write_json(&self, output: &mut dyn Write) -> io::Result<()> {
        for user in &self.users {
            serde_json::to_writer(&mut *output, user)?;
            writeln!(output)?;
        }
        for row in &self.unreadable {
            serde_json::to_writer(&mut *output, &serde_json::json!({ "unreadable": row }))?;
            writeln!(output)?;
        }
        Ok(())
    }

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
            let cutoff = user.sessions_valid_after.map_or_else(none, |at| when(at, self.now));
            (user, [user.subject.clone(), user.state.text().to_owned()], cutoff)
        });
        let text = if self.is_wide {
            let header = ["SUBJECT", "STATE", "IDENTITY", "CUTOFF", "ISSUER"];
            let rows = rows.map(|(user, [subject, state], cutoff)| {
                let identity = user.identity.clone().unwrap_or_else(none);
                [subject, state, identity, cutoff, user.issuer.clone()]
            });
            columns(Some(header), rows)
        } else {
            let header = ["SUBJECT", "STATE", "IDENTITY", "CUTOFF"];
            let rows = rows.map(|(user, [subject, state], cutoff)| {
                let identity = user.identity.as_deref().map_or_else(none, shortened);
                [subject, state, identity, cutoff]
            });
            columns(Some(header), rows)
        };
        write!(f, "{text}")?;
        let (shown, total) = (self.users.len(), self.total);
        let of_all = if shown < total { format!("{shown} of ") } else { String::new() };
        writeln!(f, "\n{of_all}{total} {}", if total == 1 { "user" } else { "users" })?;
        write!(f, "{}", Paragraph(&self.unreadable))
    }
}

/// Returns an identity by its end, which tells it from the resource's others.
fn shortened(identity: &str) -> String {
    let end = identity.char_indices().nth_back(IDENTITY_END - 1).map_or(0, |(at, _)| at);
    match identity.split_at_checked(end) {
        Some((begin, end)) if begin.len() > IDENTITY_BEGIN.len() => {
            format!("{IDENTITY_BEGIN}…{end}")
        }
        _ => identity.to_owned(),
    }
}

#[cfg(test)]
mod tests;
