//! A proxy before ACS or the table that puts secrets into what they answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Forwards calls, and answers every third one itself, by chance: with errors, pages, empty and
/// cut bodies and redirects, all of which hold the canary. Dropping it ends it.
#[derive(Debug)]
pub struct HostileProxy {
    /// The address it listens at.
    pub url: String,
    server: JoinHandle<()>,
}

/// A sequence of numbers that its seed decides (splitmix64).
#[derive(Debug)]
pub struct Dice(AtomicU64);

#[derive(Clone)]
struct ProxyState {
    http: reqwest::Client,
    target: String,
    canary: &'static str,
    dice: Arc<Dice>,
}

impl Dice {
    /// Returns the sequence of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// Returns the next number below `sides`.
    pub fn roll(&self, sides: usize) -> usize {
        let step = 0x9e37_79b9_7f4a_7c15;
        let mut bits = self.0.fetch_add(step, Ordering::Relaxed).wrapping_add(step);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        usize::try_from(bits % sides as u64).unwrap_or_default()
    }
}

impl HostileProxy {
    /// Forwards calls to `target`, a URL without a trailing slash.
    pub async fn start(target: &str, canary: &'static str, seed: u64) -> Self {
        let http = identity_client::http_client(None).expect("an HTTP client");
        let dice = Arc::new(Dice::new(seed));
        let proxy = ProxyState { http, target: target.to_owned(), canary, dice };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(answer).with_state(proxy);
        let server = tokio::spawn(async move {
            let _ended = axum::serve(listener, router).await;
        });
        Self { url, server }
    }
}

impl Drop for HostileProxy {
    fn drop(&mut self) {
        self.server.abort();
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
    let mut response = if proxy.dice.roll(3) == 0 {
        proxy.invented()
    } else {
        let url = format!("{}{uri}", proxy.target);
        // The headers stay as they are: the signature covers the host.
        let sent = proxy.http.request(method, url).headers(headers).body(body).send().await;
        let Ok(response) = sent else { return StatusCode::BAD_GATEWAY.into_response() };
        let (status, mut headers) = (response.status(), response.headers().clone());
        headers.remove("transfer-encoding");
        let Ok(body) = response.bytes().await else {
            return StatusCode::BAD_GATEWAY.into_response();
        };
        (status, headers, body).into_response()
    };
    for name in ["set-cookie", "x-ms-request-id", "server"] {
        response.headers_mut().insert(name, canary.clone());
    }
    response
}

impl ProxyState {
    /// Returns an answer of no use. ACS's own words, code and message, are no secret.
    fn invented(&self) -> Response {
        let (canary, dice) = (self.canary, &self.dice);
        let statuses = [200, 201, 204, 302, 400, 401, 403, 404, 409, 412, 429, 500, 503];
        let status = StatusCode::from_u16(statuses[dice.roll(statuses.len())]).expect("a status");
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
        let body = bodies[dice.roll(bodies.len())].clone();
        let location = format!("http://127.0.0.1:1/{canary}");
        (status, [("content-type", "application/json".to_owned()), ("location", location)], body)
            .into_response()
    }
}
