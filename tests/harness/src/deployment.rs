//! The deployed template `infra/aws/template.yaml`: an AWS on this machine that enforces IAM, the
//! release binaries as its Lambda functions, an identity provider, and ACS over https.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use crate::aws::AwsClient;
use crate::emulator::EmulatorControl;
use crate::events::Sample;
use crate::gateway::GatewayClient;
use crate::process::{Server, free_port};
use crate::recorder::Recorder;
use crate::stack::StackProcess;
use crate::table::TableClient;
use crate::tools;

/// The functions of the template, by their logical ids.
pub const FUNCTIONS: [&str; 5] = [
    "IssueFunction",
    "RevokeFunction",
    "DeleteFunction",
    "SweepFunction",
    "IdentityEventsFunction",
];

/// How long a queue may take on a machine that is busy with other tests.
const TIMEOUT: Duration = Duration::from_mins(1);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A deployed stack. Dropping it ends everything.
#[derive(Debug)]
pub struct Deployment {
    /// The identity provider, and ACS.
    pub outside: StackProcess,
    /// AWS's APIs with the rights of the account's owner.
    pub aws: AwsClient,
    /// The recorder of each function's calls, by the function's logical id.
    pub recorders: BTreeMap<&'static str, Recorder>,
    gateway: GatewayClient,
    server: Server,
}

impl Deployment {
    /// Deploys the template for the identity providers of the samples.
    pub async fn start() -> Self {
        let outside = StackProcess::start().await;
        let port = free_port();
        let endpoint = format!("http://127.0.0.1:{port}");
        let mut recorders = BTreeMap::new();
        for function in FUNCTIONS {
            recorders.insert(function, Recorder::start(&endpoint).await);
        }
        let secondary = outside.acs().regenerate_key("secondary").await;
        let mut command = Command::new("python3");
        command.arg(tools::repository().join("tests/aws/deploy"));
        command.args(["--port", &port.to_string()]);
        let mut option = |option: &str, name: &str, value: &str| {
            command.args([option, &format!("{name}={value}")]);
        };
        for (name, key) in [
            ("ACS_CONNECTION_STRING", outside.ready("/acs/httpsConnectionString").to_owned()),
            ("ACS_SECONDARY_CONNECTION_STRING", connection_string(&outside, &secondary)),
            ("USER_HASH_KEY", "more than thirty-two characters, for sure".to_owned()),
        ] {
            option("--secret", name, &key);
        }
        for (name, value) in parameters(&outside) {
            option("--parameter", name, value);
        }
        option("--environment", "EXTRA_CA_FILE", outside.ready("/acs/caFile"));
        for (function, recorder) in &recorders {
            option("--endpoint", function, &recorder.url);
        }
        let server = Server::start(&mut command).await;
        let output = |name: &str| text(&server.ready, &format!("/outputs/{name}"));
        let api = output("ApiUrl").trim_start_matches("https://").split('.').next();
        let host = format!("{}.execute-api.localhost:{port}", api.unwrap_or_default());
        let gateway = GatewayClient::new(&endpoint).named(host);
        let aws = AwsClient::new(&endpoint);
        Self { outside, aws, recorders, gateway, server }
    }

    /// The control API of the ACS emulator.
    #[must_use]
    pub fn acs(&self) -> EmulatorControl {
        self.outside.acs()
    }

    /// An output of the template.
    #[must_use]
    pub fn output(&self, name: &str) -> &str {
        text(&self.server.ready, &format!("/outputs/{name}"))
    }

    /// The user table, with the rights of the account's owner.
    #[must_use]
    pub fn table(&self) -> TableClient {
        TableClient::at(self.endpoint(), "eu-west-1", "root", self.output("TableName"))
    }

    /// AWS's address, without a trailing slash.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        text(&self.server.ready, "/endpoint")
    }

    /// Deploys again with another value of a parameter.
    pub async fn set_parameter(&self, name: &str, value: &str) {
        self.aws.set_parameter("acs-token-broker", name, value).await;
    }

    /// How long CloudFormation took.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.server.ready.get("seconds").and_then(Value::as_f64).unwrap_or_default()
    }

    /// Publishes an event of an identity provider on the bus of that provider.
    pub async fn publish(&self, sample: &Sample) {
        self.aws.put_event(&self.bus(sample), &envelope(sample)).await;
    }

    /// The bus on which the identity provider of a sample publishes.
    #[must_use]
    pub fn bus(&self, sample: &Sample) -> String {
        let envelope = envelope(sample);
        let bus = match text(&envelope, "/source") {
            "aws.cognito-idp" => "default",
            partner if partner.starts_with("aws.partner/") => partner,
            _ => self.output("EventBusName"),
        };
        bus.to_owned()
    }

    /// Returns as soon as ACS no longer accepts the token.
    pub async fn until_dead(&self, token: &str) {
        let began = Instant::now();
        while self.acs().is_active(token).await {
            assert!(began.elapsed() < TIMEOUT, "the token lives on\n{}", self.server.log());
            sleep(POLL_INTERVAL).await;
        }
    }

    /// Returns the messages of a queue as soon as it has this many.
    pub async fn until_messages(&self, queue: &str, count: usize) -> Vec<String> {
        let began = Instant::now();
        loop {
            let messages = self.aws.messages(queue).await;
            if messages.len() >= count {
                return messages;
            }
            assert!(began.elapsed() < TIMEOUT, "{messages:?}\n{}", self.server.log());
            sleep(POLL_INTERVAL).await;
        }
    }
}

impl Deref for Deployment {
    type Target = GatewayClient;

    fn deref(&self) -> &GatewayClient {
        &self.gateway
    }
}

/// The connection string of the resource with another key.
#[must_use]
pub fn connection_string(outside: &StackProcess, key: &str) -> String {
    let primary = outside.ready("/acs/httpsConnectionString");
    let (endpoint, _) = primary.split_once("accesskey=").unwrap_or_default();
    format!("{endpoint}accesskey={key}")
}

fn parameters(outside: &StackProcess) -> [(&'static str, &str); 10] {
    [
        ("JwtIssuer", outside.gateway()),
        ("JwtAudiences", "acs-token-broker"),
        ("ScopePolicy", r#"{"scopes":["chat","voip"],"expiresInMinutes":1440}"#),
        ("CognitoUserPoolId", "eu-west-1_EXAMPLE"),
        (
            "Auth0EventSource",
            "aws.partner/auth0.com/acme-00000000-1111-4222-8333-444455556666/auth0.logs",
        ),
        (
            "Auth0StreamEventSource",
            "aws.partner/auth0.com/acme-00000000-1111-4222-8333-444455556666/auth0.events",
        ),
        ("OktaEventSource", "aws.partner/okta.com/acme/prod"),
        ("SubjectClaim", "uid"),
        ("TombstoneDays", "36500"),
        ("GenericEventSource", "com.example.accounts"),
    ]
}

fn envelope(sample: &Sample) -> Value {
    serde_json::from_str(&sample.envelope).expect("an event")
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
