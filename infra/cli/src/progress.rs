//! How far a long command is, on a terminal.

use std::io::{self, IsTerminal as _};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const TEMPLATE: &str = "{pos} of {len} {bar:40} {eta_precise} left";

/// Whether progress is shown at all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    is_shown: bool,
}

impl Progress {
    /// Shown to people: not to programs, and not into files.
    pub(crate) fn new(json: bool) -> Self {
        Self { is_shown: !json && io::stderr().is_terminal() }
    }

    #[cfg(test)]
    pub(crate) const HIDDEN: Self = Self { is_shown: false };

    /// A bar of `total` steps; it vanishes with its last clone.
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

    #[test]
    fn the_bar_can_be_drawn() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }
}
