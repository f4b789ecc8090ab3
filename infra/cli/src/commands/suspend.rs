//! `acs-broker suspend`.

use clap::Args;

use crate::error::CliError;
use crate::exit::Exit;
use crate::session::Session;
use crate::users::{Effect, UsersArgs, UsersCommand, count_text, session_end};
use acs_broker_core::Operation;

const EXAMPLES: &str = "\
Examples:
  acs-broker suspend alice
  acs-broker suspend --file leavers.txt --yes";

/// Revoke users' ACS tokens and ban them until the suspension is lifted
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SuspendArgs {
    #[command(flatten)]
    users: UsersArgs,
}

pub(crate) const SUSPEND: UsersCommand = UsersCommand {
    operation: Operation::Suspend,
    done: "suspended",
    question: |users| (users > 1).then(|| format!("Suspend {}?", count_text(users))),
    effects: |record| {
        let mut effects = vec![Effect::Suspends];
        effects.extend(session_end(record, Effect::RevokesTokens));
        effects
    },
};

impl SuspendArgs {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, CliError> {
        SUSPEND.run(&self.users, session).await
    }
}
