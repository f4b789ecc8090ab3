//! The whole product, as `make run` starts it.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "a test cannot go on without the product"
)]

use std::ops::Deref;

use http::Method;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::acs::Acs;
use crate::gateway::Gateway;
use crate::process::{Server, workspace_binary};

pub use crate::gateway::Jwt;

/// The running product. Dropping it kills it, as `kill -9` does.
#[derive(Debug)]
pub struct Stack {
    /// The process, and what it said when it was ready.
    pub server: Server,
    gateway: Gateway,
}

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
        let url = server.ready.get("gateway").and_then(Value::as_str).unwrap_or_default();
        let gateway = Gateway::new(url);
        Self { server, gateway }
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
        let mut command = workspace_binary("acs-broker-local");
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
        Acs::new(self.ready("/acs/http"))
    }

    /// What the process said when it was ready, by JSON pointer: `/table/endpoint`.
    #[must_use]
    pub fn ready(&self, pointer: &str) -> &str {
        let value = self.server.ready.pointer(pointer).and_then(Value::as_str);
        value.expect("a member of the ready line")
    }

    /// Signs a user in now. As at Okta, the claim `uid` names them as well.
    pub async fn sign_in(&self, subject: &str) -> Jwt {
        self.sign_in_with(json!({ "subject": subject, "claims": { "uid": subject } })).await
    }

    /// Signs a user in who authenticated at this second: `auth_time`, which nobody compares with
    /// the clock, so that a session may be older or younger than another without any waiting.
    pub async fn sign_in_at(&self, subject: &str, auth_time: i64) -> Jwt {
        let claims = json!({ "uid": subject });
        self.sign_in_with(json!({ "subject": subject, "claims": claims, "authTime": auth_time }))
            .await
    }

    /// Signs an operator in.
    pub async fn sign_in_operator(&self) -> Jwt {
        let claims = json!({ "uid": "operator", "scope": "acs.admin" });
        self.sign_in_with(json!({ "subject": "operator", "claims": claims })).await
    }

    /// Signs in with the body of `POST /dev/sign-in`:
    /// `{"subject", "claims"?, "issuedAt"?, "authTime"?}`.
    pub async fn sign_in_with(&self, body: Value) -> Jwt {
        let request = self.request(Method::POST, "/dev/sign-in").body(body.to_string());
        let answer = self.send(request).await;
        let token = answer.json()["token"].as_str().map(str::to_owned);
        Jwt(token.unwrap_or_else(|| panic!("no sign-in: {answer:?}")))
    }

    /// Runs `sweep` now and returns its report.
    pub async fn sweep(&self) -> Value {
        let answer = self.send(self.request(Method::POST, "/dev/sweep")).await;
        assert!(answer.status.is_success(), "no sweep: {answer:?}");
        answer.json()
    }

    /// Lets an identity provider say something, as EventBridge would pass it on, and returns what
    /// became of it: `{"function", "done"}`.
    pub async fn event(&self, envelope: &str) -> Value {
        let request = self.request(Method::POST, "/dev/events").body(envelope.to_owned());
        let answer = self.send(request).await;
        assert!(answer.status.is_success(), "no event: {answer:?}");
        answer.json()
    }
}

impl Deref for Stack {
    type Target = Gateway;

    fn deref(&self) -> &Gateway {
        &self.gateway
    }
}

/// The present, in seconds since 1970.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "sessions are older or younger than the present")]
pub fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}
