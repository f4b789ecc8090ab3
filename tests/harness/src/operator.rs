//! `acs-broker`, as operators and their scripts run it.

use std::process::Output;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::deployment::Deployment;
use crate::process::{run, workspace_binary};
use crate::stack::Stack;
use crate::tools;

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

    /// On a deployed one, as a user of its account with the rights that the README names and no
    /// others.
    ///
    /// # Panics
    /// When there is no making such a user.
    pub async fn of_deployed(deployed: &Deployment) -> Self {
        let place = ["--stack", "acs-token-broker", "--region", "eu-west-1"];
        let rights = json!({"Version": "2012-10-17", "Statement": rights(deployed)});
        let (id, secret) = deployed.aws.user("operator", &rights).await;
        let environment = [
            ("AWS_ACCESS_KEY_ID", id),
            ("AWS_SECRET_ACCESS_KEY", secret),
            ("AWS_ENDPOINT_URL", deployed.endpoint().to_owned()),
            ("EXTRA_CA_FILE", deployed.outside.ready("/acs/caFile").to_owned()),
        ];
        Self { place: place.map(str::to_owned).to_vec(), environment: environment.to_vec() }
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

/// The README's list of an operator's rights, as the statements of a policy.
#[expect(clippy::expect_used, reason = "the README has such a list")]
fn rights(deployed: &Deployment) -> Vec<Value> {
    let readme = std::fs::read_to_string(tools::repository().join("README.md")).expect("a text");
    let (_, rest) = readme.split_once("An operator needs these rights:").expect("a list");
    let list = rest.split("\n\n").next().unwrap_or_default();
    let actions = list.split('`').skip(1).step_by(2);
    let statement = |action: &str| {
        let resources = resources(deployed, action);
        // To MiniStack this batch is an action of its own; on AWS the same right covers it.
        let batch = (action == "sqs:ChangeMessageVisibility").then(|| format!("{action}Batch"));
        let action: Vec<_> = batch.into_iter().chain([action.to_owned()]).collect();
        json!({"Effect": "Allow", "Action": action, "Resource": resources})
    };
    actions.map(statement).collect()
}

/// What the README says a right is on.
fn resources(deployed: &Deployment, action: &str) -> Vec<String> {
    let arn =
        |service: &str, name: &str| format!("arn:aws:{service}:eu-west-1:111122223333:{name}");
    let queues = |outputs: &[&str]| {
        let name = |output: &&str| deployed.output(output).rsplit('/').next().unwrap_or_default();
        outputs.iter().map(|output| arn("sqs", name(output))).collect()
    };
    match action.split(':').next().unwrap_or_default() {
        "cloudformation" => vec![arn("cloudformation", "stack/acs-token-broker/*")],
        "dynamodb" => vec![arn("dynamodb", &format!("table/{}", deployed.output("TableName")))],
        "secretsmanager" => vec![deployed.output("SecretArn").to_owned()],
        _ if action == "sqs:SendMessage" => queues(&["RevokeQueueUrl", "DeleteQueueUrl"]),
        "sqs" => queues(&["RevokeDeadLettersUrl", "DeleteDeadLettersUrl", "RuleDeadLettersUrl"]),
        _ => Vec::new(),
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
