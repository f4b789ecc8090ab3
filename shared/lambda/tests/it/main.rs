//! What a function does with the events that Lambda passes to it: requests, batches, schedules.
//!
//! The handlers are the tests' own, so neither ACS nor a table is asked.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise"
)]

mod body;
mod caller;
mod events;
mod log_line;
mod operators;
mod problems;
mod query;
mod queue;
mod routes;
mod telemetry;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use acs_broker_config::Settings;
use acs_broker_lambda::{App, HttpRequest, HttpResponse, Invocation, ProblemDetails, serve_http};
use jiff::Timestamp;
use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp::constant(1_795_700_000, 0);

const SETTINGS: [(&str, &str); 8] = [
    ("ACS_CONNECTION_STRING", "endpoint=https://contoso.example/;accesskey=c2VjcmV0"),
    ("TABLE_NAME", "users"),
    ("SCOPE_POLICY", r#"{"scopes": ["chat", "voip"]}"#),
    ("OPERATOR_SCOPE", "acs.admin"),
    ("USER_HASH_KEY", "0123456789abcdef0123456789abcdef"),
    ("AWS_REGION", "eu-west-1"),
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "secret"),
];

/// A function with the lines that it has logged.
struct Function {
    app: Arc<App>,
    log: Arc<Mutex<Vec<Value>>>,
}

impl Function {
    fn new() -> Self {
        Self::with(&[])
    }

    fn with(changes: &[(&str, &str)]) -> Self {
        let values: HashMap<_, _> = SETTINGS.iter().chain(changes).copied().collect();
        let lookup = |name: &str| values.get(name).map(|value| (*value).to_owned());
        let settings = Settings::read(&lookup).unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&log);
        let sink = move |line: &str| {
            lines.lock().unwrap().push(serde_json::from_str(line).unwrap());
        };
        Self { app: Arc::new(App::new(settings, || NOW, sink).unwrap()), log }
    }

    /// Has a request handled, and returns status and body.
    async fn serve<A>(
        &self,
        event: &Value,
        handle: impl FnOnce(Arc<Invocation<HttpRequest>>) -> A,
    ) -> (u64, Value)
    where
        A: Future<Output = Result<HttpResponse, ProblemDetails>>,
    {
        let request = serde_json::from_value(event.clone()).unwrap();
        let event = LambdaEvent::new(request, Context::default());
        let response = serve_http(Arc::clone(&self.app), handle, event).await;
        let response = serde_json::to_value(response).unwrap();
        let body = response["body"].as_str().map(|body| serde_json::from_str(body).unwrap());
        (response["statusCode"].as_u64().unwrap(), body.unwrap_or_default())
    }

    /// Returns the last line of the log.
    fn line(&self) -> Value {
        self.log.lock().unwrap().last().unwrap().clone()
    }
}

/// Returns the claims of a user who signed in a while ago.
fn claims() -> Value {
    json!({"iss": "https://idp.example.com", "sub": "alice", "iat": "1795690000",
        "auth_time": "1795680000"})
}

/// Returns a request of a user, as API Gateway passes it on.
fn request(claims: &Value) -> Value {
    json!({
        "version": "2.0", "routeKey": "POST /v1/token", "rawPath": "/v1/token",
        "rawQueryString": "",
        "headers": {"host": "api.example.com", "content-type": "application/json"},
        "requestContext": {
            "accountId": "111122223333", "apiId": "api",
            "authorizer": {"jwt": {"claims": claims, "scopes": null}},
            "domainName": "api.example.com", "domainPrefix": "api",
            "http": {"method": "POST", "path": "/v1/token", "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1", "userAgent": "app"},
            "requestId": "request", "routeKey": "POST /v1/token", "stage": "$default",
            "time": "26/Nov/2026:13:33:20 +0000", "timeEpoch": 1_795_700_000_000_u64
        },
        "isBase64Encoded": false
    })
}

/// Returns an event with one member changed.
fn changed(event: &Value, pointer: &str, value: Value) -> Value {
    let mut event = event.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    event.pointer_mut(parent).unwrap()[name] = value;
    event
}
