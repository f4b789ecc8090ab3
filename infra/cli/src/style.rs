//! Colours, on a terminal only and never where `NO_COLOR` is set (<https://no-color.org>).

use std::io::{self, IsTerminal as _};

/// Paints text, or leaves it as it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    is_coloured: bool,
}

/// Names what a colour means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Good,
    Doubtful,
    Bad,
    Faint,
}

impl Paint {
    #[cfg(test)]
    pub(crate) const PLAIN: Self = Self { is_coloured: false };
    #[cfg(test)]
    pub(crate) const COLOURED: Self = Self { is_coloured: true };

    /// Paints on a terminal, unless `NO_COLOR` says otherwise.
    pub(crate) fn new(variable: impl Fn(&str) -> Option<String>) -> Self {
        let is_refused = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
        let is_dumb = variable("TERM").is_some_and(|value| value == "dumb");
        Self { is_coloured: io::stdout().is_terminal() && !is_refused && !is_dumb }
    }

    /// Returns the text in a colour.
    pub(crate) fn paint(self, style: Style, text: &str) -> String {
        if !self.is_coloured {
            return text.to_owned();
        }
        let code = match style {
            Style::Good => "32",
            Style::Doubtful => "33",
            Style::Bad => "1;31",
            Style::Faint => "2",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file and a pipe get plain text: a test has no terminal.
    #[test]
    fn no_terminal_means_no_colour() {
        assert_eq!(Paint::new(|_| None).paint(Style::Bad, "FAIL"), "FAIL");
        assert_eq!(Paint::COLOURED.paint(Style::Good, "ok"), "\u{1b}[32mok\u{1b}[0m");
    }
}
