//! `acs-broker`, as operators and their scripts run it.

use std::process::Output;

use serde_json::Value;
use tokio::process::Command;

use crate::deployment::Deployment;
use crate::process::{run, workspace_binary};
use crate::stack::Stack;

/// Where operators work: on a local stack or a deployed one.
#[derive(Clone, Debug)]
pub struct Operator {
    place: Vec<String>,
    environment: Vec<(&'static str, String)>,
}

/// What the tool has said, and how it ended.
#[derive(Clone, Debug)]
pub struct Said {
    /// 0 done, 1 failed, 2 wrong command line, 3 partly done.
    pub exit: i32,
    /// The document on standard output.
    pub json: Value,
    /// Everything, for a failing test.
    pub text: String,
}

impl Operator {
    /// On a local stack.
    #[must_use]
    pub fn of(stack: &Stack) -> Self {
        let place = vec![format!("--local={}", stack.gateway())];
        Self { place, environment: Vec::new() }
    }

    /// On a deployed one, with an operator's AWS credentials.
    #[must_use]
    pub fn of_deployed(deployed: &Deployment) -> Self {
        let place = ["--stack", "acs-token-broker", "--region", "eu-west-1"];
        let environment = [
            ("AWS_ACCESS_KEY_ID", "root"),
            ("AWS_SECRET_ACCESS_KEY", "root-secret"),
            ("AWS_ENDPOINT_URL", deployed.endpoint()),
            ("EXTRA_CA_FILE", deployed.outside.ready("/acs/caFile")),
        ];
        Self {
            place: place.map(str::to_owned).to_vec(),
            environment: environment.map(|(name, value)| (name, value.to_owned())).to_vec(),
        }
    }

    /// Runs a command to its end; nobody is at its terminal.
    pub async fn run(&self, command: &str) -> Said {
        let output = run(&mut self.command(command), "").await;
        Said::of(&output)
    }

    /// The command, to be started.
    #[must_use]
    pub fn command(&self, command: &str) -> Command {
        let mut process = workspace_binary("acs-broker");
        process.args(&self.place).arg("--json").args(command.split(' '));
        process.env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        process
    }
}

impl Said {
    fn of(output: &Output) -> Self {
        let (out, error) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        Self {
            exit: output.status.code().unwrap_or(-1),
            json: serde_json::from_str(&out).unwrap_or_default(),
            text: format!("{out}{error}"),
        }
    }
}
