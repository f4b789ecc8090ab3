//! The session of one command: its options, its environment and its output.

use std::fs;
use std::future::Future;
use std::io::{self, Write as _};

use identity_client::Timestamp;

use crate::error::CliError;
use crate::exit::Exit;
use crate::progress::Progress;
use crate::report::{self, Report};
use crate::stack::{Stack, StackArgs, StackError, StackTarget};
use crate::style::Paint;
use crate::text_table::printable;

/// Provides the process's environment.
#[derive(Clone, Copy, Debug)]
pub struct Env {
    /// Reads an environment variable.
    pub variable: fn(&str) -> Option<String>,
    /// Returns the time.
    pub clock: fn() -> Timestamp,
}

/// Provides the facilities of a command.
#[derive(Debug)]
pub(crate) struct Session {
    env: Env,
    stack: StackArgs,
    is_json: bool,
    pub(crate) progress: Progress,
    paint: Paint,
    command_line: fn() -> clap::Command,
}

impl Session {
    /// Opens a session; options that the command line does not set come from the environment.
    /// `command_line` returns the grammar of the whole tool.
    pub(crate) fn new(
        stack: StackArgs,
        is_json: bool,
        env: Env,
        command_line: fn() -> clap::Command,
    ) -> Self {
        let stack = stack.with_environment(env.variable);
        let (progress, paint) = (Progress::new(is_json), Paint::new(env.variable));
        Self { env, stack, is_json, progress, paint, command_line }
    }

    /// Returns the grammar of the whole tool.
    pub(crate) fn command_line(&self) -> clap::Command {
        (self.command_line)()
    }

    /// Finds the stack that the command is about.
    pub(crate) async fn find_stack(&self) -> Result<Stack, CliError> {
        let (_, stack) =
            Stack::find_with_config(self.target()?, self.http()?, self.env.clock).await?;
        Ok(stack)
    }

    /// Refuses to go on where this machine's clock is wrong: cutoffs are written by it.
    pub(crate) async fn compare_clocks(&self, stack: &Stack) -> Result<(), CliError> {
        if !stack.compare_clocks(self.now()).await? {
            self.notice(
                "This machine's clock is not compared with that of ACS: it does not respond.",
            );
        }
        Ok(())
    }

    /// Returns the stack that the command line names.
    pub(crate) fn target(&self) -> Result<StackTarget<'_>, CliError> {
        Ok(self.stack.target()?)
    }

    /// Returns the one HTTP client of the process.
    pub(crate) fn http(&self) -> Result<reqwest::Client, CliError> {
        let roots = match &self.stack.extra_ca_file {
            Some(file) => {
                Some(fs::read(file).map_err(|error| CliError::Input(file.clone(), error))?)
            }
            None => None,
        };
        Ok(identity_client::http_client(roots.as_deref()).map_err(StackError::Http)?)
    }

    /// Returns how colours are shown.
    pub(crate) const fn paint(&self) -> Paint {
        self.paint
    }

    /// Returns whether programs read the output.
    pub(crate) const fn is_json(&self) -> bool {
        self.is_json
    }

    /// Returns the clock.
    pub(crate) const fn clock(&self) -> fn() -> Timestamp {
        self.env.clock
    }

    /// Returns the time.
    pub(crate) fn now(&self) -> Timestamp {
        (self.env.clock)()
    }

    /// Prints the command's result and returns its exit code.
    pub(crate) fn print(&self, report: &impl Report) -> Result<Exit, CliError> {
        report::print(report, self.is_json, self.paint).map_err(CliError::Output)
    }

    /// Returns a command line of this tool that is about the same stack.
    pub(crate) fn command(&self, arguments: &str) -> String {
        let options = self.stack.words().into_iter().map(|word| format!("{word} "));
        format!("acs-broker {}{arguments}", options.collect::<String>())
    }

    /// Tells people something while the command runs.
    pub(crate) fn notice(&self, text: &str) {
        if !self.is_json {
            // If standard error is closed, the text has no reader.
            let _ = writeln!(io::stderr(), "{}", printable(text));
        }
    }
}

/// Resolves when the operator interrupts the command, or a supervisor ends it.
pub(crate) async fn interrupted() {
    tokio::select! {
        () = signalled(tokio::signal::ctrl_c()) => {}
        () = signalled(terminated()) => {}
    }
}

async fn signalled(signal: impl Future<Output = io::Result<()>>) {
    if signal.await.is_err() {
        // Without a handler the signal ends the process by itself.
        std::future::pending::<()>().await;
    }
}

#[cfg(unix)]
async fn terminated() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    signal(SignalKind::terminate())?.recv().await;
    Ok(())
}

#[cfg(not(unix))]
async fn terminated() -> io::Result<()> {
    std::future::pending().await
}

/// Returns random bytes.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], CliError> {
    let mut random = [0; N];
    getrandom::fill(&mut random).map_err(CliError::Randomness)?;
    Ok(random)
}
