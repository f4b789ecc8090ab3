//! Reports as tables for people or JSON for programs.

mod tables;

use std::fmt::Display;
use std::io::{self, Write as _};
use std::process::ExitCode;

use serde::Serialize;
use serde_json::json;

use crate::commands::{dead_letters, everybody, orphans, show, users};
use crate::failure::{Failure, chain};
use crate::outcome;

/// What a script learns from the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is done and confirmed.
    Done,
    /// Nothing is done.
    Failed,
    /// The command line was wrong, and nothing was done.
    Usage,
    /// Something is done, and something is not.
    Partly,
}

/// What a command has to say.
pub(crate) trait Report: Display + Serialize {
    fn exit(&self) -> Exit {
        Exit::Done
    }
}

impl Report for show::UserState {}
impl Report for orphans::Astray {}
impl Report for users::Plan {}
impl Report for everybody::Plan {}
impl Report for dead_letters::Listing {}

impl Report for users::Done {
    fn exit(&self) -> Exit {
        outcome::exit(self.users.iter().map(|user| &user.outcome))
    }
}

impl Report for everybody::Walked {
    fn exit(&self) -> Exit {
        outcome::exit(&self.outcomes)
    }
}

impl Report for dead_letters::Replay {
    fn exit(&self) -> Exit {
        outcome::exit(self.messages.iter().filter_map(|message| message.outcome.as_ref()))
    }
}

/// Prints to standard output.
pub(crate) fn print(report: &impl Report, json: bool) -> io::Result<Exit> {
    let mut output = io::stdout().lock();
    if json {
        serde_json::to_writer(&mut output, report)?;
        writeln!(output)?;
    } else {
        write!(output, "{report}")?;
    }
    output.flush()?;
    Ok(report.exit())
}

/// Tells on standard error why there is no report.
pub(crate) fn print_failure(failure: &Failure, json: bool) {
    // With standard error gone there is nobody left to tell.
    let _nobody = writeln!(io::stderr(), "{}", failure_text(failure, json));
}

fn failure_text(failure: &Failure, json: bool) -> String {
    let message = chain(failure);
    if !json {
        return format!("acs-broker: {message}");
    }
    let kind = if failure.exit() == Exit::Usage { "usage" } else { "failed" };
    json!({"error": {"kind": kind, "message": message}}).to_string()
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Partly => 3,
        })
    }
}

#[cfg(test)]
mod tests;
