//! `acs-broker completions`.

use clap::Args;
use clap_complete::Shell;

use crate::error::CliError;
use crate::exit::Exit;
use crate::report::print_text;
use crate::session::Session;

const EXAMPLES: &str = "\
Examples:
  acs-broker completions bash > ~/.local/share/bash-completion/completions/acs-broker
  acs-broker completions zsh > ~/.zfunc/_acs-broker";

/// Print the completions of a shell
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

impl CompletionsArgs {
    /// Runs the command.
    pub(crate) fn run(&self, session: &Session) -> Result<Exit, CliError> {
        let mut command = session.command_line();
        let name = command.get_name().to_owned();
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, name, &mut script);
        print_text(&script).map_err(CliError::Output)
    }
}
