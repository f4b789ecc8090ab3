//! `sweep`, as it runs a few minutes later.

use std::time::Duration;

use identity_client::Timestamp;
use lambda_runtime::Context;
use serde_json::Value;

use crate::lambda;
use crate::stack::Stack;

/// Whatever was accepted until now, and every lease, is due by then. Requests that are signed so
/// far in the future ACS still accepts.
const LATER: Duration = Duration::from_mins(5);

/// Runs the function `sweep` on the table and the ACS of `stack`, with a clock that is five minutes
/// ahead, and returns its report:
/// `{"revoked", "deleted", "leasesEnded", "postponed", "failed", "unfinished"}`.
///
/// # Panics
/// When it cannot start or the table does not answer.
#[expect(clippy::expect_used, reason = "a test cannot go on without the function")]
pub async fn sweep_later(stack: &Stack) -> Value {
    let app = lambda::app(stack, later);
    let swept = acs_broker_sweep::handle(app, Context::default()).await.expect("a report");
    serde_json::to_value(swept).expect("a report in JSON")
}

#[expect(clippy::disallowed_methods, reason = "the clock of a function")]
fn later() -> Timestamp {
    let now = Timestamp::now();
    now.checked_add(LATER).unwrap_or(now)
}
