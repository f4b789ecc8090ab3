//! A proxy of AWS's APIs that records the calls, so that a test can compare them with rights.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use serde_json::Value;

use crate::proxy::{ProxyServer, Upstream};

/// The right that a call needs, as a policy names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// `dynamodb:PutItem`
    pub action: String,
    /// The table, `table/index` or secret that the call names; empty if it names none of them.
    pub resource: String,
}

/// Forwards calls to AWS's APIs at one address. Dropping it ends it.
#[derive(Debug)]
pub struct Recorder {
    /// The address it listens at.
    pub url: String,
    used: Arc<Mutex<BTreeSet<Right>>>,
    _server: ProxyServer,
}

#[derive(Clone)]
struct ProxyState {
    upstream: Upstream,
    used: Arc<Mutex<BTreeSet<Right>>>,
}

impl Recorder {
    /// Forwards calls to `target`, a URL without a trailing slash, which may start later.
    pub async fn start(target: &str) -> Self {
        let used = Arc::default();
        let proxy = ProxyState { upstream: Upstream::new(target), used: Arc::clone(&used) };
        let (url, server) =
            ProxyServer::start(Router::new().fallback(forward).with_state(proxy)).await;
        Self { url, used, _server: server }
    }

    /// The rights that the calls so far needed.
    #[must_use]
    pub fn used(&self) -> BTreeSet<Right> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn forward(
    State(proxy): State<ProxyState>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let used = rights(&headers, &body);
    proxy.used.lock().unwrap_or_else(PoisonError::into_inner).extend(used);
    proxy.upstream.pass(method, uri, headers, body).await
}

/// AWS's JSON protocols name the operation in a header (`DynamoDB_20120810.GetItem`,
/// `secretsmanager.GetSecretValue`) and the resource in the body. Any other call is recorded too,
/// as a right that no policy grants; only a request without a signature, which opens a connection,
/// needs none.
fn rights(headers: &HeaderMap, body: &[u8]) -> Vec<Right> {
    if !headers.contains_key("authorization") {
        return Vec::new();
    }
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let (service, operation) = target.and_then(|target| target.split_once('.')).unwrap_or_default();
    let service = service.split('_').next().unwrap_or_default().to_ascii_lowercase();
    let action = format!("{service}:{operation}");
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let mut resources = match (text("TableName"), text("IndexName"), text("SecretId")) {
        (Some(table), Some(index), _) => vec![format!("{table}/{index}")],
        (Some(resource), None, _) | (None, _, Some(resource)) => vec![resource],
        _ => body
            .get("RequestItems")
            .and_then(Value::as_object)
            .map(|tables| tables.keys().cloned().collect())
            .unwrap_or_default(),
    };
    if resources.is_empty() {
        resources.push(String::new());
    }
    resources.into_iter().map(|resource| Right { action: action.clone(), resource }).collect()
}
