//! A client of the HTTP API for apps and operators.
//!
//! Each response of an operation is checked against `infra/aws/openapi.yaml` when it arrives.

use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

use crate::contract;
use crate::response::Response;

/// How long a response may take on a machine that is busy with other tests. A function's own limit
/// is 10 seconds.
const TIMEOUT: Duration = Duration::from_secs(40);

/// A client of one gateway.
#[derive(Clone, Debug)]
pub struct GatewayClient {
    http: reqwest::Client,
    url: String,
    host: Option<String>,
}

/// The JWT of a sign-in: an app's session.
#[derive(Clone, Debug)]
pub struct Jwt(pub String);

impl GatewayClient {
    /// The gateway at `url`, which has no trailing slash.
    #[must_use]
    pub fn new(url: &str) -> Self {
        let http = identity_client::http_client(None).expect("an HTTP client");
        Self { http, url: url.to_owned(), host: None }
    }

    /// The same client with the header `Host`, for an address that several gateways share.
    #[must_use]
    pub fn named(self, host: String) -> Self {
        Self { host: Some(host), ..self }
    }

    /// `POST /v1/token` without a body.
    pub async fn token(&self, session: &Jwt) -> Response {
        self.call(Method::POST, "/v1/token", session).await
    }

    /// The ACS token of a session that must get one.
    pub async fn acs_token(&self, session: &Jwt) -> String {
        self.token(session).await.token()
    }

    /// `POST /v1/token` with a JSON body: `{"scopes"?, "expiresInMinutes"?}`.
    pub async fn token_for(&self, session: &Jwt, grant: &Value) -> Response {
        self.token_from(session, "application/json", &grant.to_string()).await
    }

    /// `POST /v1/token` with any media type and body.
    pub async fn token_from(&self, session: &Jwt, media_type: &str, body: &str) -> Response {
        let request = self.signed(Method::POST, "/v1/token", session);
        self.send(request.header(CONTENT_TYPE, media_type).body(body.to_owned())).await
    }

    /// `DELETE /v1/token`
    pub async fn revoke(&self, session: &Jwt) -> Response {
        self.call(Method::DELETE, "/v1/token", session).await
    }

    /// `DELETE /v1/token?keepSessions=true`
    pub async fn revoke_keeping_sessions(&self, session: &Jwt) -> Response {
        self.call(Method::DELETE, "/v1/token?keepSessions=true", session).await
    }

    /// `DELETE /v1/user`
    pub async fn delete(&self, session: &Jwt) -> Response {
        self.call(Method::DELETE, "/v1/user", session).await
    }

    /// `POST /v1/operator/revoke` for one user.
    pub async fn revoke_user(&self, operator: &Jwt, subject: &str) -> Response {
        self.operate("revoke", operator, &json!([{ "subject": subject }])).await
    }

    /// `POST /v1/operator/delete` for one user.
    pub async fn delete_user(&self, operator: &Jwt, subject: &str) -> Response {
        self.operate("delete", operator, &json!([{ "subject": subject }])).await
    }

    /// `POST /v1/operator/{operation}` for these users.
    pub async fn operate(&self, operation: &str, operator: &Jwt, users: &Value) -> Response {
        let path = format!("/v1/operator/{operation}");
        let body = json!({ "users": users }).to_string();
        let request = self.signed(Method::POST, &path, operator);
        self.send(request.header(CONTENT_TYPE, "application/json").body(body)).await
    }

    /// Any request of a session, without a body.
    pub async fn call(&self, method: Method, path: &str, session: &Jwt) -> Response {
        self.send(self.signed(method, path, session)).await
    }

    /// A request of a session, to be completed and given to [`Self::send`].
    pub fn signed(&self, method: Method, path: &str, session: &Jwt) -> reqwest::RequestBuilder {
        self.request(method, path).header(AUTHORIZATION, format!("Bearer {}", session.0))
    }

    /// A request without a session.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url)).timeout(TIMEOUT);
        match &self.host {
            Some(host) => request.header(HOST, host),
            None => request,
        }
    }

    /// Sends a request and returns the response, which is checked against the contract.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Response {
        let request = request.build().expect("a request");
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let sent = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default().to_vec();
        let mut response = self.http.execute(request).await.expect("a response of the gateway");
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let text = response.text().await.expect("the whole response of the gateway");
        let mut response = Response { status, headers, text };
        if self.host.is_some() {
            normalize(&mut response);
        }
        if let Err(breach) = contract::check(&method, &path, &sent, &response) {
            panic!("{method} {path} breaks openapi.yaml: {breach}\n{response:?}");
        }
        response
    }
}

/// Undoes the differences between `MiniStack` and API Gateway: the media type of an empty body, and
/// the missing challenge of its own 401.
fn normalize(response: &mut Response) {
    if response.text.is_empty() {
        response.headers.remove(CONTENT_TYPE);
    }
    if response.status == StatusCode::UNAUTHORIZED && response.json().get("message").is_some() {
        response.headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
}
