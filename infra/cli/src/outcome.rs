//! The outcome of an operation for one user or one message.

use serde::Serialize;

use crate::exit::Exit;

/// Tells how an operation ended for one user or one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "outcome", content = "why")]
pub(crate) enum Outcome {
    /// It is done, at ACS too.
    Done,
    /// It is done, but nothing was known of the user: the subject may be mistaken.
    Unknown,
    /// It is recorded, and the scheduled sweep finishes it at ACS.
    Deferred(String),
    /// It is not done. If ACS is the reason, it is recorded all the same.
    Failed(String),
    /// The command was interrupted before.
    NotTried,
}

/// Counts outcomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Summary {
    pub(crate) done: usize,
    pub(crate) unknown: usize,
    pub(crate) deferred: usize,
    pub(crate) failed: usize,
    pub(crate) not_tried: usize,
}

impl Outcome {
    /// Returns whether the operation is done and confirmed.
    const fn is_done(&self) -> bool {
        matches!(self, Self::Done | Self::Unknown)
    }

    /// Returns the two cells of a table: the result, which is `done` on success, and the reason.
    pub(crate) fn cells(&self, done: &str) -> [String; 2] {
        let (result, why) = match self {
            Self::Done => (done, ""),
            Self::Unknown => ("unknown user", "nothing was known of this user; check the subject"),
            Self::Deferred(why) => ("deferred to the sweep", why.as_str()),
            Self::Failed(why) => ("failed", why.as_str()),
            Self::NotTried => ("not tried", ""),
        };
        [result.to_owned(), why.to_owned()]
    }
}

impl Summary {
    /// Counts the outcomes.
    pub(crate) fn of<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Self {
        let mut summary = Self::default();
        for outcome in outcomes {
            let count = match outcome {
                Outcome::Done => &mut summary.done,
                Outcome::Unknown => &mut summary.unknown,
                Outcome::Deferred(_) => &mut summary.deferred,
                Outcome::Failed(_) => &mut summary.failed,
                Outcome::NotTried => &mut summary.not_tried,
            };
            *count += 1;
        }
        summary
    }

    /// Returns the counts that are not zero, such as `2 revoked, 1 failed`.
    pub(crate) fn text(&self, done: &str) -> String {
        let counts = [
            (self.done, done),
            (self.unknown, "unknown"),
            (self.deferred, "deferred to the sweep"),
            (self.failed, "failed"),
            (self.not_tried, "not tried"),
        ];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        counts.map(|(count, name)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
    }
}

/// Returns the exit code of a command that did something to each of many.
pub(crate) fn exit_of<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Exit {
    let (mut all_done, mut all_failed) = (true, true);
    for outcome in outcomes {
        all_done &= outcome.is_done();
        all_failed &= matches!(outcome, Outcome::Failed(_));
    }
    match (all_done, all_failed) {
        (true, _) => Exit::Done,
        (false, true) => Exit::Failed,
        (false, false) => Exit::Partial,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A script learns whether everything, something or nothing is done.
    #[test]
    fn exit_code_summarizes_all_outcomes() {
        let (done, failed) = (Outcome::Done, Outcome::Failed(String::new()));
        let deferred = Outcome::Deferred(String::new());
        for (outcomes, expected) in [
            (vec![], Exit::Done),
            (vec![&done, &done], Exit::Done),
            (vec![&failed, &failed], Exit::Failed),
            (vec![&done, &Outcome::Unknown], Exit::Done),
            (vec![&Outcome::Unknown, &failed], Exit::Partial),
            (vec![&done, &failed], Exit::Partial),
            (vec![&done, &deferred], Exit::Partial),
            (vec![&deferred], Exit::Partial),
            (vec![&Outcome::NotTried], Exit::Partial),
        ] {
            assert_eq!(exit_of(outcomes.clone()), expected, "{outcomes:?}");
        }
    }
}
