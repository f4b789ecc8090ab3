//! `acs-broker dead-letters`: messages that the queues gave up on.

mod held;
mod list;
mod replay;

use clap::{Args, Subcommand};

use crate::error::CliError;
use crate::exit::Exit;
use crate::session::Session;

/// List or replay the messages that the queues gave up on
#[derive(Debug, Args)]
pub(crate) struct DeadLettersArgs {
    #[command(subcommand)]
    command: DeadLettersCommand,
}

#[derive(Debug, Subcommand)]
enum DeadLettersCommand {
    List(list::ListArgs),
    Replay(replay::ReplayArgs),
}

impl DeadLettersArgs {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, CliError> {
        match &self.command {
            DeadLettersCommand::List(args) => args.run(session).await,
            DeadLettersCommand::Replay(args) => args.run(session).await,
        }
    }
}

#[cfg(test)]
mod tests;
