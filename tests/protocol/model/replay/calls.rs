//! The calls that the model expects of the code.

use crate::state::{Bind, Glimpse, Next};

/// Returns the names of the calls that a request is about to make.
pub(super) fn calls_of(next: Next) -> Vec<String> {
    let mut calls = match next {
        Next::End(_) => vec![],
        Next::Begin | Next::Read | Next::Verify(_) | Next::Recheck(_) => vec!["ReadSnapshot"],
        Next::Create => vec!["create"],
        Next::Bind { bind, glimpse } => {
            let first = match bind {
                Bind::Write => Some("Write"),
                Bind::Read => Some("ReadSnapshot"),
                Bind::Over { .. } => None,
            };
            let second = (glimpse == Glimpse::Asked).then_some("ReadSnapshot");
            first.into_iter().chain(second).collect()
        }
        Next::Mint(_) => vec!["issue"],
        Next::Act(operation) if operation.deletes => vec!["delete"],
        Next::Act(_) => vec!["revoke"],
        Next::Discard => vec!["delete"],
        Next::Write(_) => vec!["Write"],
    };
    calls.sort_unstable();
    calls.into_iter().map(str::to_owned).collect()
}
