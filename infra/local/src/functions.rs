//! The functions behind the gateway: hosted in this process, or reached by Lambda's invoke API.
//!
//! Both ways an event goes in and an answer comes out as JSON, through the parser and the
//! serializer that run on Lambda.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use acs_broker_lambda::{Incoming, NoSources, Text};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use jiff::Timestamp;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, BoxFuture, Context, LambdaEvent, Request, Response, Service as _};
use serde_json::Value;
use tokio::task::JoinError;

/// How long an invocation may take: as long as an HTTP API waits for an answer.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// One function: an event and its context in, an answer out.
pub type Function =
    Arc<dyn Fn(Value, Context) -> BoxFuture<'static, Result<Value, Failed>> + Send + Sync>;

/// Every function by name.
#[derive(Clone)]
pub struct Functions(BTreeMap<&'static str, Function>);

/// An invocation gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The contract names a function that is not there.
    #[error("there is no function {0}")]
    Unknown(String),
    /// The function does not understand the event.
    #[error("the function cannot read the event")]
    Event(#[source] serde_json::Error),
    /// The function gave an answer that is not JSON.
    #[error("the function's answer is not JSON")]
    Answer(#[source] serde_json::Error),
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
    pub fn new(functions: impl IntoIterator<Item = (&'static str, Function)>) -> Self {
        Self(functions.into_iter().collect())
    }

    /// Invokes a function as Lambda would: it runs to its end or its deadline whatever becomes of
    /// the caller, and a panic is a failed invocation.
    ///
    /// # Errors
    /// [`Failed`]: there is no answer.
    pub async fn invoke(
        &self,
        name: &str,
        event: Value,
        request_id: &str,
        now: Timestamp,
    ) -> Result<Value, Failed> {
        let function = self.0.get(name).ok_or_else(|| Failed::Unknown(name.to_owned()))?;
        let mut context = Context::default();
        request_id.clone_into(&mut context.request_id);
        context.deadline = deadline_milliseconds(now);
        let invocation = tokio::spawn(tokio::time::timeout(TIMEOUT, function(event, context)));
        match invocation.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_elapsed)) => Err(Failed::TimedOut),
            Err(panicked) => Err(Failed::Panicked(panicked)),
        }
    }
}

impl fmt::Debug for Functions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

/// Hosts a function that answers HTTP requests.
pub fn hosted<H, F>(handle: H) -> Function
where
    H: Fn(Request) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<String>> + Send + 'static,
{
    Arc::new(move |event, context| {
        let handle = handle.clone();
        Box::pin(async move {
            let request: LambdaRequest =
                serde_json::from_str(&event.to_string()).map_err(Failed::Event)?;
            let mut adapter = Adapter::from(lambda_http::service_fn(move |request| {
                let answer = handle(request);
                async move { Ok::<_, Infallible>(Text(answer.await)) }
            }));
            let Ok(answer) = adapter.call(LambdaEvent::new(request, context)).await;
            serde_json::to_value(answer).map_err(Failed::Answer)
        })
    })
}

/// Hosts a function that answers HTTP requests and empties a queue.
pub fn hosted_with_queue<H, F, C, G>(handle: H, consume: C) -> Function
where
    H: Fn(Request) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<String>> + Send + 'static,
    C: Fn(SqsEvent, Context) -> G + Clone + Send + Sync + 'static,
    G: Future<Output = Result<SqsBatchResponse, NoSources>> + Send + 'static,
{
    let answering = hosted(handle);
    Arc::new(move |event, context| {
        let (answering, consume) = (Arc::clone(&answering), consume.clone());
        Box::pin(async move {
            let incoming = serde_json::from_str(&event.to_string()).map_err(Failed::Event)?;
            let Incoming::Messages(messages) = incoming else {
                return answering(event, context).await;
            };
            let answer = consume(messages, context).await;
            let answer = answer.map_err(|error| Failed::Function(error.into()))?;
            serde_json::to_value(answer).map_err(Failed::Answer)
        })
    })
}

