//! Invocations by a schedule.

use std::sync::Arc;
use std::time::Duration;

use acs_broker_core::{BrokerError, StoreError};
use lambda_runtime::Context;
use serde::Serialize;
use serde_json::json;
use thiserror::Error;

use crate::app::App;
use crate::http::problem::ProblemDetails;
use crate::http::problem_code::ProblemCode;
use crate::invocation::{Invocation, time_left};
use crate::telemetry::field::Field;

/// A scheduled invocation failed. Its log line has the cause.
#[derive(Clone, Copy, Debug, Error)]
#[error("the invocation failed with {0:?}; its log line has the cause")]
pub struct ScheduleError(pub ProblemCode);

/// What a scheduled invocation may take where Lambda does not say how long it has.
const DEFAULT_TIME: Duration = Duration::from_secs(30);

/// Opens the invocation of a schedule, has it handled, and closes it with its report.
///
/// # Errors
/// The handler's error: the invocation fails, which raises an alarm.
pub async fn serve_schedule<F, A, R>(
    app: Arc<App>,
    operation: &'static str,
    handle: F,
    context: &Context,
) -> Result<R, ScheduleError>
where
    F: FnOnce(Arc<Invocation<()>>) -> A,
    A: Future<Output = Result<R, StoreError>>,
    R: Serialize,
{
    let budget = time_left(context, (app.clock)()).unwrap_or(DEFAULT_TIME);
    let request_id = context.request_id.clone();
    let invocation = Arc::new(Invocation::open(app, operation, request_id, budget, ()));
    let outcome = handle(Arc::clone(&invocation)).await;
    let outcome = match outcome {
        Ok(report) => {
            invocation.line().set(Field::Report, json!(report));
            Ok(report)
        }
        Err(error) => {
            let problem = ProblemDetails::from(BrokerError::Store(error));
            invocation.note_problem(&problem);
            Err(ScheduleError(problem.code))
        }
    };
    invocation.close();
    outcome
}
