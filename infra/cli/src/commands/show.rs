//! `acs-broker show`: everything the table knows about a user.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use acs_broker_core::{self as core, Record, StoreError, Subject, SuspendedBy, UserStore};
use clap::Args;
use identity_client::Timestamp;
use serde::Serialize;
use tokio::time::sleep;

use crate::error::CliError;
use crate::exit::Exit;
use crate::records::{Records, instant};
use crate::report::Report;
use crate::session::{Session, interrupted};
use crate::similar::similar;
use crate::style::Paint;
use crate::text_table::{columns, none, steers_terminals, when};
use crate::user_state::UserState;

const WATCH_INTERVAL: Duration = Duration::from_secs(2);

const EXAMPLES: &str = "\
Examples:
  acs-broker show alice --watch
  acs-broker --stack acs-token-broker --json show alice";

/// Show what is known about a user
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ShowArgs {
    /// The user: the subject claim of their sign-in, as it is
    subject: Subject,

    /// Show the user again whenever something changes, until Ctrl-C
    #[arg(long)]
    watch: bool,
}

/// Reports everything that the table knows about a user.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserReport {
    subject: String,
    /// Whether the table has a record of the user.
    has_record: bool,
    state: Option<UserState>,
    /// Users who are called almost so, where there is no record.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    similar: Vec<String>,
    identity: Option<Identity>,
    /// The user's cutoff: sessions that signed in at or before it get no token.
    sessions_valid_after: Option<Timestamp>,
    /// The same for the sessions of all users.
    global_sessions_valid_after: Option<Timestamp>,
    suspended: bool,
    /// The last decision about suspending the user, a lifting included.
    suspension: Option<Suspension>,
    lease: Option<Lease>,
    pending: Option<Pending>,
    /// When ACS reported first that the identity does not exist.
    not_found_since: Option<Timestamp>,
    /// The number of identities that ACS may have created and whose ids are unknown.
    unconfirmed_identities: u32,
    expires_at: Option<Timestamp>,
    #[serde(skip)]
    now: Timestamp,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    id: String,
    /// The sign-in of the session for which the identity was created.
    sign_in: Timestamp,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Suspension {
    by: &'static str,
    at: Timestamp,
    lifted: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Lease {
    until: Timestamp,
    sign_in: Timestamp,
    cancelled: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Pending {
    kind: &'static str,
    since: Timestamp,
    retry_at: Timestamp,
}

impl ShowArgs {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, CliError> {
        let stack = session.find_stack().await?;
        if self.watch {
            let print = |report: &UserReport| session.print(report).map(drop);
            return watch(&self.subject, &stack.records, print, interrupted()).await;
        }
        let mut report = read(&self.subject, &stack.records).await?;
        if !report.has_record {
            report.similar = similar(&self.subject, &stack.records).await?;
        }
        session.print(&report)
    }
}

/// Prints the user whenever something has changed, until `stop` resolves.
async fn watch<T: UserStore>(
    subject: &Subject,
    records: &Records<T>,
    mut print: impl FnMut(&UserReport) -> Result<(), CliError>,
    stop: impl Future<Output = ()>,
) -> Result<Exit, CliError> {
    let mut stop = std::pin::pin!(stop);
    let mut last = String::new();
    loop {
        let report = read(subject, records).await?;
        // The document is without the present time, which always changes.
        let document = serde_json::to_string(&report).unwrap_or_default();
        if document != last {
            print(&report)?;
            last = document;
        }
        tokio::select! {
            () = &mut stop => return Ok(Exit::Done),
            () = sleep(WATCH_INTERVAL) => {}
        }
    }
}

/// Reads a user's record together with the global cutoff.
async fn read<T: UserStore>(
    subject: &Subject,
    records: &Records<T>,
) -> Result<UserReport, StoreError> {
    let key = records.key(subject);
    let snapshot = records.table.read_snapshot(&key, &records.deadline()).await?;
    let record = snapshot.stored.record;
    Ok(UserReport {
        subject: subject.as_str().to_owned(),
        has_record: record != Record::default(),
        state: (record != Record::default()).then(|| UserState::of(&record)),
        similar: Vec::new(),
        now: records.deadline().now(),
        sessions_valid_after: record.sessions_valid_after.map(instant),
        global_sessions_valid_after: snapshot.global_cutoff.map(instant),
        suspended: record.is_suspended(),
        suspension: record.suspension.map(Suspension::from),
        lease: record.lease().copied().map(Lease::from),
        pending: record.pending().map(Pending::from),
        not_found_since: record.bound().and_then(|bound| bound.not_found_since),
        unconfirmed_identities: record.unconfirmed_identities,
        expires_at: record.expires_at.map(instant),
        identity: record.bound().map(Identity::from),
    })
}

impl From<&core::BoundIdentity> for Identity {
    fn from(bound: &core::BoundIdentity) -> Self {
        Self { id: bound.id.to_string(), sign_in: instant(bound.sign_in) }
    }
}

impl From<core::Suspension> for Suspension {
    fn from(suspension: core::Suspension) -> Self {
        let by = match suspension.by {
            SuspendedBy::Operator => "operator",
            SuspendedBy::IdentityProvider => "identity provider",
        };
        Self { by, at: suspension.decided_at, lifted: suspension.lifted }
    }
}

impl From<core::Lease> for Lease {
    fn from(lease: core::Lease) -> Self {
        Self {
            until: lease.expires_at,
            sign_in: instant(lease.sign_in),
            cancelled: lease.cancelled,
        }
    }
}

impl From<core::PendingOperation> for Pending {
    fn from(pending: core::PendingOperation) -> Self {
        let kind = match pending.kind {
            core::PendingKind::Revoke => "revoke",
            core::PendingKind::Delete => "delete",
        };
        Self { kind, since: pending.accepted_at, retry_at: pending.retry_at }
    }
}

impl UserReport {
    /// Returns the sentence about somebody whom nobody knows.
    fn unknown(&self) -> String {
        let all = self
            .global_sessions_valid_after
            .map(|cutoff| format!(" Nobody's sessions from {cutoff} or before get tokens."));
        let maybe = match self.similar.as_slice() {
            [] => String::new(),
            names => format!(" Did you mean {}?", names.join(" or ")),
        };
        let subject = self.subject.replace(steers_terminals, "\u{fffd}");
        format!("Nobody knows `{subject}`.{maybe}{}", all.unwrap_or_default())
    }
}

impl Report for UserReport {
    fn exit(&self) -> Exit {
        if self.has_record { Exit::Done } else { Exit::Partial }
    }

    fn painted(&self, paint: Paint) -> String {
        let text = self.to_string();
        let Some(state) = self.state else { return text };
        let lines = text.split_inclusive('\n').map(|line| {
            if line.starts_with("state ") {
                line.replace(state.text(), &paint.paint(state.style(), state.text()))
            } else {
                line.to_owned()
            }
        });
        lines.collect()
    }
}

impl fmt::Display for UserReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.has_record {
            return writeln!(f, "{}", self.unknown());
        }
        let at = |instant: Timestamp| when(instant, self.now);
        let or_none = |instant: Option<Timestamp>| instant.map_or_else(none, at);
        let mut rows = vec![["subject", &self.subject].map(str::to_owned)];
        let mut row = |name: &str, value: String| rows.push([name.to_owned(), value]);
        row("state", self.state.map_or_else(none, |state| state.text().to_owned()));
        row("identity", self.identity.as_ref().map_or_else(none, |identity| identity.id.clone()));
        if let Some(identity) = &self.identity {
            row("  created for sign-in", at(identity.sign_in));
        }
        row("cutoff", or_none(self.sessions_valid_after));
        row("global cutoff", or_none(self.global_sessions_valid_after));
        row("suspended", if self.suspended { "yes" } else { "no" }.to_owned());
        if let Some(suspension) = &self.suspension {
            let name = if suspension.lifted { "  lifted by" } else { "  by" };
            row(name, format!("{}, {}", suspension.by, at(suspension.at)));
        }
        row("lease", self.lease.as_ref().map_or_else(none, |lease| lease.text(self.now)));
        if let Some(pending) = &self.pending {
            row("pending", format!("{}, {}", pending.kind, at(pending.since)));
            row("  next try", at(pending.retry_at));
        } else {
            row("pending", none());
        }
        row("reported missing since", or_none(self.not_found_since));
        row("unconfirmed identities", self.unconfirmed_identities.to_string());
        row("record expires", or_none(self.expires_at));
        write!(f, "{}", columns(None::<[&str; 2]>, rows))
    }
}

impl Lease {
    fn text(&self, now: Timestamp) -> String {
        let cancelled = if self.cancelled { " (cancelled)" } else { "" };
        format!("ends {}{cancelled}", when(self.until, now))
    }
}

#[cfg(test)]
mod tests;
