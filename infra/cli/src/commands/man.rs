//! `acs-broker man`.

use std::path::PathBuf;

use clap::Args;

use crate::error::CliError;
use crate::exit::Exit;
use crate::session::Session;

const EXAMPLES: &str = "\
Examples:
  acs-broker man ~/.local/share/man/man1";

/// Write the manual pages, one for each command, into a folder
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ManArgs {
    /// The folder; it must exist
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

impl ManArgs {
    /// Runs the command.
    pub(crate) fn run(&self, session: &Session) -> Result<Exit, CliError> {
        clap_mangen::generate_to(session.command_line(), &self.folder)
            .map_err(|error| CliError::Write(self.folder.clone(), error))?;
        Ok(Exit::Done)
    }
}
