//! `acs-broker revoke`.

use clap::Args;

use crate::error::CliError;
use crate::exit::Exit;
use crate::session::Session;
use crate::users::{Effect, UsersArgs, UsersCommand, count_text, session_end};
use acs_broker_core::Operation;

const EXAMPLES: &str = "\
Examples:
  acs-broker revoke alice bob --yes
  acs-broker revoke --file users.csv --column sub --dry-run";

/// Revoke users' ACS tokens and end their sessions
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RevokeArgs {
    #[command(flatten)]
    users: UsersArgs,
}

pub(crate) const REVOKE: UsersCommand = UsersCommand {
    operation: Operation::REVOKE,
    done: "revoked",
    question: |users| {
        (users > 1).then(|| format!("Revoke the ACS tokens of {}?", count_text(users)))
    },
    effects: |record| session_end(record, Effect::RevokesTokens),
};

impl RevokeArgs {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, CliError> {
        REVOKE.run(&self.users, session).await
    }
}
