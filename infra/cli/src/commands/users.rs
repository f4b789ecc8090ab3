//! Revoke, suspend, unsuspend, delete: one order for some users.

use std::collections::HashSet;
use std::fs;
use std::future::Future;
use std::io::{self, Read as _};
use std::path::Path;

use acs_broker_core::{Call, Order, Ruling, Sessions, TokenBroker};
use acs_broker_store_dynamodb::{Record, RecordKey, Subject, TableError, UserTable, Work};
use serde::Serialize;

use crate::failure::Failure;
use crate::outcome::{Outcome, Quiet};
use crate::pace;
use crate::progress::Progress;
use crate::records::Records;

/// What is done to each user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Action {
    Revoke,
    Suspend,
    Unsuspend,
    Delete,
}

/// What was done.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Done {
    pub(crate) action: Action,
    pub(crate) users: Vec<UserDone>,
}

#[derive(Debug, Serialize)]
pub(crate) struct UserDone {
    pub(crate) subject: String,
    #[serde(flatten)]
    pub(crate) outcome: Outcome,
}

/// What would be done.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Plan {
    pub(crate) action: Action,
    pub(crate) dry_run: bool,
    pub(crate) users: Vec<UserPlan>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserPlan {
    pub(crate) subject: String,
    pub(crate) identity: Option<String>,
    pub(crate) effects: Vec<Effect>,
}

/// What an order does to a user as they are now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Effect {
    /// Sessions that exist get no more tokens.
    EndsSessions,
    /// ACS revokes the tokens.
    RevokesTokens,
    /// ACS deletes the identity with all that hangs on it.
    DeletesIdentity,
    /// An identity that is being created comes to nothing.
    EndsCreation,
    /// A deletion that was ordered before is carried out now.
    FinishesDeletion,
    /// The user is banned.
    Suspends,
    /// The user may sign in again.
    LiftsSuspension,
    /// There is no ban to lift; it is noted that there is to be none.
    NotesThatNotSuspended,
}

impl Action {
    /// The question before it is done to `users`, unless it may be done without.
    pub(crate) fn question(self, users: usize) -> Option<String> {
        let whose = if users == 1 { "1 user".to_owned() } else { format!("{users} users") };
        match self {
            Self::Delete => Some(format!(
                "Delete the ACS identity of {whose}, with everything ACS keeps about them?"
            )),
            _ if users < 2 => None,
            Self::Revoke => Some(format!("Withdraw the ACS tokens of {whose}?")),
            Self::Suspend => Some(format!("Suspend {whose}?")),
            Self::Unsuspend => Some(format!("Lift the suspension of {whose}?")),
        }
    }

    async fn order<T: UserTable>(
        self,
        broker: &TokenBroker<T>,
        records: &Records<T>,
        user: &RecordKey,
    ) -> Outcome {
        let deadline = records.deadline();
        let call = Call::new(deadline, &Quiet);
        let ordered = match self {
            Self::Revoke => broker.revoke(user, Order::Operator, Sessions::End, &call).await,
            Self::Suspend => broker.suspend(user, Ruling::Operator, &call).await,
            // A deletion can only be refused to a session.
            Self::Delete => broker.delete(user, Order::Operator, &call).await.map(drop),
            Self::Unsuspend => {
                return Outcome::of_record(broker.unsuspend(user, Ruling::Operator, &call).await);
            }
        };
        Outcome::of(ordered, &records.table, user, &deadline).await
    }

    fn effects(self, record: &Record) -> Vec<Effect> {
        let is_suspended = record.is_suspended();
        if self == Self::Unsuspend {
            let lifts =
                if is_suspended { Effect::LiftsSuspension } else { Effect::NotesThatNotSuspended };
            return vec![lifts];
        }
        let has_identity = record.binding.is_some();
        let deletes = record.pending.is_some_and(|pending| pending.work == Work::Delete);
        let at_acs = match self {
            _ if deletes => Some(Effect::FinishesDeletion),
            Self::Delete => has_identity.then_some(Effect::DeletesIdentity),
            _ => has_identity.then_some(Effect::RevokesTokens),
        };
        let suspends = (self == Self::Suspend).then_some(Effect::Suspends);
        // Other orders let it be bound, and drop the token that came with it.
        let ends_creation = record.lease.filter(|_| self == Self::Delete);
        let ends_creation = ends_creation.map(|_| Effect::EndsCreation);
        let effects = [suspends, Some(Effect::EndsSessions), at_acs, ends_creation];
        effects.into_iter().flatten().collect()
    }
}

/// Gives the order for each user. One that fails does not stop the others; when `stop` resolves no
/// further one is begun.
pub(crate) async fn run<T: UserTable>(
    action: Action,
    broker: &TokenBroker<T>,
    records: &Records<T>,
    subjects: &[Subject],
    progress: Progress,
    stop: impl Future<Output = ()>,
) -> Done {
    let bar = progress.bar(subjects.len());
    let keys = subjects.iter().map(|subject| records.key(subject)).collect();
    let order = |key: RecordKey| async move { action.order(broker, records, &key).await };
    let mut outcomes = pace::each(keys, &bar, stop, order).await;
    outcomes.resize(subjects.len(), Outcome::NotTried);
    let users = subjects
        .iter()
        .zip(outcomes)
        .map(|(subject, outcome)| UserDone { subject: subject.as_str().to_owned(), outcome });
    Done { action, users: users.collect() }
}

/// Reads the users' records and tells what the order would do. Writes nothing.
pub(crate) async fn plan<T: UserTable>(
    action: Action,
    records: &Records<T>,
    subjects: &[Subject],
    progress: Progress,
) -> Result<Plan, TableError> {
    let bar = progress.bar(subjects.len());
    let mut users = Vec::new();
    for subject in subjects {
        let stored = records.table.read(&records.key(subject), &records.deadline()).await?;
        bar.inc(1);
        users.push(UserPlan {
            subject: subject.as_str().to_owned(),
            effects: action.effects(&stored.record),
            identity: stored.record.binding.map(|binding| binding.identity.to_string()),
        });
    }
    Ok(Plan { action, dry_run: true, users })
}

/// The subjects of the command line, or those of a file, each once.
pub(crate) fn subjects(given: &[Subject], file: Option<&Path>) -> Result<Vec<Subject>, Failure> {
    let mut subjects = match file {
        Some(file) => {
            let text = read(file).map_err(|error| Failure::Input(file.to_owned(), error))?;
            lines(&text, file)?
        }
        None => given.to_vec(),
    };
    let mut seen = HashSet::new();
    subjects.retain(|subject| seen.insert(subject.clone()));
    if subjects.is_empty() {
        return Err(Failure::Usage("there is no subject in the file".to_owned()));
    }
    Ok(subjects)
}

fn read(file: &Path) -> io::Result<String> {
    if file != Path::new("-") {
        return fs::read_to_string(file);
    }
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    Ok(text)
}

/// A subject a line; what editors and spreadsheets put around it, and empty lines, do not count.
fn lines(text: &str, file: &Path) -> Result<Vec<Subject>, Failure> {
    let text = text.trim_start_matches('\u{feff}');
    let lines = text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty());
    let subject = |(index, line): (usize, &str)| {
        let wrong = |source| Failure::Line { file: file.to_owned(), line: index + 1, source };
        line.parse().map_err(wrong)
    };
    lines.map(subject).collect()
}

#[cfg(test)]
mod tests;
