//! `acs-broker search`: the users whose subject or identity contains a text.

use std::num::NonZeroUsize;

use clap::Args;

use super::list::ListArgs;
use crate::error::CliError;
use crate::exit::Exit;
use crate::session::Session;

const EXAMPLES: &str = "\
Examples:
  acs-broker search alice
  acs-broker --local search @example.com --json

With --json each user is a line of its own. The command reads the whole table.";

/// Search users by a part of their subject or of their ACS identity
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SearchArgs {
    /// The text, in upper or lower case
    text: String,

    /// At most so many users, the first ones by issuer and subject
    #[arg(long, value_name = "N")]
    limit: Option<NonZeroUsize>,

    /// Show each identity in full, and the issuer
    #[arg(long)]
    wide: bool,
}

impl SearchArgs {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, CliError> {
        let stack = session.find_stack().await?;
        let search = Some(self.text.clone());
        let list = ListArgs { state: Vec::new(), search, limit: self.limit, wide: self.wide };
        let found = list.find(&stack.records).await?;
        let exit = session.print(&found)?;
        Ok(if found.count() == 0 { Exit::Partial } else { exit })
    }
}
