//! Runs the operators' tool `acs-broker` on a stack.

use std::process::Output;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::deployment::Deployment;
use crate::process::{run, workspace_binary};
use crate::stack::StackProcess;
use crate::tools;

/// The arguments and the environment with which `acs-broker` finds its stack.
#[derive(Clone, Debug)]
pub struct CliRunner {
    place: Vec<String>,
    environment: Vec<(&'static str, String)>,
}

/// The output of the tool and its exit code.
#[derive(Clone, Debug)]
pub struct CliOutput {
    /// 0 done, 1 failed, 2 wrong command line, 3 partly done.
    pub exit: i32,
    /// The document on standard output.
    pub json: Value,
    /// Standard output and standard error, for the message of a failed assertion.
    pub text: String,
}

impl CliRunner {
    /// For a local stack.
    #[must_use]
    pub fn of(stack: &StackProcess) -> Self {
        let place = vec![format!("--local={}", stack.gateway())];
        Self { place, environment: Vec::new() }
    }

    /// For a deployed stack, as a user of its account with exactly the rights that the page
    /// names.
    pub async fn of_deployed(deployed: &Deployment) -> Self {
        Self::with_rights(deployed, "operator", rights(deployed)).await
    }

    /// The same with the further rights that docs/operate.md names for `doctor`.
    pub async fn doctor_of_deployed(deployed: &Deployment) -> Self {
        let mut statements = rights(deployed);
        let further = actions("Beside the rights below it uses these;");
        statements.push(json!({"Effect": "Allow", "Action": further, "Resource": "*"}));
        Self::with_rights(deployed, "doctor", statements).await
    }

    async fn with_rights(deployed: &Deployment, user: &str, statements: Vec<Value>) -> Self {
        let place = ["--stack", "acs-token-broker", "--region", "eu-west-1"];
        let rights = json!({"Version": "2012-10-17", "Statement": statements});
        let (id, secret) = deployed.aws.user(user, &rights).await;
        let environment = [
            ("AWS_ACCESS_KEY_ID", id),
            ("AWS_SECRET_ACCESS_KEY", secret),
            ("AWS_ENDPOINT_URL", deployed.endpoint().to_owned()),
            ("EXTRA_CA_FILE", deployed.outside.ready("/acs/caFile").to_owned()),
        ];
        Self { place: place.map(str::to_owned).to_vec(), environment: environment.to_vec() }
    }

    /// Runs a command to its end, without a terminal.
    pub async fn run(&self, command: &str) -> CliOutput {
        let output = run(&mut self.command(command), "").await;
        CliOutput::of(&output)
    }

    /// The command, not started yet.
    #[must_use]
    pub fn command(&self, command: &str) -> Command {
        let mut process = workspace_binary("acs-broker");
        process.args(&self.place).arg("--json").args(command.split(' '));
        process.env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        process
    }
}

/// The list of an operator's rights in docs/operate.md, as the statements of a policy.
fn rights(deployed: &Deployment) -> Vec<Value> {
    let actions = actions("An operator needs these rights:");
    let statement = |action: &str| {
        let resources = resources(deployed, action);
        // To MiniStack this batch is an action of its own; on AWS the same right covers it.
        let batch = (action == "sqs:ChangeMessageVisibility").then(|| format!("{action}Batch"));
        let action: Vec<_> = batch.into_iter().chain([action.to_owned()]).collect();
        json!({"Effect": "Allow", "Action": action, "Resource": resources})
    };
    actions.iter().map(|action| statement(action)).collect()
}

/// The actions that a list of docs/operate.md names, which begins with these words.
fn actions(begin: &str) -> Vec<String> {
    let page =
        std::fs::read_to_string(tools::repository().join("docs/operate.md")).expect("a text");
    let (_, rest) = page.split_once(begin).expect("a list");
    let list = rest.split("\n\n").next().unwrap_or_default();
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The resources that the page names for a right.
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

impl CliOutput {
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
