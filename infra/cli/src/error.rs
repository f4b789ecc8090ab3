//! The errors that end a command.

use std::io;
use std::path::PathBuf;

use acs_broker_core::{BrokerError, StoreError};
use identity_client::Timestamp;
use thiserror::Error;

use crate::aws::AwsError;
use crate::exit::Exit;
use crate::import::entries::EntriesError;
use crate::stack::StackError;
use crate::subject_file::SubjectFileError;

/// Ends a command without a report.
#[derive(Debug, Error)]
pub(crate) enum CliError {
    /// The command line asks for something impossible. Nothing was done.
    #[error("{0}")]
    Usage(String),
    /// A file of subjects is refused. Nothing was done.
    #[error("{}", .0.display())]
    SubjectFile(PathBuf, #[source] SubjectFileError),
    /// A file of users is refused. Nothing was done.
    #[error("{}", .0.display())]
    UserFile(PathBuf, #[source] EntriesError),
    /// The operator did not confirm.
    #[error("not confirmed; nothing was done")]
    Declined,
    /// A file or the terminal cannot be read.
    #[error("{} cannot be read", .0.display())]
    Input(PathBuf, #[source] io::Error),
    /// A file or folder cannot be written.
    #[error("{} cannot be written", .0.display())]
    Write(PathBuf, #[source] io::Error),
    /// The system has no randomness.
    #[error("the system gives no random bytes")]
    Randomness(#[source] getrandom::Error),
    /// Standard output is closed.
    #[error("the report cannot be written")]
    Output(#[source] io::Error),
    /// The stack cannot be found or used.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// The user table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The table or ACS failed in the middle of the protocol.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// The revocation of all users did not begin.
    #[error(
        "the global cutoff was not written, as far as is known, and no token is revoked: run \
         revoke-all again, without --resume"
    )]
    CutoffNotWritten(#[source] BrokerError),
    /// The revocation of all users ended before the first user.
    #[error(
        "every session up to {0} has ended, and no token is revoked yet: go on with revoke-all \
         --resume"
    )]
    NothingRevoked(Timestamp, #[source] StoreError),
    /// A dead-letter queue failed.
    #[error("the dead-letter queues cannot be used")]
    Queue(#[source] AwsError),
}

impl CliError {
    /// Returns the exit code for this error.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) | Self::SubjectFile(..) => Exit::Usage,
            Self::Stack(error) if error.is_usage() => Exit::Usage,
            Self::UserFile(_, error) if error.is_usage() => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use acs_broker_config::error_chain;

    /// A transparent error does not repeat the text of its cause.
    #[test]
    fn every_cause_is_printed_once() {
        let error = CliError::from(StoreError::refused("no such table"));
        assert_eq!(error_chain(&error), "the user table refused the call: no such table");
    }
}
