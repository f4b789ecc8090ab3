//! `acs-broker search`: the users whose subject or identity contains a text.

use clap::Args;

use super::list::ListArgs;
use crate::error::CliError;
use crate::exit::Exit;
use crate::session::Session;

const EXAMPLES: &str = "\
Examples:
  acs-broker search alice
  acs-broker --local search @example.com --json

The command reads the whole table.";

/// Search users by a part of their subject or of their ACS identity
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SearchArgs {
    /// The text, in upper or lower case
    text: String,
}

impl SearchArgs {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, CliError> {
        let stack = session.find_stack().await?;
        let list = ListArgs { state: Vec::new(), search: Some(self.text.clone()) };
        let found = list.find(&stack.records).await?;
        let exit = session.print(&found)?;
        Ok(if found.count() == 0 { Exit::Partial } else { exit })
    }
}
