//! Asking before something is done that cannot be taken back.

use std::io::{self, IsTerminal as _, Write as _};

use crate::failure::Failure;

/// Asks the operator a question; `true` is yes.
pub(crate) type Ask<'a> = &'a mut dyn FnMut(&str) -> io::Result<bool>;

/// Comes back when the operator agrees: by `--yes`, or by answering on the terminal.
///
/// Without a terminal there is nobody to ask, and a script has to say `--yes`.
pub(crate) fn confirm(question: &str, yes: bool, ask: Option<Ask<'_>>) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let Some(ask) = ask else {
        let rule = "this has to be confirmed and there is no terminal to ask at: add --yes";
        return Err(Failure::Usage(rule.to_owned()));
    };
    match ask(question) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::Declined),
        Err(error) => Err(Failure::Input("the terminal".into(), error)),
    }
}

/// Whether there is somebody to ask.
pub(crate) fn has_terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks at the terminal. Only a `y` or a `yes` is one.
pub(crate) fn ask_at_terminal(question: &str) -> io::Result<bool> {
    let mut terminal = io::stderr();
    write!(terminal, "{question} [y/N] ")?;
    terminal.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_that_forgets_to_say_yes_is_told_so_and_nothing_happens() {
        let failure = confirm("Go on?", false, None).unwrap_err();
        assert!(matches!(&failure, Failure::Usage(rule) if rule.contains("--yes")), "{failure}");
        assert!(confirm("Go on?", true, None).is_ok());
    }

    #[test]
    fn an_operator_is_asked_once_and_their_answer_counts() {
        for answer in [true, false] {
            let mut asked = Vec::new();
            let mut ask = |question: &str| {
                asked.push(question.to_owned());
                Ok(answer)
            };
            assert_eq!(confirm("Go on?", false, Some(&mut ask)).is_ok(), answer);
            assert_eq!(asked, ["Go on?"]);
        }
    }

    #[test]
    fn an_operator_who_has_said_yes_is_not_asked() {
        let mut ask = |_: &str| -> io::Result<bool> { panic!("asked") };
        assert!(confirm("Go on?", true, Some(&mut ask)).is_ok());
    }
}
