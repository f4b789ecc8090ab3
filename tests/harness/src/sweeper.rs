//! Runs the function `sweep` with a clock that is ahead.

use std::time::Duration;

use acs_broker_lambda::serve_schedule;
use identity_client::Timestamp;
use lambda_runtime::Context;
use serde_json::Value;

use crate::lambda;
use crate::stack::StackProcess;

/// By how much the clock is ahead. Every pending operation and every lease is due by then, and ACS
/// still accepts requests that are signed so far in the future.
const CLOCK_LEAD: Duration = Duration::from_mins(5);

/// Runs the function `sweep` on the table and the ACS of `stack`, with a clock that is five minutes
/// ahead, and returns its report:
/// `{"revoked", "deleted", "leasesExpired", "rescheduled", "failed", "unfinished"}`.
pub async fn sweep_later(stack: &StackProcess) -> Value {
    let app = lambda::app(stack, later);
    let sweep = acs_broker_function_sweep::handle;
    let report = serve_schedule(app, "sweep", sweep, &Context::default()).await;
    serde_json::to_value(report.expect("a report")).expect("a report in JSON")
}

#[expect(clippy::disallowed_methods, reason = "the clock of a function")]
fn later() -> Timestamp {
    let now = Timestamp::now();
    now.checked_add(CLOCK_LEAD).unwrap_or(now)
}
