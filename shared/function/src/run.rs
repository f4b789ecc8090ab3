use std::convert::Infallible;
use std::error::Error;
use std::future::ready;
use std::io::{self, Write};
use std::pin::Pin;
use std::sync::Arc;

use identity_client::Timestamp;
use lambda_http::http::Response;
use lambda_http::{Body, Context, IntoResponse, Request, service_fn};
use lambda_runtime::LambdaEvent;
use serde::Serialize;
use serde_json::Value;
use tracing_subscriber::filter::LevelFilter;

use crate::app::{App, StartError};
use crate::log::chain;
use crate::settings::Settings;

/// Runs a function that answers HTTP requests on Lambda, until the process ends.
///
/// # Errors
/// The function cannot start, and the log says why; or the Lambda Runtime API fails.
pub async fn run<F, A>(handle: F) -> Result<(), lambda_http::Error>
where
    F: Fn(Arc<App>, Request) -> A + Clone + Send + 'static,
    A: Future<Output = Response<String>> + Send + 'static,
{
    let app = Arc::new(start()?);
    let service = service_fn(move |request| {
        let answer = handle(Arc::clone(&app), request);
        async move { Ok::<_, Infallible>(Text(answer.await)) }
    });
    lambda_http::run_concurrent(service).await
}

/// Runs a function that is invoked on a schedule; its error makes the invocation fail.
///
/// # Errors
/// As for [`run`].
pub async fn run_scheduled<F, A, T, E>(handle: F) -> Result<(), lambda_http::Error>
where
    F: Fn(Arc<App>, Context) -> A + Clone + Send + 'static,
    A: Future<Output = Result<T, E>> + Send + 'static,
    T: Serialize + Send + Sync + 'static,
    E: Error + Send + Sync + 'static,
{
    let app = Arc::new(start()?);
    let service = lambda_runtime::service_fn(move |event: LambdaEvent<Value>| {
        let report = handle(Arc::clone(&app), event.context);
        async move { report.await.map_err(lambda_runtime::Error::from) }
    });
    lambda_runtime::run(service).await
}

#[expect(clippy::disallowed_methods, reason = "the edge: here the process meets its environment")]
fn start() -> Result<App, StartError> {
    // What a request has to say is in its own line; this is for a start that fails.
    tracing_subscriber::fmt().json().with_max_level(LevelFilter::INFO).init();
    let settings = Settings::read(&|name| std::env::var(name).ok());
    let app = settings
        .map_err(StartError::from)
        .and_then(|settings| App::new(settings, Timestamp::now, print));
    if let Err(error) = &app {
        tracing::error!(error = chain(error), "the function cannot start");
    }
    app
}

/// An answer that is text, which all of ours are. `lambda_http` would look that up in the content
/// type and ship every character set for it.
#[derive(Debug)]
pub struct Text(pub Response<String>);

impl IntoResponse for Text {
    fn into_response(self) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> {
        Box::pin(ready(self.0.map(Body::from)))
    }
}

fn print(line: &str) {
    // With standard output gone there is nobody left to tell.
    let _ = writeln!(io::stdout().lock(), "{line}");
}