/// Reaches a function through Lambda's invoke API at `base`, a URL without a trailing slash.
#[must_use]
pub fn remote(client: reqwest::Client, base: &str, name: &str) -> Function {
    let url = format!("{base}/2015-03-31/functions/{name}/invocations");
    Arc::new(move |event, _context| {
        let request = client.post(&url).body(event.to_string()).timeout(TIMEOUT);
        Box::pin(async move {
            let response = request.send().await.map_err(Failed::Unreachable)?;
            let status = response.status();
            // Lambda says 200 and sets the header; cargo-lambda's emulator says 500.
            if !status.is_success() || response.headers().contains_key("x-amz-function-error") {
                return Err(Failed::Refused(status));
            }
            let answer = response.bytes().await.map_err(Failed::Unreachable)?;
            serde_json::from_slice(&answer).map_err(Failed::Answer)
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
    use lambda_http::RequestExt as _;
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

    async fn invoke(function: Function, event: Value) -> Result<Value, Failed> {
        Functions::new([("issue", function)]).invoke("issue", event, "id-1", NOW).await
    }

    #[tokio::test]
    async fn a_hosted_function_sees_and_answers_what_it_would_on_lambda() {
        let echo = hosted(|request: Request| async move {
            let context = request.lambda_context();
            let body = String::from_utf8_lossy(request.body()).into_owned();
            Response::builder()
                .status(201)
                .header("x-context", format!("{} {}", context.request_id, context.deadline))
                .header("set-cookie", "a=1")
                .body(format!("{} {body}", request.method()))
                .unwrap()
        });
        let answer = invoke(echo, event()).await.unwrap();
        assert_eq!(answer["statusCode"], 201);
        assert_eq!(answer["headers"]["x-context"], "id-1 1700000030000");
        assert_eq!(answer["cookies"], json!(["a=1"]));
        assert_eq!(answer["body"], "POST {}");
    }

    #[tokio::test]
    async fn a_panic_ends_one_invocation_and_not_the_process() {
        let broken = hosted(|_| async { panic!("as on Lambda") });
        assert!(matches!(invoke(broken, event()).await, Err(Failed::Panicked(_))));
    }

    #[tokio::test(start_paused = true)]
    async fn a_function_is_stopped_at_its_timeout() {
        let slow = hosted(|_| std::future::pending());
        assert!(matches!(invoke(slow, event()).await, Err(Failed::TimedOut)));
    }

    #[tokio::test]
    async fn an_event_that_is_no_http_event_or_names_no_function_fails() {
        let never = hosted(|_| async { unreachable!() });
        let functions = Functions::new([("issue", never)]);
        let refused = functions.invoke("issue", json!({}), "id", NOW).await;
        assert!(matches!(refused, Err(Failed::Event(_))));
        let refused = functions.invoke("renew", event(), "id", NOW).await;
        assert!(matches!(refused, Err(Failed::Unknown(name)) if name == "renew"));
    }

    /// An invoke API that answers with `status`, `headers` and the event it got.
    async fn invoke_api(status: u16, header: &'static str) -> String {
        let answer = move |event: String| async move {
            (StatusCode::from_u16(status).unwrap(), [(header, "1")], event)
        };
        let path = "/2015-03-31/functions/issue/invocations";
        let router = axum::Router::new().route(path, axum::routing::post(answer));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    #[tokio::test]
    async fn a_function_elsewhere_gets_the_event_and_its_answer_comes_back() {
        let client = identity_client::http_client(None).unwrap();
        let base = invoke_api(200, "x-other").await;
        let answer = invoke(remote(client, &base, "issue"), event()).await.unwrap();
        assert_eq!(answer, event());
    }

    #[tokio::test]
    async fn a_function_elsewhere_that_fails_is_told_from_one_that_answers() {
        let client = identity_client::http_client(None).unwrap();
        for (status, header) in [(200, "x-amz-function-error"), (500, "x-other")] {
            let base = invoke_api(status, header).await;
            let failed = invoke(remote(client.clone(), &base, "issue"), event()).await;
            assert!(matches!(failed, Err(Failed::Refused(_))), "{status} {header}");
        }
        let failed = invoke(remote(client, "http://127.0.0.1:1", "issue"), event()).await;
        assert!(matches!(failed, Err(Failed::Unreachable(_))));
    }
}
