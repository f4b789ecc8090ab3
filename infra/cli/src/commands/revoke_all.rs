//! `acs-broker revoke-all`: first the global cutoff, then the tokens, user by user.

mod selection;

use std::fmt;
use std::future::Future;

use acs_broker_core::TokenBroker;
use acs_broker_core::{EpochSeconds, RecordKey, UserStore};
use clap::Args;
use identity_client::Timestamp;
use serde::Serialize;

use self::selection::{Selection, select};
use crate::confirm::{ConfirmArgs, confirm};
use crate::error::CliError;
use crate::exit::Exit;
use crate::operation;
use crate::outcome::{Outcome, exit_of};
use crate::progress::Progress;
use crate::rate_limited::{self, PAUSE};
use crate::records::{Records, instant};
use crate::report::Report;
use crate::session::{Session, interrupted};
use crate::text_table::{columns, duration};
use crate::unreadable::{Paragraph, UnreadableRow, exit_with};

const FASTER_HINT: &str = "\
Faster: once the sessions have ended, regenerate both access keys of the ACS resource.
Every token made with a key dies with it, at once.";
/// The hint is worth reading only where the revocation takes minutes.
const MANY_USERS: usize = 1000;
/// The table lists so many failures; JSON has them all.
const MAX_LISTED_FAILURES: usize = 20;

const EXAMPLES: &str = "\
Examples:
  acs-broker revoke-all --dry-run
  acs-broker revoke-all --resume --yes";

/// Revoke every user's ACS tokens and end every session
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RevokeAllArgs {
    /// Continue a revocation that was interrupted
    #[arg(long)]
    resume: bool,

    #[command(flatten)]
    confirm: ConfirmArgs,
}

/// Reports how far the revocation got.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RevokeAllReport {
    /// The global cutoff: sessions that signed in at or before it have ended, for every user.
    sessions_valid_after: Timestamp,
    resumed: bool,
    /// Users whose tokens are revoked.
    revoked: usize,
    /// Users whose tokens had been revoked before.
    already_revoked: usize,
    /// Users whose revocation is recorded and not done at ACS yet.
    deferred: usize,
    /// Users not processed because the run was interrupted.
    not_tried: usize,
    failed: Vec<FailedUser>,
    /// Rows that were passed over: the tokens of their users may be alive.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unreadable: Vec<UnreadableRow>,
    #[serde(skip)]
    outcomes: Vec<Outcome>,
    /// The command that goes on.
    #[serde(skip)]
    again: String,
}

/// A user whose tokens may be alive.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FailedUser {
    issuer: String,
    subject: String,
    why: String,
}

/// Reports what the revocation would do.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RevokeAllPlan {
    dry_run: bool,
    /// The global cutoff: a new one, or the present one where a revocation is resumed.
    sessions_valid_after: Timestamp,
    resumed: bool,
    /// Users whose tokens would be revoked.
    users: usize,
    already_revoked: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unreadable: Vec<UnreadableRow>,
    /// The shortest time that this takes.
    seconds: u64,
}

impl RevokeAllArgs {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, CliError> {
        let stack = session.find_stack().await?;
        let records = &stack.records;
        if self.confirm.dry_run {
            return session.print(&plan(self.resume, records).await?);
        }
        let question = "End every session of every user, and revoke every ACS token?";
        confirm(question, self.confirm.yes)?;
        session.compare_clocks(&stack).await?;
        let broker = stack.broker().await?;
        session.notice(FASTER_HINT);
        let (progress, stop) = (session.progress, interrupted());
        let mut report = revoke_all(self.resume, &broker, records, progress, stop).await?;
        report.again = session.command("revoke-all --resume");
        session.print(&report)
    }
}

/// Ends every session, then revokes every token. With `resume` the present global cutoff counts on,
/// and users who are done are skipped. When `stop` resolves, no further user is started.
async fn revoke_all<T: UserStore>(
    resume: bool,
    broker: &TokenBroker<T>,
    records: &Records<T>,
    progress: Progress,
    stop: impl Future<Output = ()>,
) -> Result<RevokeAllReport, CliError> {
    let cutoff = if resume {
        global_cutoff(records).await?
    } else {
        let raised = operation::raise_global_cutoff(broker, records).await;
        raised.map_err(CliError::CutoffNotWritten)?
    };
    // The scan must begin after the write of the cutoff: a row created before and read too early
    // would be missed.
    let selection = select(cutoff, records).await;
    let selection = selection.map_err(|why| CliError::NothingRevoked(instant(cutoff), why))?;
    if resume {
        selection.must_be_unfinished(cutoff, records)?;
    }
    let Selection { users, already_revoked, unreadable } = selection;
    let meter = progress.paced(Some(users.len()), PAUSE);
    let revoke = |user: RecordKey| async move {
        operation::revoke_up_to(cutoff, &user, broker, records).await
    };
    let mut outcomes = rate_limited::for_each(users.clone(), &meter, PAUSE, stop, revoke).await;
    outcomes.resize(users.len(), Outcome::NotTried);
    let count = |wanted: fn(&Outcome) -> bool| outcomes.iter().filter(|o| wanted(o)).count();
    Ok(RevokeAllReport {
        sessions_valid_after: instant(cutoff),
        resumed: resume,
        revoked: count(|outcome| *outcome == Outcome::Done),
        already_revoked,
        deferred: count(|outcome| matches!(outcome, Outcome::Deferred(_))),
        not_tried: count(|outcome| *outcome == Outcome::NotTried),
        failed: users.iter().zip(&outcomes).filter_map(FailedUser::of).collect(),
        unreadable,
        outcomes,
        again: String::new(),
    })
}

