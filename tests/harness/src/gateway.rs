//! The HTTP API, as apps and operators call it, and the answers they get.
//!
//! Each answer of an operation is checked against `infra/aws/openapi.yaml` when it arrives.
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "a test cannot go on without the gateway"
)]

use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::answer::Answer;
use crate::contract;

/// How long an answer may take, on a machine busy with other tests. A function's own limit is 10
/// seconds.
const PATIENCE: Duration = Duration::from_secs(40);

/// A client of one gateway.
#[derive(Clone, Debug)]
pub struct Gateway {
    http: reqwest::Client,
    url: String,
    host: Option<String>,
}

/// An app's session: the JWT of a sign-in.
#[derive(Clone, Debug)]
pub struct Jwt(pub String);

impl Gateway {
    /// The gateway at `url`, which has no trailing slash.
    #[must_use]
    pub fn new(url: &str) -> Self {
        let http = identity_client::http_client(None).expect("an HTTP client");
        Self { http, url: url.to_owned(), host: None }
    }

    /// The same client, asking for `host` where several share an address.
    #[must_use]
    pub fn named(self, host: String) -> Self {
        Self { host: Some(host), ..self }
    }

    /// `POST /v1/token` without a body.
    pub async fn token(&self, session: &Jwt) -> Answer {
        self.call(Method::POST, "/v1/token", session).await
    }

    /// The ACS token of a session that must get one.
    pub async fn acs_token(&self, session: &Jwt) -> String {
        self.token(session).await.token()
    }

    /// `POST /v1/token` with a JSON body: `{"scopes"?, "expiresInMinutes"?}`.
    pub async fn token_for(&self, session: &Jwt, wish: &Value) -> Answer {
        self.token_from(session, "application/json", &wish.to_string()).await
    }

    /// `POST /v1/token` with any body at all.
    pub async fn token_from(&self, session: &Jwt, media_type: &str, body: &str) -> Answer {
        let request = self.signed(Method::POST, "/v1/token", session);
        self.send(request.header(CONTENT_TYPE, media_type).body(body.to_owned())).await
    }

    /// `DELETE /v1/token`
    pub async fn revoke(&self, session: &Jwt) -> Answer {
        self.call(Method::DELETE, "/v1/token", session).await
    }

    /// `DELETE /v1/token?keepSessions=true`
    pub async fn revoke_keeping_sessions(&self, session: &Jwt) -> Answer {
        self.call(Method::DELETE, "/v1/token?keepSessions=true", session).await
    }

    /// `DELETE /v1/user`
    pub async fn delete(&self, session: &Jwt) -> Answer {
        self.call(Method::DELETE, "/v1/user", session).await
    }

    /// `DELETE /v1/users/{subject}/token`
    pub async fn revoke_user(&self, operator: &Jwt, subject: &str) -> Answer {
        self.call(Method::DELETE, &format!("/v1/users/{}/token", encoded(subject)), operator).await
    }

    /// `DELETE /v1/users/{subject}`
    pub async fn delete_user(&self, operator: &Jwt, subject: &str) -> Answer {
        self.call(Method::DELETE, &format!("/v1/users/{}", encoded(subject)), operator).await
    }

    /// Any request of a session, without a body.
    pub async fn call(&self, method: Method, path: &str, session: &Jwt) -> Answer {
        self.send(self.signed(method, path, session)).await
    }

    /// A request of a session, to be completed and given to [`Self::send`].
    pub fn signed(&self, method: Method, path: &str, session: &Jwt) -> reqwest::RequestBuilder {
        self.request(method, path).header(AUTHORIZATION, format!("Bearer {}", session.0))
    }

    /// A request of nobody.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url)).timeout(PATIENCE);
        match &self.host {
            Some(host) => request.header(HOST, host),
            None => request,
        }
    }

    /// Sends a request and returns the answer, once it is known to keep the contract.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let request = request.build().expect("a request");
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let sent = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default().to_vec();
        let mut response = self.http.execute(request).await.expect("an answer of the gateway");
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let text = response.text().await.expect("the whole answer of the gateway");
        let mut answer = Answer { status, headers, text };
        if self.host.is_some() {
            forgive(&mut answer);
        }
        if let Err(breach) = contract::check(&method, &path, &sent, &answer) {
            panic!("{method} {path} breaks openapi.yaml: {breach}\n{answer:?}");
        }
        answer
    }
}

/// What `MiniStack` says otherwise than API Gateway: the media type of an empty body, and no challenge
/// with its own 401.
fn forgive(answer: &mut Answer) {
    if answer.text.is_empty() {
        answer.headers.remove(CONTENT_TYPE);
    }
    if answer.status == StatusCode::UNAUTHORIZED && answer.json().get("message").is_some() {
        answer.headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
}

/// A subject as it stands in a path.
fn encoded(subject: &str) -> String {
    utf8_percent_encode(subject, NON_ALPHANUMERIC).to_string()
}
