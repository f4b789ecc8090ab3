//! The progress bar of a long command.

use std::io::{self, IsTerminal as _};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const TEMPLATE: &str = "{pos} of {len} {bar:40} {eta_precise} left";

/// Knows whether progress is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    is_shown: bool,
}

impl Progress {
    /// Shows progress to people: not to programs, and not in files.
    pub(crate) fn new(json: bool) -> Self {
        Self { is_shown: !json && io::stderr().is_terminal() }
    }

    #[cfg(test)]
    pub(crate) const HIDDEN: Self = Self { is_shown: false };

    /// Returns a bar of `total` steps; it vanishes with its last clone.
    pub(crate) fn bar(self, total: usize) -> ProgressBar {
        let is_shown = self.is_shown && total > 1;
        let target =
            if is_shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(u64::try_from(total).ok(), target);
        let style = ProgressStyle::with_template(TEMPLATE);
        bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
            .with_finish(indicatif::ProgressFinish::AndClear)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The template is checked only when the bar is drawn.
    #[test]
    fn bar_template_is_valid() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }
}
