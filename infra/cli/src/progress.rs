//! The progress of a long command: a bar on a terminal, else a line each ten seconds.

use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use tokio::time::Instant;

use crate::text_table::duration;

const TEMPLATE: &str = "{pos} of {len} {bar:30} {rate}/s, {left} left";
const TEMPLATE_WITHOUT_TOTAL: &str = "{pos} so far, {rate}/s";
/// Logs of a job show so often how far it is.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Knows how progress is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    view: View,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum View {
    Bar,
    Lines,
    Hidden,
}

/// Counts the steps of a command and shows them. The bar vanishes with it.
#[derive(Debug)]
pub(crate) struct Meter {
    bar: ProgressBar,
    pace: Duration,
    lines: Option<Mutex<Lines>>,
}

#[derive(Debug)]
struct Lines {
    began: Instant,
    next: Instant,
}

impl Progress {
    /// Shows progress to people: not to programs.
    pub(crate) fn new(json: bool) -> Self {
        let view = match (json, io::stderr().is_terminal()) {
            (true, _) => View::Hidden,
            (false, true) => View::Bar,
            (false, false) => View::Lines,
        };
        Self { view }
    }

    #[cfg(test)]
    pub(crate) const HIDDEN: Self = Self { view: View::Hidden };

    /// Returns a meter of `total` steps, or of an unknown number.
    pub(crate) fn meter(self, total: Option<usize>) -> Meter {
        self.paced(total, Duration::ZERO)
    }

    /// Returns a meter of steps that follow each other no faster than `pace`, so that the time left
    /// is known from the start.
    pub(crate) fn paced(self, total: Option<usize>, pace: Duration) -> Meter {
        let is_shown = self.view == View::Bar && total.is_none_or(|total| total > 1);
        let target =
            if is_shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let length = total.and_then(|total| u64::try_from(total).ok());
        let bar = ProgressBar::with_draw_target(length, target);
        let bar = bar.with_style(style(total.is_some(), pace));
        let began = Instant::now();
        let lines = (self.view == View::Lines)
            .then(|| Mutex::new(Lines { began, next: began + LINE_INTERVAL }));
        Meter { bar: bar.with_finish(indicatif::ProgressFinish::AndClear), pace, lines }
    }
}

impl Meter {
    /// Counts steps that are done.
    pub(crate) fn inc(&self, steps: usize) {
        self.bar.inc(u64::try_from(steps).unwrap_or(u64::MAX));
        let Some(lines) = &self.lines else { return };
        let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if now < lines.next {
            return;
        }
        lines.next = now + LINE_INTERVAL;
        let text = line(self.bar.position(), self.bar.length(), now - lines.began, self.pace);
        // If standard error is closed, the text has no reader.
        let _ = writeln!(io::stderr(), "{text}");
    }
}

fn style(has_total: bool, pace: Duration) -> ProgressStyle {
    let template = if has_total { TEMPLATE } else { TEMPLATE_WITHOUT_TOTAL };
    let style = ProgressStyle::with_template(template);
    style
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("rate", |state: &ProgressState, text: &mut dyn fmt::Write| {
            // If the text cannot be written, it is not shown.
            let _ = write!(text, "{:.1}", rate(state.pos(), state.elapsed()));
        })
        .with_key("left", move |state: &ProgressState, text: &mut dyn fmt::Write| {
            let left = left(state.pos(), state.len().unwrap_or(0), state.elapsed(), pace);
            let _ = text.write_str(&left);
        })
}

/// Returns the line for a log: `120 of 500, 10.0/s, 38s left`.
fn line(done: u64, total: Option<u64>, elapsed: Duration, pace: Duration) -> String {
    let rate = rate(done, elapsed);
    match total {
        Some(total) => {
            format!("{done} of {total}, {rate:.1}/s, {} left", left(done, total, elapsed, pace))
        }
        None => format!("{done} so far, {rate:.1}/s"),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate is shown with one digit")]
fn rate(done: u64, elapsed: Duration) -> f64 {
    if elapsed.is_zero() { 0.0 } else { done as f64 / elapsed.as_secs_f64() }
}

/// Returns the time that is left at the pace so far, and never less than the known pace allows.
fn left(done: u64, total: u64, elapsed: Duration, pace: Duration) -> String {
    let steps = u32::try_from(total.saturating_sub(done)).unwrap_or(u32::MAX);
    let so_far = u32::try_from(done).ok().and_then(|done| elapsed.checked_div(done));
    let each = so_far.unwrap_or(pace).max(pace);
    duration(i64::try_from(each.saturating_mul(steps).as_secs()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The templates are checked only when the bar is drawn.
    #[test]
    fn bar_templates_are_valid() {
        for template in [TEMPLATE, TEMPLATE_WITHOUT_TOTAL] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }

    /// The time left starts with the known pace, not with a guess that climbs.
    #[test]
    fn time_left_starts_at_the_known_pace() {
        let (pace, second) = (Duration::from_millis(100), Duration::from_secs(1));
        assert_eq!(line(0, Some(300), Duration::ZERO, pace), "0 of 300, 0.0/s, 30s left");
        assert_eq!(
            line(1, Some(301), Duration::from_millis(1), pace),
            "1 of 301, 1000.0/s, 30s left"
        );
        assert_eq!(line(5, Some(305), second, pace), "5 of 305, 5.0/s, 1m left");
        assert_eq!(line(50, None, second, Duration::ZERO), "50 so far, 50.0/s");
    }
}
