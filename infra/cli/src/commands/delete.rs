//! `acs-broker delete`.

use clap::Args;

use crate::error::CliError;
use crate::exit::Exit;
use crate::session::Session;
use crate::users::{Effect, UsersArgs, UsersCommand, count_text, session_end};
use acs_broker_core::Operation;

const EXAMPLES: &str = "\
Examples:
  acs-broker delete alice --dry-run
  acs-broker delete --file - --yes --json";

/// Delete users' ACS identities, with everything ACS keeps about them
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DeleteArgs {
    #[command(flatten)]
    users: UsersArgs,
}

pub(crate) const DELETE: UsersCommand = UsersCommand {
    operation: Operation::Delete,
    done: "deleted",
    question: |users| {
        let users = count_text(users);
        Some(format!("Delete the ACS identity of {users}, with everything ACS keeps about them?"))
    },
    effects: |record| {
        let mut effects = session_end(record, Effect::DeletesIdentity);
        // The other operations let the identity be bound, and discard the token made with it.
        effects.extend(record.lease().map(|_| Effect::EndsCreation));
        effects
    },
};

impl DeleteArgs {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, CliError> {
        DELETE.run(&self.users, session).await
    }
}
