//! The functions behind the gateway: hosted in this process, or reached by Lambda's invoke API.
//!
//! Both ways an event goes in and a response comes out as JSON, through the parser and the
//! serializer that run on Lambda.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use acs_broker_lambda::StartError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use lambda_runtime::Context;
use serde_json::Value;
use tokio::task::JoinError;

use crate::hosting::steps::{self, Part};

/// How long an invocation may take: as long as an HTTP API waits for a response.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// One function: an event and its context in, a response out.
pub(crate) type Function = Arc<
    dyn Fn(Value, Context) -> Pin<Box<dyn Future<Output = Result<Value, InvokeError>> + Send>>
        + Send
        + Sync,
>;

/// Functions by their names.
pub(crate) type Named = BTreeMap<&'static str, Function>;

/// Makes the functions, each with an empty memory.
type Make = dyn Fn() -> Result<Named, StartError> + Send + Sync;

/// Every function by name. Clones share them.
#[derive(Clone)]
pub(crate) struct Functions {
    named: Arc<RwLock<Named>>,
    /// Makes those that run in this process.
    make: Option<Arc<Make>>,
}

/// An invocation gave no response.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvokeError {
    /// The contract names a function that is not there.
    #[error("there is no function {0}")]
    Unknown(String),
    /// The function does not understand the event.
    #[error("the function cannot read the event")]
    Event(#[source] serde_json::Error),
    /// The function gave a response that is not JSON.
    #[error("the function's response is not JSON")]
    Response(#[source] serde_json::Error),
    /// The function says that it failed.
    #[error("the function failed")]
    Function(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The function panicked.
    #[error("the function panicked")]
    Panicked(#[source] JoinError),
    /// The function took longer than [`TIMEOUT`].
    #[error("the function timed out")]
    TimedOut,
    /// The invoke API cannot be reached.
    #[error("the invoke API cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The invoke API says that the function failed.
    #[error("the function failed with status {0}")]
    Refused(reqwest::StatusCode),
}

impl Functions {
    /// Functions by the names that `x-function` uses.
    #[must_use]
    pub(crate) fn new(functions: impl IntoIterator<Item = (&'static str, Function)>) -> Self {
        Self { named: Arc::new(RwLock::new(functions.into_iter().collect())), make: None }
    }

    /// Functions that `make` makes, and makes anew whenever they are to forget.
    ///
    /// # Errors
    /// Those of `make`.
    pub(crate) fn made_by(
        make: impl Fn() -> Result<Named, StartError> + Send + Sync + 'static,
    ) -> Result<Self, StartError> {
        let named = Arc::new(RwLock::new(make()?));
        Ok(Self { named, make: Some(Arc::new(make)) })
    }

    /// Empties the memory of the functions in this process: tokens, identities, rates, outages. An
    /// invocation under way ends with the old one.
    ///
    /// # Errors
    /// A function cannot be made.
    pub(crate) fn forget(&self) -> Result<(), StartError> {
        if let Some(make) = &self.make {
            let made = make()?;
            *self.named.write().unwrap_or_else(PoisonError::into_inner) = made;
        }
        Ok(())
    }

    fn find(&self, name: &str) -> Option<Function> {
        self.named.read().unwrap_or_else(PoisonError::into_inner).get(name).map(Arc::clone)
    }

    /// Invokes a function as Lambda would: it runs to its end or its deadline whatever becomes of
    /// the caller, and a panic is a failed invocation.
    ///
    /// # Errors
    /// [`InvokeError`]: there is no response.
    pub(crate) async fn invoke(
        &self,
        name: &str,
        event: Value,
        request_id: &str,
        now: Timestamp,
    ) -> Result<Value, InvokeError> {
        let function = self.find(name).ok_or_else(|| InvokeError::Unknown(name.to_owned()))?;
        let mut context = Context::default();
        request_id.clone_into(&mut context.request_id);
        context.deadline = deadline_milliseconds(now);
        let step = steps::begin(Part::Function, name, event_body(&event).as_bytes());
        let running = tokio::time::timeout(TIMEOUT, function(event, context));
        let invocation = tokio::spawn(steps::inherit(running));
        let result = match invocation.await {
            Ok(Ok(response)) => response,
            Ok(Err(_elapsed)) => Err(InvokeError::TimedOut),
            Err(panicked) => Err(InvokeError::Panicked(panicked)),
        };
        match &result {
            Ok(response) => {
                let status = response.get("statusCode").and_then(Value::as_u64);
                let text = status.map_or_else(|| "done".to_owned(), |status| status.to_string());
                let succeeded = status.is_none_or(|status| status < 400);
                step.end(succeeded, text, response_body(response).as_bytes());
            }
            Err(error) => step.end(false, acs_broker_config::error_chain(error), b""),
        }
        result
    }
}

/// Returns what an event asks: the body of a request, else the whole event.
fn event_body(event: &Value) -> String {
    match (event.get("requestContext"), event.get("body").and_then(Value::as_str)) {
        (Some(_), Some(body)) => decoded(event, body),
        (Some(_), None) => String::new(),
        (None, _) => event.to_string(),
    }
}

/// Returns the body of a response to a request, else the whole response.
fn response_body(response: &Value) -> String {
    match response.get("body").and_then(Value::as_str) {
        Some(body) => decoded(response, body),
        None => response.to_string(),
    }
}

fn decoded(message: &Value, body: &str) -> String {
    if message.get("isBase64Encoded") != Some(&Value::Bool(true)) {
        return body.to_owned();
    }
    let bytes = STANDARD.decode(body).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

impl fmt::Debug for Functions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = self.named.read().unwrap_or_else(PoisonError::into_inner);
        formatter.debug_set().entries(named.keys()).finish()
    }
}

/// Reaches a function through Lambda's invoke API at `base`, a URL without a trailing slash.
#[must_use]
pub(crate) fn remote(client: reqwest::Client, base: &str, name: &str) -> Function {
    let url = format!("{base}/2015-03-31/functions/{name}/invocations");
    Arc::new(move |event, _context| {
        let request = client.post(&url).body(event.to_string()).timeout(TIMEOUT);
        Box::pin(async move {
            let response = request.send().await.map_err(InvokeError::Unreachable)?;
            let status = response.status();
            // Lambda says 200 and sets the header; cargo-lambda's emulator says 500.
            if !status.is_success() || response.headers().contains_key("x-amz-function-error") {
                return Err(InvokeError::Refused(status));
            }
            let response = response.bytes().await.map_err(InvokeError::Unreachable)?;
            serde_json::from_slice(&response).map_err(InvokeError::Response)
        })
    })
}

fn deadline_milliseconds(now: Timestamp) -> u64 {
    let timeout = u64::try_from(TIMEOUT.as_millis()).unwrap_or(u64::MAX);
    u64::try_from(now.as_millisecond()).unwrap_or_default().saturating_add(timeout)
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_700_000_000, 0);

    fn event() -> Value {
        json!({
            "version": "2.0", "routeKey": "POST /v1/token", "rawPath": "/v1/token",
            "rawQueryString": "", "headers": {"host": "localhost"},
            "requestContext": {
                "http": {"method": "POST", "path": "/v1/token"}, "stage": "$default",
            },
            "body": "e30=", "isBase64Encoded": true,
        })
    }

    async fn invoke(function: Function, event: Value) -> Result<Value, InvokeError> {
        Functions::new([("issue", function)]).invoke("issue", event, "id-1", NOW).await
    }

    /// A panic ends one invocation, and not the process.
    #[tokio::test]
    async fn panic_ends_one_invocation() {
        let broken: Function = Arc::new(|_, _| Box::pin(async { panic!("as on Lambda") }));
        assert!(matches!(invoke(broken, event()).await, Err(InvokeError::Panicked(_))));
    }

    /// A function is stopped at its timeout.
    #[tokio::test(start_paused = true)]
    async fn function_stops_at_its_timeout() {
        let slow: Function = Arc::new(|_, _| Box::pin(std::future::pending()));
        assert!(matches!(invoke(slow, event()).await, Err(InvokeError::TimedOut)));
    }

    /// An event for a function that does not exist fails.
    #[tokio::test]
    async fn unknown_function_fails() {
        let never: Function = Arc::new(|_, _| Box::pin(async { unreachable!() }));
        let functions = Functions::new([("issue", never)]);
        let refused = functions.invoke("renew", event(), "id", NOW).await;
        assert!(matches!(refused, Err(InvokeError::Unknown(name)) if name == "renew"));
    }

    /// An invoke API that responds with `status`, `headers` and the event it got.
    async fn invoke_api(status: u16, header: &'static str) -> String {
        let response = move |event: String| async move {
            (StatusCode::from_u16(status).unwrap(), [(header, "1")], event)
        };
        let path = "/2015-03-31/functions/issue/invocations";
        let router = axum::Router::new().route(path, axum::routing::post(response));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    /// A function elsewhere gets the event, and its response comes back.
    #[tokio::test]
    async fn remote_function_gets_the_event() {
        let client = identity_client::http_client(None).unwrap();
        let base = invoke_api(200, "x-other").await;
        let response = invoke(remote(client, &base, "issue"), event()).await.unwrap();
        assert_eq!(response, event());
    }

    /// A function elsewhere that fails is told from one that responds.
    #[tokio::test]
    async fn remote_failure_is_recognized() {
        let client = identity_client::http_client(None).unwrap();
        for (status, header) in [(200, "x-amz-function-error"), (500, "x-other")] {
            let base = invoke_api(status, header).await;
            let failed = invoke(remote(client.clone(), &base, "issue"), event()).await;
            assert!(matches!(failed, Err(InvokeError::Refused(_))), "{status} {header}");
        }
        let failed = invoke(remote(client, "http://127.0.0.1:1", "issue"), event()).await;
        assert!(matches!(failed, Err(InvokeError::Unreachable(_))));
    }
}
