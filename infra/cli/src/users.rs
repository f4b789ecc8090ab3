//! One operation on many users: the common part of revoke, suspend, unsuspend and delete.

mod plan;

use std::fmt;
use std::future::Future;

use acs_broker_core::{Operation, Record, RecordKey, StoreError, Subject, TokenBroker, UserStore};
use clap::Args;
use serde::Serialize;

use crate::confirm::{ConfirmArgs, confirm};
use crate::error::CliError;
use crate::exit::Exit;
use crate::operation;
use crate::outcome::{Outcome, Summary, exit_of};
use crate::progress::Progress;
use crate::rate_limited::{self, PAUSE};
use crate::records::Records;
use crate::report::Report;
use crate::session::{Session, interrupted};
use crate::subjects::SubjectsArgs;
use crate::text_table::columns;
use crate::users::plan::UsersPlan;
pub(crate) use crate::users::plan::{Effect, session_end};

/// Holds the options of an operation on users.
#[derive(Debug, Args)]
pub(crate) struct UsersArgs {
    #[command(flatten)]
    subjects: SubjectsArgs,

    #[command(flatten)]
    confirm: ConfirmArgs,
}

/// Describes an operation: what sets one such command apart from the others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UsersCommand {
    pub(crate) operation: Operation,
    /// The result's name in the report, such as `revoked`.
    pub(crate) done: &'static str,
    /// Returns the question to confirm for so many users; `None` needs no confirmation.
    pub(crate) question: fn(usize) -> Option<String>,
    /// Returns the effects on a user with this record.
    pub(crate) effects: fn(&Record) -> Vec<Effect>,
}

/// Reports the result for each user.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UsersReport {
    operation: Operation,
    #[serde(skip)]
    done: &'static str,
    pub(crate) users: Vec<UserResult>,
    summary: Summary,
}

/// Reports the result for one user.
#[derive(Debug, Serialize)]
pub(crate) struct UserResult {
    pub(crate) subject: String,
    #[serde(flatten)]
    pub(crate) outcome: Outcome,
}

impl UsersCommand {
    /// Runs the command: reads the subjects, asks, works, reports.
    pub(crate) async fn run(self, args: &UsersArgs, session: &Session) -> Result<Exit, CliError> {
        // A file with a mistake is refused before anything else happens.
        let subjects = args.subjects.read(|text| session.notice(text))?;
        let stack = session.find_stack().await?;
        let records = &stack.records;
        if args.confirm.dry_run {
            return session.print(&self.plan(&subjects, records, session.progress).await?);
        }
        if let Some(question) = (self.question)(subjects.len()) {
            confirm(&question, args.confirm.yes)?;
        }
        session.compare_clocks(&stack).await?;
        let broker = stack.broker().await?;
        let (progress, stop) = (session.progress, interrupted());
        let report = self.execute(&subjects, &broker, records, progress, stop);
        session.print(&report.await)
    }

    /// Returns the effects on each user. Writes nothing.
    pub(crate) async fn plan<T: UserStore>(
        self,
        subjects: &[Subject],
        records: &Records<T>,
        progress: Progress,
    ) -> Result<UsersPlan, StoreError> {
        plan::plan(self.operation, self.effects, subjects, records, progress).await
    }

    /// Executes the operation for each user. One that fails does not stop the others; when `stop`
    /// resolves, no further one is started.
    pub(crate) async fn execute<T: UserStore>(
        self,
        subjects: &[Subject],
        broker: &TokenBroker<T>,
        records: &Records<T>,
        progress: Progress,
        stop: impl Future<Output = ()>,
    ) -> UsersReport {
        let meter = progress.paced(Some(subjects.len()), PAUSE);
        let keys = subjects.iter().map(|subject| records.key(subject)).collect();
        let execute = |user: RecordKey| async move {
            operation::execute(self.operation, &user, broker, records).await
        };
        let mut outcomes = rate_limited::for_each(keys, &meter, PAUSE, stop, execute).await;
        // The loop returns nothing for users that it did not start.
        outcomes.resize(subjects.len(), Outcome::NotTried);
        let summary = Summary::of(&outcomes);
        let users = subjects
            .iter()
            .zip(outcomes)
            .map(|(subject, outcome)| UserResult { subject: subject.as_str().to_owned(), outcome });
        let (operation, done) = (self.operation, self.done);
        UsersReport { operation, done, users: users.collect(), summary }
    }
}

/// Returns the text of a number of users.
pub(crate) fn count_text(users: usize) -> String {
    if users == 1 { "1 user".to_owned() } else { format!("{users} users") }
}

impl Report for UsersReport {
    fn exit(&self) -> Exit {
        exit_of(self.users.iter().map(|user| &user.outcome))
    }
}

impl fmt::Display for UsersReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.users.iter().map(|user| {
            let [result, why] = user.outcome.cells(self.done);
            [user.subject.clone(), result, why]
        });
        write!(f, "{}", columns(Some(["SUBJECT", "RESULT", ""]), rows))?;
        writeln!(f, "\n{}: {}", count_text(self.users.len()), self.summary.text(self.done))
    }
}

#[cfg(test)]
mod tests;
