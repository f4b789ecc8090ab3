//! What came of an order for one user.

use acs_broker_core::{Happening, Observer, WorkError};
use acs_broker_store_dynamodb::{RecordKey, UserTable};
use identity_client::Deadline;
use serde::Serialize;

use crate::failure::chain;
use crate::output::Exit;

/// What came of an order for one user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "outcome", content = "why")]
pub(crate) enum Outcome {
    /// It is done, at ACS too.
    Done,
    /// It is written down, and the scheduled sweep carries it out at ACS.
    LeftToSweep(String),
    /// It is not done. If ACS is why, it is written down all the same.
    Failed(String),
    /// The command was interrupted before.
    NotTried,
}

impl Outcome {
    /// Sorts what the broker says about work at ACS, and reads up on it: work stays written down
    /// without an error where ACS denies an identity for the first time.
    pub(crate) async fn of(
        result: Result<(), WorkError>,
        table: &impl UserTable,
        user: &RecordKey,
        deadline: &Deadline,
    ) -> Self {
        match result {
            Ok(()) => match table.read(user, deadline).await {
                Ok(stored) if stored.record.pending.is_some() => {
                    let why = "ACS says that the identity does not exist; once is not believed";
                    Self::LeftToSweep(why.to_owned())
                }
                Ok(_) => Self::Done,
                Err(error) => Self::Failed(format!("done and not confirmed: {}", chain(&error))),
            },
            Err(WorkError::Acs(error)) if error.is_throttled() || error.is_unavailable() => {
                Self::LeftToSweep(chain(&error))
            }
            Err(error) => Self::Failed(chain(&error)),
        }
    }

    /// Sorts what the broker says about a change that concerns the record alone.
    pub(crate) fn of_record(result: Result<(), WorkError>) -> Self {
        match result {
            Ok(()) => Self::Done,
            Err(error) => Self::Failed(chain(&error)),
        }
    }
}

/// How a command exits that did something to each of many.
pub(crate) fn exit<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Exit {
    let (mut all_done, mut all_failed) = (true, true);
    for outcome in outcomes {
        all_done &= *outcome == Outcome::Done;
        all_failed &= matches!(outcome, Outcome::Failed(_));
    }
    match (all_done, all_failed) {
        (true, _) => Exit::Done,
        (false, true) => Exit::Failed,
        (false, false) => Exit::Partly,
    }
}

/// Hears nothing: what an operator must know is in the outcome and in the record.
#[derive(Debug)]
pub(crate) struct Quiet;

impl Observer for Quiet {
    fn saw(&self, _happening: Happening) {}

    fn postponed(&self, _key: &RecordKey, _why: &WorkError) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_learns_whether_everything_something_or_nothing_is_done() {
        let (done, failed) = (Outcome::Done, Outcome::Failed(String::new()));
        let left = Outcome::LeftToSweep(String::new());
        for (outcomes, expected) in [
            (vec![], Exit::Done),
            (vec![&done, &done], Exit::Done),
            (vec![&failed, &failed], Exit::Failed),
            (vec![&done, &failed], Exit::Partly),
            (vec![&done, &left], Exit::Partly),
            (vec![&left], Exit::Partly),
            (vec![&Outcome::NotTried], Exit::Partly),
        ] {
            assert_eq!(exit(outcomes.clone()), expected, "{outcomes:?}");
        }
    }
}
