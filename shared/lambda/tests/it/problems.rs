//! Failures as clients and operators see them.

use std::sync::Arc;

use acs_broker_core::{BrokerError, StoreError};
use acs_broker_lambda::{HttpRequest, HttpResponse, Invocation, ProblemDetails, serve_http};
use jiff::Timestamp;
use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};

use crate::{Function, NOW, claims, request};

/// Serves a request that fails with `error`, in an invocation that ends at `end`.
async fn fail(error: BrokerError, end: Timestamp) -> (Value, Value) {
    let function = Function::new();
    let handle =
        async |_: Arc<Invocation<HttpRequest>>| Err::<HttpResponse, _>(ProblemDetails::from(error));
    let mut context = Context::default();
    context.deadline = u64::try_from(end.as_millisecond()).unwrap();
    let event = LambdaEvent::new(serde_json::from_value(request(&claims())).unwrap(), context);
    let response = serve_http(Arc::clone(&function.app), handle, event).await;
    (serde_json::to_value(response).unwrap(), function.line())
}

fn code(response: &Value) -> String {
    let body: Value = serde_json::from_str(response["body"].as_str().unwrap()).unwrap();
    body["code"].as_str().unwrap().to_owned()
}

/// A wrong clock hands out no token that is over, and the operator reads both clocks.
#[tokio::test]
async fn expired_token_names_both_clocks() {
    let expires_on = Timestamp::UNIX_EPOCH;
    let error = BrokerError::TokenExpired { expires_on, now: NOW };
    let (response, line) = fail(error, NOW + jiff::SignedDuration::from_secs(9)).await;
    assert_eq!(
        (&response["statusCode"], code(&response).as_str()),
        (&json!(503), "acs_unavailable")
    );
    assert_eq!(response["headers"]["retry-after"], "60");
    assert_eq!(line["level"], "ERROR");
    let text = line["error"].as_str().unwrap();
    assert!(text.contains("1970-01-01T00:00:00Z") && text.contains(&NOW.to_string()), "{text}");
}

/// A request that has used up its time does not blame the table.
#[tokio::test]
async fn used_up_time_is_deadline_exceeded() {
    let failed = || BrokerError::Store(StoreError::unavailable("no response in time"));
    let (response, line) = fail(failed(), NOW).await;
    assert_eq!(code(&response), "deadline_exceeded");
    assert_eq!(
        (&response["statusCode"], &response["headers"]["retry-after"]),
        (&json!(503), &json!("1"))
    );
    assert_eq!(line["DeadlineExceeded"], 1);
    let (response, _) = fail(failed(), NOW + jiff::SignedDuration::from_secs(9)).await;
    assert_eq!(code(&response), "table_unavailable");
}

/// To wait for another request is not an error, and asks nothing of the operator.
#[tokio::test]
async fn identity_busy_is_not_an_error() {
    let (response, line) =
        fail(BrokerError::IdentityBusy, NOW + jiff::SignedDuration::from_secs(9)).await;
    assert_eq!((&response["statusCode"], code(&response).as_str()), (&json!(503), "identity_busy"));
    assert_eq!((&line["level"], &line["hint"]), (&json!("INFO"), &Value::Null));
}

/// A user who asks in a loop hears how long to wait.
#[tokio::test]
async fn too_many_requests_tells_the_wait() {
    let retry_after = std::time::Duration::from_millis(1500);
    let error = BrokerError::TooManyRequests { retry_after };
    let (response, line) = fail(error, NOW + jiff::SignedDuration::from_secs(9)).await;
    assert_eq!(
        (&response["statusCode"], code(&response).as_str()),
        (&json!(429), "too_many_requests")
    );
    assert_eq!(response["headers"]["retry-after"], "2");
    assert_eq!(line["level"], "INFO");
}
