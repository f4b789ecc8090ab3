//! One HTTP request from its event to its response.

use std::sync::Arc;

use lambda_runtime::LambdaEvent;

use crate::app::App;
use crate::http::event::HttpRequest;
use crate::http::problem::ProblemDetails;
use crate::http::problem_code::ProblemCode;
use crate::http::response::HttpResponse;
use crate::http::route::operation;
use crate::invocation::{Invocation, MAX_REQUEST_TIME, time_left};
use crate::telemetry::field::Field;
use crate::telemetry::line::Level;

/// Opens the invocation of a request, has it handled, and closes it. Every failure is a response
/// too.
pub async fn serve_http<F, A>(
    app: Arc<App>,
    handle: F,
    event: LambdaEvent<HttpRequest>,
) -> HttpResponse
where
    F: FnOnce(Arc<Invocation<HttpRequest>>) -> A,
    A: Future<Output = Result<HttpResponse, ProblemDetails>>,
{
    let LambdaEvent { payload: request, context } = event;
    let request_id = request.request_id.clone().unwrap_or_else(|| context.request_id.clone());
    let left = time_left(&context, (app.clock)());
    let budget = left.map_or(MAX_REQUEST_TIME, |left| left.min(MAX_REQUEST_TIME));
    let operation = operation(&request.route);
    let invocation = Arc::new(Invocation::open(app, operation, request_id, budget, request));
    let response = match handle(Arc::clone(&invocation)).await {
        Ok(response) => response,
        Err(problem) => {
            let problem = problem.at_deadline(invocation.deadline.remaining().is_zero());
            invocation.note_problem(&problem);
            HttpResponse::problem(&problem, &invocation.request_id)
        }
    };
    invocation.line().set(Field::Status, response.status_code);
    invocation.close();
    response
}

impl<P> Invocation<P> {
    /// Notes a problem in the log line, and counts it.
    pub(crate) fn note_problem(&self, problem: &ProblemDetails) {
        let mut line = self.line();
        line.set(Field::Code, serde_json::json!(problem.code));
        line.count(problem.code.metric());
        let cause = problem.cause();
        if let Some(cause) = &cause {
            line.set(Field::Error, cause.as_str());
        }
        let hint = problem.code.hint();
        if problem.code.status() >= 500 && problem.code != ProblemCode::IdentityBusy {
            line.raise(Level::Error, hint);
        } else if cause.is_some() {
            line.raise(Level::Warn, hint);
        }
    }
}
