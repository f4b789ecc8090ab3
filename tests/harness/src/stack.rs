//! The local stack as a process, as `make run` starts it.

use std::ops::Deref;

use http::Method;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::emulator::EmulatorControl;
use crate::gateway::GatewayClient;
use crate::process::{Server, workspace_binary};

pub use crate::gateway::Jwt;

/// A running local stack. Dropping it kills it, as `kill -9` does.
#[derive(Debug)]
pub struct StackProcess {
    /// The process, and the line it printed when it was ready.
    pub server: Server,
    gateway: GatewayClient,
}

impl StackProcess {
    /// Starts a stack in memory, on free ports.
    pub async fn start() -> Self {
        Self::start_with(&["--in-memory"]).await
    }

    /// Starts a stack on free ports with further arguments, such as `["--state", folder]`.
    pub async fn start_with(arguments: &[&str]) -> Self {
        Self::run(Self::command().args(arguments)).await
    }

    /// Starts a stack from a command that a test made with [`Self::command`].
    pub async fn run(command: &mut Command) -> Self {
        let server = Server::start(command).await;
        let url = server.ready.get("gateway").and_then(Value::as_str).unwrap_or_default();
        let gateway = GatewayClient::new(url);
        Self { server, gateway }
    }

    /// The command for [`Self::run`]: free ports, and no settings from the environment.
    #[must_use]
    pub fn command() -> Command {
        Self::command_on(0)
    }

    /// The same with a port for the gateway. The port is part of the issuer's name, so a stack that
    /// goes on from another stack's state needs the same port to find its users.
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
        // The tests' sessions are as old as the sample events.
        command.env("TOMBSTONE_DAYS", "36500");
        // The tests read what the functions log.
        command.args(["--json", "--log", "json"]);
        command
    }

    /// Kills the process, as `kill -9` does. With `--state` another stack can go on from its state.
    pub async fn kill(self) {
        self.server.kill().await;
    }

    /// The gateway's URL, which is the issuer's too, without a trailing slash.
    #[must_use]
    pub fn gateway(&self) -> &str {
        self.ready("/gateway")
    }

    /// The control API of the ACS emulator.
    #[must_use]
    pub fn acs(&self) -> EmulatorControl {
        EmulatorControl::new(self.ready("/acs/http"))
    }

    /// A member of the ready line, by JSON pointer: `/table/endpoint`.
    #[must_use]
    pub fn ready(&self, pointer: &str) -> &str {
        let value = self.server.ready.pointer(pointer).and_then(Value::as_str);
        value.expect("a member of the ready line")
    }

    /// Signs a user in now. As at Okta, the claim `uid` has the subject too.
    pub async fn sign_in(&self, subject: &str) -> Jwt {
        self.sign_in_with(json!({ "subject": subject, "claims": { "uid": subject } })).await
    }

    /// Signs a user in who authenticated at this second. The gateway does not compare `auth_time`
    /// with the clock, so a session can be older or newer than another without any waiting.
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
        let response = self.send(request).await;
        let token = response.json()["token"].as_str().map(str::to_owned);
        Jwt(token.unwrap_or_else(|| panic!("no sign-in: {response:?}")))
    }

    /// Runs `sweep` now and returns its report.
    pub async fn sweep(&self) -> Value {
        let response = self.send(self.request(Method::POST, "/dev/sweep")).await;
        assert!(response.status.is_success(), "no sweep: {response:?}");
        response.json()
    }

    /// Publishes an event of an identity provider, as EventBridge delivers it, and returns the
    /// outcome: `{"outcome", "reason", "done", …}`.
    pub async fn event(&self, envelope: &str) -> Value {
        let request = self.request(Method::POST, "/dev/events").body(envelope.to_owned());
        let response = self.send(request).await;
        assert!(response.status.is_success(), "no event: {response:?}");
        response.json()
    }
}

impl Deref for StackProcess {
    type Target = GatewayClient;

    fn deref(&self) -> &GatewayClient {
        &self.gateway
    }
}

/// The present, in seconds since 1970.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "sessions are older or younger than the present")]
pub fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}
