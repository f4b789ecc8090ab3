//! The whole product, as `make run` starts it, and the clients of its users and operators.
//!
//! Each answer of an operation is checked against `infra/aws/openapi.yaml` when it arrives.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "a test cannot go on without the product"
)]

use std::time::Duration;

use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::acs::Acs;
use crate::answer::Answer;
use crate::contract;
use crate::process::{Server, workspace_binary};

/// How long an answer may take, on a machine busy with other tests. A function's own limit is 10
/// seconds.
const PATIENCE: Duration = Duration::from_secs(40);

/// The running product. Dropping it kills it, as `kill -9` does.
#[derive(Debug)]
pub struct Stack {
    /// The process, and what it said when it was ready.
    pub server: Server,
    http: reqwest::Client,
}

/// An app's session: the JWT of a sign-in.
#[derive(Clone, Debug)]
pub struct Jwt(pub String);

impl Stack {
    /// Starts a stack that remembers nothing, on free ports.
    pub async fn start() -> Self {
        Self::start_with(&["--in-memory"]).await
    }

    /// Starts a stack on free ports with further arguments, such as `["--state", folder]`.
    pub async fn start_with(arguments: &[&str]) -> Self {
        Self::run(Self::command().args(arguments)).await
    }

    /// Starts a stack from [`Self::command`], changed as the test needs it.
    pub async fn run(command: &mut Command) -> Self {
        let server = Server::start(command).await;
        let http = identity_client::http_client(None).expect("an HTTP client");
        Self { server, http }
    }

    /// The command that [`Self::run`] takes: free ports, and no settings from the environment.
    #[must_use]
    pub fn command() -> Command {
        Self::command_on(0)
    }

    /// The same with a port for the gateway. The port is part of the issuer's name, so a stack that
    /// goes on from another one's state needs that one's port to know its users.
    #[must_use]
    pub fn command_on(port: u16) -> Command {
        let mut command = workspace_binary("local");
        command.args(["--port", &port.to_string()]);
        for port in ["--acs-port", "--acs-https-port", "--table-port"] {
            command.args([port, "0"]);
        }
        for setting in ["SCOPE_POLICY", "USER_HASH_KEY", "RUST_LOG"] {
            command.env_remove(setting);
        }
        command.arg("--json");
        command
    }

    /// Kills the process, as `kill -9` does. With `--state` another stack may go on from there.
    pub async fn kill(self) {
        self.server.kill().await;
    }

    /// The gateway's URL, which is the issuer's too, without a trailing slash.
    #[must_use]
    pub fn gateway(&self) -> &str {
        self.ready("/gateway")
    }

    /// ACS, seen from within.
    #[must_use]
    pub fn acs(&self) -> Acs {
        Acs::new(self.http.clone(), self.ready("/acs/http"))
    }

    /// What the process said when it was ready, by JSON pointer: `/table/endpoint`.
    #[must_use]
    pub fn ready(&self, pointer: &str) -> &str {
        let value = self.server.ready.pointer(pointer).and_then(Value::as_str);
        value.expect("a member of the ready line")
    }

    /// Signs a user in now.
    pub async fn sign_in(&self, subject: &str) -> Jwt {
        self.sign_in_with(json!({ "subject": subject })).await
    }

    /// Signs a user in who authenticated at this second: `auth_time`, which nobody compares with
    /// the clock, so that a session may be older or younger than another without any waiting.
    pub async fn sign_in_at(&self, subject: &str, auth_time: i64) -> Jwt {
        self.sign_in_with(json!({ "subject": subject, "authTime": auth_time })).await
    }

    /// Signs an operator in.
    pub async fn sign_in_operator(&self) -> Jwt {
        self.sign_in_with(json!({ "subject": "operator", "claims": { "scope": "acs.admin" } }))
            .await
    }

    /// Signs in with the body of `POST /dev/sign-in`:
    /// `{"subject", "claims"?, "issuedAt"?, "authTime"?}`.
    pub async fn sign_in_with(&self, body: Value) -> Jwt {
        let request = self.request(Method::POST, "/dev/sign-in").body(body.to_string());
        let answer = self.send(request).await;
        let token = answer.json()["token"].as_str().map(str::to_owned);
        Jwt(token.unwrap_or_else(|| panic!("no sign-in: {answer:?}")))
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

    /// Runs `sweep` now and returns its report.
    pub async fn sweep(&self) -> Value {
        let answer = self.send(self.request(Method::POST, "/dev/sweep")).await;
        assert!(answer.status.is_success(), "no sweep: {answer:?}");
        answer.json()
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
        self.http.request(method, format!("{}{path}", self.gateway())).timeout(PATIENCE)
    }

    /// Sends a request and returns the answer, once it is known to keep the contract.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let request = request.build().expect("a request");
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let sent = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default().to_vec();
        let mut response = self.http.execute(request).await.expect("an answer of the gateway");
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let text = response.text().await.expect("the whole answer of the gateway");
        let answer = Answer { status, headers, text };
        if let Err(breach) = contract::check(&method, &path, &sent, &answer) {
            panic!("{method} {path} breaks openapi.yaml: {breach}\n{answer:?}");
        }
        answer
    }
}

/// A subject as it stands in a path.
fn encoded(subject: &str) -> String {
    utf8_percent_encode(subject, NON_ALPHANUMERIC).to_string()
}

/// The present, in seconds since 1970.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "sessions are older or younger than the present")]
pub fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}
