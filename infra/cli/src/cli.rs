//! The command line.

use std::path::PathBuf;

use acs_broker_store_dynamodb::Subject;
use clap::{Args, Parser, Subcommand};

use crate::stack::Whereabouts;

const EXIT_CODES: &str = "\
Exit codes: 0 all is done and confirmed; 1 failed; 2 the command line is wrong, nothing was done;
3 partly done: some failed, were not tried, or are written down and left to the sweep.";

/// Operates a deployed token broker, or a local one: its users, dead letters and orphans.
#[derive(Debug, Parser)]
#[command(name = "acs-broker", version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    /// Print one JSON document instead of a table; errors too
    #[arg(long, global = true)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) whereabouts: Whereabouts,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what is known about a user
    Show {
        /// The user: the subject claim of their sign-in, as it is
        subject: Subject,
    },
    /// Withdraw users' ACS tokens and end their sessions
    Revoke(Users),
    /// Withdraw users' ACS tokens and ban them until the suspension is lifted
    Suspend(Users),
    /// Lift users' suspensions; they must sign in again
    Unsuspend(Users),
    /// Delete users' ACS identities, with everything ACS keeps about them
    Delete(Users),
    /// Withdraw every user's ACS tokens and end every session
    RevokeEverybody(Everybody),
    /// Look at what the queues gave up on, or try it again
    #[command(subcommand)]
    DeadLetters(DeadLetters),
    /// List identities that nobody has, and users who may have lost one
    Orphans,
}

/// Whom a command is about, and how sure the operator is.
#[derive(Debug, Args)]
pub(crate) struct Users {
    /// The users: the subject claims of their sign-ins, as they are
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    pub(crate) subjects: Vec<Subject>,

    /// Read the subjects from a file, one a line; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) consent: Consent,
}

#[derive(Debug, Args)]
pub(crate) struct Everybody {
    /// Go on with a revocation that was interrupted
    #[arg(long)]
    pub(crate) resume: bool,

    #[command(flatten)]
    pub(crate) consent: Consent,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLetters {
    /// List the messages in the dead-letter queues. They stay there; while the list is made, others
    /// do not see them
    List,
    /// Move the messages back to the queues they came from
    Replay(Consent),
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Consent {
    /// Show what would happen, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn where_and_how_can_be_said_before_and_after_the_command() {
        for line in [
            "acs-broker --stack prod --region eu-west-1 --profile ops --json show alice",
            "acs-broker show alice --stack prod --region eu-west-1 --profile ops --json",
        ] {
            let cli = parse(line).unwrap();
            let Whereabouts { stack, region, profile, .. } = cli.whereabouts;
            let given = [stack, region, profile].map(Option::unwrap);
            assert_eq!(given, ["prod", "eu-west-1", "ops"], "{line}");
            assert!(cli.json, "{line}");
        }
    }

    #[test]
    fn a_local_stack_without_an_address_does_not_swallow_the_command() {
        let cli = parse("acs-broker --local show alice").unwrap();
        assert_eq!(cli.whereabouts.local.unwrap().as_str(), "http://127.0.0.1:8080/");
        let cli = parse("acs-broker --local=http://127.0.0.1:9 show alice").unwrap();
        assert_eq!(cli.whereabouts.local.unwrap().as_str(), "http://127.0.0.1:9/");
    }

    #[test]
    fn users_come_from_the_command_line_or_from_a_file_and_from_somewhere() {
        assert!(parse("acs-broker revoke alice bob").is_ok());
        assert!(parse("acs-broker revoke --file -").is_ok());
        assert!(parse("acs-broker revoke").is_err());
        assert!(parse("acs-broker revoke alice --file users").is_err());
        assert!(Cli::try_parse_from(["acs-broker", "revoke", "a\nb"]).is_err());
    }
}
