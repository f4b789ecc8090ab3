//! The command line, from its arguments to the exit code.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser};

use crate::commands::Command;
use crate::error::CliError;
use crate::exit::{EXIT_CODES, Exit};
use crate::report::print_error;
use crate::session::{Env, Session};
use crate::stack::StackArgs;

/// Operates a deployed token broker, or a local one: its users, dead letters and orphans.
#[derive(Debug, Parser)]
#[command(name = "acs-broker", version, after_help = EXIT_CODES)]
struct Cli {
    /// Print one JSON document instead of a table; errors too
    #[arg(long, global = true)]
    json: bool,

    #[command(flatten)]
    stack: StackArgs,

    #[command(subcommand)]
    command: Command,
}

/// Runs the command line and returns the exit code of the process.
pub async fn run(arguments: Vec<OsString>, env: Env) -> ExitCode {
    // A script reads errors as JSON too, also those of a line that cannot be parsed.
    let is_json = arguments.iter().any(|argument| argument == "--json");
    let words: Vec<_> =
        arguments.iter().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) if is_json && error.use_stderr() => {
            let rule = error.to_string().trim_end().trim_start_matches("error: ").to_owned();
            print_error(&CliError::Usage(rule), true);
            return Exit::Usage.into();
        }
        Err(error) if has_detached_url(&words) => {
            let rule = "--local: write --local=URL, with = and without a blank".to_owned();
            print_error(&CliError::Usage(rule), false);
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(1));
        }
        Err(error) => {
            // If the terminal is gone, the text has no reader.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(1));
        }
    };
    let session = Session::new(cli.stack, cli.json, env, Cli::command);
    let exit = cli.command.execute(&session).await.unwrap_or_else(|error| {
        print_error(&error, cli.json);
        error.exit()
    });
    exit.into()
}

/// Returns whether the address of a local stack stands behind a blank, where clap takes it for a
/// command.
fn has_detached_url(words: &[String]) -> bool {
    words
        .windows(2)
        .any(|pair| matches!(pair, [option, url] if option == "--local" && url.contains("://")))
}

#[cfg(test)]
mod tests;
