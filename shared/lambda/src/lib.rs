//! What every function shares on Lambda.
//!
//! - `run`: a function's start, and the loop that takes invocations.
//! - `invocation`: one event on its way through a function, with its deadline and its log line. The
//!   runner opens and closes it; a handler gets it as its one argument.
//! - `http/`: requests that come through the gateway: event, caller, body, problem details, response.
//! - `queue`: batches of identity events.
//! - `telemetry/`: the log line of an invocation, which carries its metrics.

mod app;
mod http;
mod invocation;
mod queue;
mod run;
mod schedule;
mod telemetry;

pub use crate::app::{App, StartError};
pub use crate::http::caller::Caller;
pub use crate::http::event::HttpRequest;
pub use crate::http::operators::execute_for_users;
pub use crate::http::problem::ProblemDetails;
pub use crate::http::problem_code::ProblemCode;
pub use crate::http::response::HttpResponse;
pub use crate::http::service::serve_http;
pub use crate::invocation::Invocation;
pub use crate::queue::{EventOutcome, UnexpectedEventError, serve_queue};
pub use crate::run::{run_http, run_queue, run_schedule};
pub use crate::schedule::{ScheduleError, serve_schedule};
pub use crate::telemetry::field::Field;
pub use crate::telemetry::metric::Metric;
