//! A function's start, and the loop that takes invocations from Lambda.

use std::io::{self, Write};
use std::process;
use std::sync::Arc;

use acs_broker_config::{Settings, error_chain};
use acs_broker_core::StoreError;
use acs_broker_identity_events::ProviderEvent;
use jiff::Timestamp;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::Serialize;
use serde_json::Value;
use tracing_subscriber::filter::LevelFilter;

use crate::app::{App, StartError};
use crate::http::event::HttpRequest;
use crate::http::problem::ProblemDetails;
use crate::http::response::HttpResponse;
use crate::http::service::serve_http;
use crate::invocation::Invocation;
use crate::queue::{EventOutcome, serve_queue};
use crate::schedule::serve_schedule;

/// Runs a function that answers HTTP requests, until the process ends. It ends at once, with the
/// reason in the log, when the function cannot start.
///
/// # Errors
/// The Lambda Runtime API fails.
pub async fn run_http<F, A>(handle: F) -> Result<(), lambda_runtime::Error>
where
    F: Fn(Arc<Invocation<HttpRequest>>) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Result<HttpResponse, ProblemDetails>> + Send + 'static,
{
    let app = start().await;
    app.open_connections().await;
    let service = service_fn(move |event: LambdaEvent<HttpRequest>| {
        let (app, handle) = (Arc::clone(&app), handle.clone());
        async move { Ok::<_, lambda_runtime::Error>(serve_http(app, handle, event).await) }
    });
    // Boxed: the longest path through the broker would weigh on every caller's stack.
    Box::pin(lambda_runtime::run_concurrent(service)).await
}

/// Runs a function that consumes queues of identity events.
///
/// # Errors
/// As for [`run_http`].
pub async fn run_queue<F, A>(handle: F) -> Result<(), lambda_runtime::Error>
where
    F: Fn(Arc<Invocation<ProviderEvent>>) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = EventOutcome> + Send + 'static,
{
    let app = start().await;
    let service = service_fn(move |event: LambdaEvent<Value>| {
        let (app, handle) = (Arc::clone(&app), handle.clone());
        async move { serve_queue(app, handle, event).await.map_err(lambda_runtime::Error::from) }
    });
    Box::pin(lambda_runtime::run_concurrent(service)).await
}

/// Runs a function that is invoked on a schedule. Its error makes the invocation fail.
///
/// # Errors
/// As for [`run_http`].
pub async fn run_schedule<F, A, R>(
    operation: &'static str,
    handle: F,
) -> Result<(), lambda_runtime::Error>
where
    F: Fn(Arc<Invocation<()>>) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Result<R, StoreError>> + Send + 'static,
    R: Serialize + Send + Sync + 'static,
{
    let app = start().await;
    let service = service_fn(move |event: LambdaEvent<Value>| {
        let (app, handle) = (Arc::clone(&app), handle.clone());
        async move {
            let report = serve_schedule(app, operation, handle, &event.context).await;
            report.map_err(lambda_runtime::Error::from)
        }
    });
    lambda_runtime::run(service).await
}

/// Makes what the function works with. When it cannot, the log says why, and the process ends.
#[expect(clippy::disallowed_methods, reason = "the edge: here the process meets its environment")]
#[expect(clippy::exit, reason = "the caller has nothing to add, and would only repeat it")]
async fn start() -> Arc<App> {
    // An invocation has a line of its own; this is for what goes wrong outside of one.
    tracing_subscriber::fmt().json().with_max_level(LevelFilter::WARN).init();
    let settings = Settings::read_with_secret(Arc::new(|name| std::env::var(name).ok())).await;
    let app = settings
        .map_err(StartError::from)
        .and_then(|settings| App::new(settings, Timestamp::now, print));
    match app {
        Ok(app) => Arc::new(app),
        Err(error) => {
            tracing::error!(error = error_chain(&error), "the function cannot start");
            process::exit(1)
        }
    }
}

fn print(line: &str) {
    // With standard output gone there is nobody left to tell.
    let _ = writeln!(io::stdout().lock(), "{line}");
}
