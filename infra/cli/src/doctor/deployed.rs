//! Asks AWS about a deployed stack.

use std::collections::BTreeMap;

use acs_broker_config::error_chain;
use aws_config::SdkConfig;
use aws_sdk_cloudformation::Client as CloudFormation;
use aws_sdk_cloudformation::types::{Stack as Description, StackDriftStatus};
use aws_sdk_dynamodb::Client as DynamoDb;
use aws_sdk_secretsmanager::Client as SecretsManager;
use tokio::time::Instant;

use super::Tools;
use super::aws_api::AwsApi;
use super::check::{CheckReport, Finding, Group};
use super::deployment::Deployment;
use super::facts::Facts;
use crate::aws::response;
use crate::stack::{Stack, StackTarget, aws_config, read_secret};

/// The parameters of the template and the settings that they become.
const SETTINGS: [(&str, &str); 9] = [
    ("SubjectClaim", "SUBJECT_CLAIM"),
    ("SignInClaim", "SIGN_IN_CLAIM"),
    ("ScopePolicy", "SCOPE_POLICY"),
    ("AcsKeyInUse", "ACS_KEY_IN_USE"),
    ("GenericEventSource", "GENERIC_EVENT_SOURCE"),
    ("CognitoUserPoolId", "COGNITO_USER_POOL_ID"),
    ("Auth0EventSource", "AUTH0_EVENT_SOURCE"),
    ("OktaEventSource", "OKTA_EVENT_SOURCE"),
    ("OperatorScope", "OPERATOR_SCOPE"),
];

/// The outputs of the template that name the functions.
const FUNCTIONS: [&str; 5] = [
    "IssueFunctionName",
    "RevokeFunctionName",
    "DeleteFunctionName",
    "SweepFunctionName",
    "IdentityEventsFunctionName",
];

/// The parameters of the template that name partner event sources.
const PARTNER_SOURCES: [&str; 3] =
    ["Auth0EventSource", "Auth0StreamEventSource", "OktaEventSource"];

/// Names a deployed stack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeployedStack<'a> {
    pub(crate) name: &'a str,
    pub(crate) region: Option<&'a str>,
    pub(crate) profile: Option<&'a str>,
}

/// Collects the reports of the checks that come first: without them there is nothing to check.
struct Reports {
    reports: Vec<CheckReport>,
    began: Instant,
}

/// Returns what a deployed stack says about itself, and the reports of how it was found.
pub(crate) async fn deployed(
    stack: DeployedStack<'_>,
    tools: &Tools,
    command: String,
) -> (Vec<CheckReport>, Option<Facts>) {
    let mut reports = Reports { reports: Vec::new(), began: Instant::now() };
    let facts = find(stack, tools, command, &mut reports).await;
    (reports.reports, facts)
}

async fn find(
    stack: DeployedStack<'_>,
    tools: &Tools,
    command: String,
    reports: &mut Reports,
) -> Option<Facts> {
    let DeployedStack { name, region, profile } = stack;
    let sign_in = profile.map_or_else(
        || "Sign in: aws sso login, or set AWS_PROFILE; aws sts get-caller-identity tells.".to_owned(),
        |profile| format!("Sign in: aws sso login --profile {profile}; aws configure list-profiles names the profiles there are."),
    );
    let config = match aws_config(region, profile, tools.http.clone()).await {
        Ok(config) => config,
        Err(error) => {
            let finding = Finding::fail(error_chain(&error), NOTHING, sign_in);
            return reports.end("aws.credentials", finding);
        }
    };
    let caller = match caller(&config).await {
        Ok(caller) => caller,
        Err(why) => return reports.end("aws.credentials", Finding::fail(why, NOTHING, sign_in)),
    };
    let here = config.region().map(ToString::to_string).unwrap_or_default();
    reports.add("aws.credentials", Finding::ok(format!("{caller} in {here}")));
    let description = match describe(&config, name).await {
        Ok(description) => description,
        Err(finding) => return reports.end("aws.stack", *finding),
    };
    reports.add("aws.stack", state(&description, name));
    let target = StackTarget::Deployed { stack: name, region, profile };
    let found = Stack::find_with_config(target, tools.http.clone(), tools.clock).await;
    let found = match found {
        Ok((_, found)) => found,
        Err(error) => {
            let remedy = "Deploy the present template: it has every output.";
            return reports.end("aws.outputs", Finding::fail(error_chain(&error), NOTHING, remedy));
        }
    };
    let parameters = parameters(&description);
    let parameter = |name: &str| parameters.get(name).cloned().unwrap_or_default();
    let list = |name: &str| parameter(name).split(',').map(str::to_owned).collect();
    let api = AwsApi::new(&config, tools.http.clone(), tools.clock);
    let deployment = api.map(|api| deployment(api, name, caller, &description));
    let settings = SETTINGS.iter().map(|(of, to)| ((*to).to_owned(), parameter(of)));
    let mut settings: BTreeMap<_, _> = settings.filter(|(_, value)| !value.is_empty()).collect();
    let secret = secret(&config, &parameter("SecretArn")).await;
    reports.add(
        "aws.secret",
        match secret {
            Ok(secret) => {
                let count = secret.len();
                settings.extend(secret);
                Finding::ok(format!("readable, {count} members"))
            }
            Err(finding) => *finding,
        },
    );
    Some(Facts {
        api: output(&description, "ApiUrl"),
        is_local: false,
        issuer: parameter("JwtIssuer"),
        audiences: list("JwtAudiences"),
        allowed_origins: list("AllowedOrigins"),
        settings,
        queues: found.queues().ok().cloned(),
        records: found.records,
        dynamodb: DynamoDb::new(&config),
        table_name: found.table_name,
        command,
        deployment,
        alarm_topic: Some(parameter("AlarmTopicArn")),
    })
}

