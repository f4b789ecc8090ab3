//! The confirmation before a change that cannot be taken back.

use std::io::{self, IsTerminal as _, Write as _};

use clap::Args;

use crate::error::CliError;

/// Holds the options of every command that changes something.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct ConfirmArgs {
    /// Show what would happen, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Asks the operator a question; `true` is yes.
type Prompt<'a> = &'a mut dyn FnMut(&str) -> io::Result<bool>;

/// Asks the operator at the terminal, unless `yes` is set.
///
/// # Errors
/// [`CliError::Declined`]; or [`CliError::Usage`] without a terminal: a script must pass `--yes`.
pub(crate) fn confirm(question: &str, yes: bool) -> Result<(), CliError> {
    let has_terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
    let mut terminal = prompt_at_terminal;
    confirm_with(question, yes, has_terminal.then_some(&mut terminal as Prompt<'_>))
}

fn confirm_with(question: &str, yes: bool, prompt: Option<Prompt<'_>>) -> Result<(), CliError> {
    if yes {
        return Ok(());
    }
    let Some(prompt) = prompt else {
        let rule = "this has to be confirmed and there is no terminal to ask at: add --yes";
        return Err(CliError::Usage(rule.to_owned()));
    };
    match prompt(question) {
        Ok(true) => Ok(()),
        Ok(false) => Err(CliError::Declined),
        Err(error) => Err(CliError::Input("the terminal".into(), error)),
    }
}

/// Reads the operator's decision. Only a `y` or a `yes` confirms.
fn prompt_at_terminal(question: &str) -> io::Result<bool> {
    let mut terminal = io::stderr();
    write!(terminal, "{question} [y/N] ")?;
    terminal.flush()?;
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(["y", "yes"].contains(&line.trim().to_ascii_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A script that does not pass `--yes` gets an error that names it, and nothing happens.
    #[test]
    fn script_must_pass_yes() {
        let error = confirm_with("Go on?", false, None).unwrap_err();
        assert!(matches!(&error, CliError::Usage(rule) if rule.contains("--yes")), "{error}");
        assert!(confirm_with("Go on?", true, None).is_ok());
    }

    /// The operator is asked once, and the decision counts.
    #[test]
    fn operator_is_asked_once() {
        for decision in [true, false] {
            let mut asked = Vec::new();
            let mut prompt = |question: &str| {
                asked.push(question.to_owned());
                Ok(decision)
            };
            let confirmed = confirm_with("Go on?", false, Some(&mut prompt));
            assert_eq!(confirmed.is_ok(), decision);
            assert_eq!(asked, ["Go on?"]);
        }
    }

    /// An operator who has passed `--yes` is not asked.
    #[test]
    fn yes_skips_the_question() {
        let mut prompt = |_: &str| -> io::Result<bool> { panic!("asked") };
        assert!(confirm_with("Go on?", true, Some(&mut prompt)).is_ok());
    }
}
