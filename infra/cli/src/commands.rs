//! The commands: a file for each, with its arguments, its work and its report.
//!
//! A new command is one file and its lines here.

pub(crate) mod completions;
pub(crate) mod dead_letters;
pub(crate) mod delete;
pub(crate) mod doctor;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod list;
pub(crate) mod man;
pub(crate) mod orphans;
pub(crate) mod revoke;
pub(crate) mod revoke_all;
pub(crate) mod search;
pub(crate) mod show;
pub(crate) mod suspend;
pub(crate) mod unsuspend;
pub(crate) mod whois;

use clap::Subcommand;

use crate::error::CliError;
use crate::exit::Exit;
use crate::session::Session;

/// Is one of the tool's commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    List(list::ListArgs),
    Search(search::SearchArgs),
    Whois(whois::WhoisArgs),
    Show(show::ShowArgs),
    Revoke(revoke::RevokeArgs),
    Suspend(suspend::SuspendArgs),
    Unsuspend(unsuspend::UnsuspendArgs),
    Delete(delete::DeleteArgs),
    RevokeAll(revoke_all::RevokeAllArgs),
    DeadLetters(dead_letters::DeadLettersArgs),
    Orphans(orphans::OrphansArgs),
    Doctor(doctor::DoctorArgs),
    Export(export::ExportArgs),
    Import(import::ImportArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

impl Command {
    /// Executes the command and returns its exit code.
    pub(crate) async fn execute(self, session: &Session) -> Result<Exit, CliError> {
        match self {
            Self::List(args) => args.run(session).await,
            Self::Search(args) => args.run(session).await,
            Self::Whois(args) => args.run(session).await,
            Self::Show(args) => args.run(session).await,
            Self::Revoke(args) => args.run(session).await,
            Self::Suspend(args) => args.run(session).await,
            Self::Unsuspend(args) => args.run(session).await,
            Self::Delete(args) => args.run(session).await,
            Self::RevokeAll(args) => args.run(session).await,
            Self::DeadLetters(args) => args.run(session).await,
            Self::Orphans(args) => args.run(session).await,
            Self::Doctor(args) => args.run(session).await,
            Self::Export(args) => args.run(session).await,
            Self::Import(args) => Box::pin(args.run(session)).await,
            Self::Completions(args) => args.run(session),
            Self::Man(args) => args.run(session),
        }
    }
}

#[cfg(test)]
mod tests;
