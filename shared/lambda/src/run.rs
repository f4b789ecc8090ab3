use std::convert::Infallible;
use std::error::Error;
use std::future::ready;
use std::io::{self, Write};
use std::pin::Pin;
use std::process;
use std::sync::Arc;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use identity_client::Timestamp;
use lambda_http::http::Response;
use lambda_http::{Adapter, Body, Context, IntoResponse, Request, Service as _, service_fn};
use lambda_runtime::LambdaEvent;
use serde::Serialize;
use serde_json::Value;
use thiserror::Error as ThisError;
use tracing_subscriber::filter::LevelFilter;

use crate::app::{App, StartError};
use crate::incoming::Incoming;
use crate::log::chain;
use crate::queue::NoSources;
use crate::settings::Settings;

/// Runs a function that answers HTTP requests on Lambda, until the process ends. It ends at once, with
/// the reason in the log, when the function cannot start.
///
/// # Errors
/// The Lambda Runtime API fails.
pub async fn run<F, A>(handle: F) -> Result<(), lambda_http::Error>
where
    F: Fn(Arc<App>, Request) -> A + Clone + Send + 'static,
    A: Future<Output = Response<String>> + Send + 'static,
{
    let app = start().await;
    let service = service_fn(move |request| {
        let answer = handle(Arc::clone(&app), request);
        async move { Ok::<_, Infallible>(Text(answer.await)) }
    });
    lambda_http::run_concurrent(service).await
}

/// Runs a function that answers HTTP requests and also empties a queue of identity events. It is
/// deployed once for each, from the same binary; what it is invoked with tells which is meant.
///
/// # Errors
/// As for [`run`].
pub async fn run_with_queue<F, A, G, B>(handle: F, consume: G) -> Result<(), lambda_http::Error>
where
    F: Fn(Arc<App>, Request) -> A + Clone + Send + 'static,
    A: Future<Output = Response<String>> + Send + 'static,
    G: Fn(Arc<App>, SqsEvent, Context) -> B + Clone + Send + 'static,
    B: Future<Output = Result<SqsBatchResponse, NoSources>> + Send + 'static,
{
    let app = start().await;
    let service = lambda_runtime::service_fn(move |event: LambdaEvent<Incoming>| {
        let (app, handle, consume) = (Arc::clone(&app), handle.clone(), consume.clone());
        async move {
            let LambdaEvent { payload, context } = event;
            match payload {
                Incoming::Messages(messages) => {
                    let answer = consume(app, messages, context).await?;
                    Ok::<_, lambda_http::Error>(Outgoing::Messages(answer))
                }
                Incoming::Event(event) => {
                    let answer = consume(app, event, context).await?;
                    let is_done = answer.batch_item_failures.is_empty();
                    if is_done { Ok(Outgoing::Messages(answer)) } else { Err(NotDone.into()) }
                }
                Incoming::Request(request) => {
                    let mut adapter = Adapter::from(service_fn(move |request| {
                        let answer = handle(Arc::clone(&app), request);
                        async move { Ok::<_, Infallible>(Text(answer.await)) }
                    }));
                    let answer = adapter.call(LambdaEvent::new(*request, context)).await?;
                    Ok(Outgoing::Request(answer))
                }
            }
        }
    });
    // Boxed: the longest of these futures would weigh on every caller's stack.
    Box::pin(lambda_runtime::run_concurrent(service)).await
}

/// An event that came by itself is not done, and there is no queue to put it back into.
#[derive(Debug, ThisError)]
#[error("the event was not carried out; the log says why")]
struct NotDone;

/// The answer to each kind of [`Incoming`].
#[derive(Serialize)]
#[serde(untagged)]
enum Outgoing<R> {
    Request(R),
    Messages(SqsBatchResponse),
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
    let app = start().await;
    let service = lambda_runtime::service_fn(move |event: LambdaEvent<Value>| {
        let report = handle(Arc::clone(&app), event.context);
        async move { report.await.map_err(lambda_runtime::Error::from) }
    });
    lambda_runtime::run(service).await
}

/// Makes what the function works with. When it cannot, the log says why, and the process ends.
#[expect(clippy::disallowed_methods, reason = "the edge: here the process meets its environment")]
#[expect(clippy::exit, reason = "the caller has nothing to add, and would only say it again")]
async fn start() -> Arc<App> {
    // What a request has to say is in its own line; this is for a start that fails.
    tracing_subscriber::fmt().json().with_max_level(LevelFilter::INFO).init();
    let settings = Settings::read_with_secret(Arc::new(|name| std::env::var(name).ok())).await;
    let app = settings
        .map_err(StartError::from)
        .and_then(|settings| App::new(settings, Timestamp::now, print));
    match app {
        Ok(app) => Arc::new(app),
        Err(error) => {
            tracing::error!(error = chain(&error), "the function cannot start");
            process::exit(1)
        }
    }
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
