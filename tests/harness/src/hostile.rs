//! A proxy before ACS or the table that puts secrets into what they answer.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use fastrand::Rng;
use serde_json::json;

use crate::proxy::{ProxyServer, Upstream};

/// Forwards calls, and answers every third one itself, by chance: with errors, pages, empty and
/// cut bodies and redirects, all of which hold the canary. Dropping it ends it.
#[derive(Debug)]
pub struct HostileProxy {
    /// The address it listens at.
    pub url: String,
    _server: ProxyServer,
}

#[derive(Clone)]
struct ProxyState {
    upstream: Upstream,
    canary: &'static str,
    random: Arc<Mutex<Rng>>,
}

impl HostileProxy {
    /// Forwards calls to `target`, a URL without a trailing slash.
    pub async fn start(target: &str, canary: &'static str, seed: u64) -> Self {
        let random = Arc::new(Mutex::new(Rng::with_seed(seed)));
        let proxy = ProxyState { upstream: Upstream::new(target), canary, random };
        let (url, server) =
            ProxyServer::start(Router::new().fallback(answer).with_state(proxy)).await;
        Self { url, _server: server }
    }
}

async fn answer(
    State(proxy): State<ProxyState>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let canary = HeaderValue::from_static(proxy.canary);
    let mut random = proxy.random.lock().unwrap_or_else(PoisonError::into_inner).fork();
    let mut response = if random.usize(..3) == 0 {
        invented(proxy.canary, &mut random)
    } else {
        proxy.upstream.pass(method, uri, headers, body).await
    };
    for name in ["set-cookie", "x-ms-request-id", "server"] {
        response.headers_mut().insert(name, canary.clone());
    }
    response
}

/// Returns an answer of no use. ACS's own words, code and message, are no secret.
fn invented(canary: &str, random: &mut Rng) -> Response {
    let statuses = [200, 201, 204, 302, 400, 401, 403, 404, 409, 412, 429, 500, 503];
    let status = StatusCode::from_u16(statuses[random.usize(..statuses.len())]).expect("a status");
    let token = json!({"token": canary, "expiresOn": "2026-11-23T09:00:00Z"});
    let bodies = [
        json!({"token": canary, "expiresOn": canary}).to_string(),
        json!({"identity": {"id": canary}, "accessToken": token}).to_string(),
        json!({"identity": {"id": 7, "secret": canary}, "accessToken": canary}).to_string(),
        json!({"error": {"code": "Denied", "innererror": {"trace": canary}}}).to_string(),
        json!({"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException"}).to_string(),
        json!({"Item": {"id": {"S": canary}, "identity": {"N": canary}}}).to_string(),
        json!({"Responses": {"users": [{"id": {"S": canary}}]}, "x": canary}).to_string(),
        format!("<html><title>{canary}</title>"),
        format!("{{\"token\":\"{canary}"),
        canary.to_owned(),
        String::new(),
    ];
    let body = bodies[random.usize(..bodies.len())].clone();
    let location = format!("http://127.0.0.1:1/{canary}");
    (status, [("content-type", "application/json".to_owned()), ("location", location)], body)
        .into_response()
}
