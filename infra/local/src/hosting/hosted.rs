//! Functions in this process, behind the parsers and serializers that run on Lambda.

use std::future::Future;
use std::sync::Arc;

use acs_broker_identity_events::ProviderEvent;
use acs_broker_lambda::{
    App, EventOutcome, HttpRequest, HttpResponse, Invocation, ProblemDetails, serve_http,
    serve_queue,
};
use lambda_runtime::LambdaEvent;

use crate::hosting::functions::{Function, InvokeError};

/// Hosts a function that responds to HTTP requests.
pub(crate) fn hosted_http<F, A>(app: Arc<App>, handle: F) -> Function
where
    F: Fn(Arc<Invocation<HttpRequest>>) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Result<HttpResponse, ProblemDetails>> + Send + 'static,
{
    Arc::new(move |event, context| {
        let (app, handle) = (Arc::clone(&app), handle.clone());
        Box::pin(async move {
            // As text: through the parser that runs on Lambda.
            let request = serde_json::from_str(&event.to_string()).map_err(InvokeError::Event)?;
            let response = serve_http(app, handle, LambdaEvent::new(request, context)).await;
            serde_json::to_value(response).map_err(InvokeError::Response)
        })
    })
}

/// Hosts a function that consumes a queue.
pub(crate) fn hosted_queue<F, A>(app: Arc<App>, handle: F) -> Function
where
    F: Fn(Arc<Invocation<ProviderEvent>>) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = EventOutcome> + Send + 'static,
{
    Arc::new(move |event, context| {
        let (app, handle) = (Arc::clone(&app), handle.clone());
        Box::pin(async move {
            let response = serve_queue(app, handle, LambdaEvent::new(event, context)).await;
            let response = response.map_err(|error| InvokeError::Function(error.into()))?;
            serde_json::to_value(response).map_err(InvokeError::Response)
        })
    })
}