/// Returns what AWS can be asked about.
fn deployment(api: AwsApi, name: &str, caller: String, stack: &Description) -> Deployment {
    let parameters = parameters(stack);
    let parameter = |name: &str| parameters.get(name).cloned().unwrap_or_default();
    let functions = FUNCTIONS.iter().map(|name| output(stack, name));
    let sources = PARTNER_SOURCES.iter().map(|name| parameter(name));
    Deployment {
        api,
        stack: name.to_owned(),
        caller,
        functions: functions.filter(|name| !name.is_empty()).collect(),
        bus: output(stack, "EventBusName"),
        partner_sources: sources.filter(|name| !name.is_empty()).collect(),
        has_cognito: !parameter("CognitoUserPoolId").is_empty(),
        secret: parameter("SecretArn"),
    }
}

const NOTHING: &str = "Nothing else can be checked.";

/// Returns the ARN of whom AWS takes this process for.
async fn caller(config: &SdkConfig) -> Result<String, String> {
    let caller = aws_sdk_sts::Client::new(config).get_caller_identity().send().await;
    let caller = response("GetCallerIdentity", caller).map_err(|error| error_chain(&error))?;
    Ok(caller.arn().unwrap_or("an unnamed identity").to_owned())
}

async fn describe(config: &SdkConfig, name: &str) -> Result<Description, Box<Finding>> {
    let client = CloudFormation::new(config);
    let stacks = client.describe_stacks().stack_name(name).send().await;
    let failed = |why: String| {
        let remedy = "Check name and region: aws cloudformation list-stacks \
            --stack-status-filter CREATE_COMPLETE UPDATE_COMPLETE";
        Box::new(Finding::fail(why, NOTHING, remedy))
    };
    let stacks = response("DescribeStacks", stacks).map_err(|error| failed(error_chain(&error)))?;
    let mut stacks = stacks.stacks.unwrap_or_default();
    if stacks.is_empty() {
        Err(failed(format!("there is no stack {name}")))
    } else {
        Ok(stacks.remove(0))
    }
}

/// Judges the state of the last deployment, and the drift that was found last.
fn state(stack: &Description, name: &str) -> Finding {
    let status = stack.stack_status().map_or("unknown", |status| status.as_str());
    let events = format!("aws cloudformation describe-stack-events --stack-name {name}");
    let is_whole = status.ends_with("_COMPLETE")
        && !status.starts_with("ROLLBACK")
        && !status.starts_with("DELETE");
    if !is_whole {
        return Finding::fail(status, "The stack is not whole.", events);
    }
    if status.contains("ROLLBACK") {
        return Finding::warn(
            status,
            "The last deployment failed; the one before it runs.",
            events,
        );
    }
    let drift = stack.drift_information().and_then(|drift| drift.stack_drift_status());
    if drift == Some(&StackDriftStatus::Drifted) {
        return Finding::warn(
            format!("{status}, drifted"),
            "Somebody has changed the stack by hand; the next deployment may undo it.",
            format!("aws cloudformation describe-stack-resource-drifts --stack-name {name}"),
        );
    }
    Finding::ok(status)
}

fn parameters(stack: &Description) -> BTreeMap<String, String> {
    let all = stack.parameters().iter();
    let all = all.filter_map(|one| Some((one.parameter_key()?, one.parameter_value()?)));
    all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn output(stack: &Description, name: &str) -> String {
    let found = stack.outputs().iter().find(|output| output.output_key() == Some(name));
    let value = found.and_then(|output| output.output_value()).unwrap_or_default();
    value.trim_end_matches('/').to_owned()
}

async fn secret(config: &SdkConfig, arn: &str) -> Result<BTreeMap<String, String>, Box<Finding>> {
    let meaning = "The functions do not start without it.";
    let failed = |why: String, remedy: &str| Box::new(Finding::fail(why, meaning, remedy));
    let text = read_secret(&SecretsManager::new(config), arn).await.map_err(|error| {
        failed(
            error_chain(&error),
            "Give this identity secretsmanager:GetSecretValue on the secret.",
        )
    })?;
    serde_json::from_str(&text).map_err(|_| {
        let remedy = "Write it anew: docs/deploy.md has its members.";
        failed("the secret is not a JSON object of texts".to_owned(), remedy)
    })
}

impl Reports {
    fn add(&mut self, id: &'static str, finding: Finding) {
        self.reports.push(finding.report(Group::Aws, id, self.began.elapsed()));
        self.began = Instant::now();
    }

    /// Adds the last report: the rest needs what it did not find.
    fn end(&mut self, id: &'static str, finding: Finding) -> Option<Facts> {
        self.add(id, finding);
        None
    }
}
