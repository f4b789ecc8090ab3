//! `acs-broker unsuspend`.

use clap::Args;

use crate::error::CliError;
use crate::exit::Exit;
use crate::session::Session;
use crate::users::{Effect, UsersArgs, UsersCommand, count_text};
use acs_broker_core::Operation;

const EXAMPLES: &str = "\
Examples:
  acs-broker unsuspend alice";

/// Lift users' suspensions; they must sign in again
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct UnsuspendArgs {
    #[command(flatten)]
    users: UsersArgs,
}

pub(crate) const UNSUSPEND: UsersCommand = UsersCommand {
    operation: Operation::Unsuspend,
    done: "suspension lifted",
    question: |users| (users > 1).then(|| format!("Lift the suspension of {}?", count_text(users))),
    effects: |record| {
        let is_suspended = record.is_suspended();
        vec![if is_suspended { Effect::LiftsSuspension } else { Effect::NotesThatNotSuspended }]
    },
};

impl UnsuspendArgs {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, CliError> {
        UNSUSPEND.run(&self.users, session).await
    }
}
