use std::error::Error;
use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

use acs_broker_core::WorkError;
use acs_broker_store_dynamodb::{InvalidKey, TableError};
use thiserror::Error;

use crate::aws::AwsError;
use crate::output::Exit;
use crate::stack::StackError;

/// Why a command did not do what it was told.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// The command line asks for something that cannot be. Nothing was done.
    #[error("{0}")]
    Usage(String),
    /// A line of a file of subjects names nobody.
    #[error("{}, line {line}", file.display())]
    Line {
        file: PathBuf,
        line: usize,
        #[source]
        source: InvalidKey,
    },
    /// The operator was asked and said no.
    #[error("not confirmed; nothing was done")]
    Declined,
    /// A file, or the terminal.
    #[error("{} cannot be read", .0.display())]
    Input(PathBuf, #[source] io::Error),
    /// Standard output is gone.
    #[error("the report cannot be written")]
    Output(#[source] io::Error),
    /// The stack cannot be found, or is not as it should be.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// The user table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The table or ACS, in the middle of the protocol.
    #[error(transparent)]
    Work(#[from] WorkError),
    /// A queue of dead letters.
    #[error("the dead-letter queues cannot be used")]
    Queue(#[source] AwsError),
}

impl Failure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) | Self::Line { .. } => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}

/// An error with all its causes, `outer: middle: inner`.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_reads_every_cause_once() {
        let failure = Failure::from(TableError::refused("no such table"));
        assert_eq!(chain(&failure), "the user table refused the call: no such table");
    }
}