/// Counts the users whose tokens would be revoked. Writes nothing.
async fn plan<T: UserStore>(resume: bool, records: &Records<T>) -> Result<RevokeAllPlan, CliError> {
    let cutoff =
        if resume { global_cutoff(records).await? } else { records.deadline().now().into() };
    let selection = select(cutoff, records).await?;
    if resume {
        selection.must_be_unfinished(cutoff, records)?;
    }
    let Selection { users, already_revoked, unreadable } = selection;
    let pauses = PAUSE.saturating_mul(u32::try_from(users.len()).unwrap_or(u32::MAX));
    Ok(RevokeAllPlan {
        dry_run: true,
        sessions_valid_after: instant(cutoff),
        resumed: resume,
        users: users.len(),
        already_revoked,
        unreadable,
        seconds: pauses.as_secs(),
    })
}

/// Returns the global cutoff of the last revocation of all users.
async fn global_cutoff<T: UserStore>(records: &Records<T>) -> Result<EpochSeconds, CliError> {
    let stored = records.table.read(&RecordKey::AllUsers, &records.deadline()).await?;
    stored.record.sessions_valid_after.ok_or_else(|| {
        CliError::Usage("there is nothing to resume: revoke-all has never been run".to_owned())
    })
}

impl FailedUser {
    fn of((user, outcome): (&RecordKey, &Outcome)) -> Option<Self> {
        let (RecordKey::User(issuer, subject), Outcome::Failed(why)) = (user, outcome) else {
            return None;
        };
        let (issuer, subject) = (issuer.as_str().to_owned(), subject.as_str().to_owned());
        Some(Self { issuer, subject, why: why.clone() })
    }
}

impl Report for RevokeAllReport {
    fn exit(&self) -> Exit {
        exit_with(&self.unreadable, exit_of(&self.outcomes))
    }
}

impl Report for RevokeAllPlan {
    fn exit(&self) -> Exit {
        exit_with(&self.unreadable, Exit::Done)
    }
}

impl fmt::Display for RevokeAllReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = [
            ("global cutoff", self.sessions_valid_after.to_string()),
            ("revoked", self.revoked.to_string()),
            ("already revoked", self.already_revoked.to_string()),
            ("deferred to the sweep", self.deferred.to_string()),
            ("not tried", self.not_tried.to_string()),
            ("failed", self.failed.len().to_string()),
        ];
        write!(f, "{}", columns(None, rows.map(|(name, value)| [name.to_owned(), value])))?;
        if self.not_tried > 0 {
            writeln!(f, "\nInterrupted. Continue with: {}", self.again)?;
        }
        write!(f, "{}", Paragraph(&self.unreadable))?;
        if self.failed.is_empty() {
            return Ok(());
        }
        let failed = self.failed.iter().take(MAX_LISTED_FAILURES);
        let rows = failed.map(|user| [user.subject.clone(), user.why.clone()]);
        write!(f, "\n{}", columns(Some(["FAILED", "WHY"]), rows))?;
        let more = self.failed.len().saturating_sub(MAX_LISTED_FAILURES);
        if more > 0 {
            writeln!(f, "… and {more} more")?;
        }
        Ok(())
    }
}

impl fmt::Display for RevokeAllPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = [
            ("global cutoff", self.sessions_valid_after.to_string()),
            ("users to revoke", self.users.to_string()),
            ("already revoked", self.already_revoked.to_string()),
            ("takes at least", duration(i64::try_from(self.seconds).unwrap_or(i64::MAX))),
        ];
        write!(f, "{}", columns(None, rows.map(|(name, value)| [name.to_owned(), value])))?;
        write!(f, "{}", Paragraph(&self.unreadable))?;
        if self.users > MANY_USERS { writeln!(f, "\n{FASTER_HINT}") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
