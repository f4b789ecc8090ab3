//! `infra/aws/template.yaml`, deployed: an AWS on this machine with IAM enforced, the release
//! binaries as its Lambda functions, an identity provider, and ACS over https.
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test cannot go on without the deployment"
)]

use std::collections::BTreeMap;
use std::ops::Deref;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use crate::acs::Acs;
use crate::aws::Aws;
use crate::events::Sample;
use crate::gateway::Gateway;
use crate::process::{Server, free_port};
use crate::recorder::Recorder;
use crate::stack::Stack;
use crate::table::Table;
use crate::tools;

/// The functions of the template, by their logical ids.
pub const FUNCTIONS: [&str; 6] = [
    "IssueFunction",
    "RevokeFunction",
    "DeleteFunction",
    "SweepFunction",
    "RevokeQueueFunction",
    "DeleteQueueFunction",
];

/// How long something that goes through queues may take, on a machine busy with other tests.
const PATIENCE: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(20);

/// A deployed stack. Dropping it ends everything.
#[derive(Debug)]
pub struct Deployment {
    /// The identity provider, and ACS.
    pub outside: Stack,
    /// AWS, as its owner calls it.
    pub aws: Aws,
    /// What each function has called, by its logical id.
    pub recorders: BTreeMap<&'static str, Recorder>,
    gateway: Gateway,
    server: Server,
    _folder: TempDir,
}

impl Deployment {
    /// Deploys the template for the identity providers of the samples.
    pub async fn start() -> Self {
        let outside = Stack::start().await;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port = free_port();
        let endpoint = format!("http://127.0.0.1:{port}");
        let mut recorders = BTreeMap::new();
        for function in FUNCTIONS {
            recorders.insert(function, Recorder::start(&endpoint).await);
        }
        let secondary = outside.acs().regenerate_key("secondary").await;
        let mut command = Command::new("python3");
        command.arg(tools::repository().join("tests/aws/deploy"));
        command.env("TMPDIR", folder.path());
        command.args(["--port", &port.to_string()]);
        let mut option = |option: &str, name: &str, value: &str| {
            command.args([option, &format!("{name}={value}")]);
        };
        for (name, key) in [
            ("ACS_CONNECTION_STRING", outside.ready("/acs/httpsConnectionString").to_owned()),
            ("ACS_SECONDARY_CONNECTION_STRING", connection_string(&outside, &secondary)),
            ("USER_HASH_KEY", "sixteen characters".to_owned()),
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
        let gateway = Gateway::new(&endpoint).named(host);
        let aws = Aws::new(&endpoint);
        Self { outside, aws, recorders, gateway, server, _folder: folder }
    }

    /// ACS, seen from within.
    #[must_use]
    pub fn acs(&self) -> Acs {
        self.outside.acs()
    }

    /// An output of the template.
    #[must_use]
    pub fn output(&self, name: &str) -> &str {
        text(&self.server.ready, &format!("/outputs/{name}"))
    }

    /// The table of users, as the account's owner sees it.
    #[must_use]
    pub fn table(&self) -> Table {
        Table::at(self.endpoint(), "eu-west-1", "root", self.output("TableName"))
    }

    /// AWS's address, without a trailing slash.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        text(&self.server.ready, "/endpoint")
    }

    /// How long CloudFormation took.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.server.ready.get("seconds").and_then(Value::as_f64).unwrap_or_default()
    }

    /// Lets an identity provider say something, on the bus on which it speaks.
    pub async fn say(&self, sample: &Sample) {
        self.aws.put_event(&self.bus(sample), &envelope(sample)).await;
    }

    /// The bus on which the identity provider of a sample speaks.
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

    /// Returns when ACS takes the token no longer.
    pub async fn until_dead(&self, token: &str) {
        let began = Instant::now();
        while self.acs().is_active(token).await {
            assert!(began.elapsed() < PATIENCE, "the token lives on\n{}", self.server.log());
            sleep(POLL).await;
        }
    }

    /// Returns when a queue has this many messages.
    pub async fn until_messages(&self, queue: &str, count: usize) -> Vec<String> {
        let began = Instant::now();
        loop {
            let messages = self.aws.messages(queue).await;
            if messages.len() >= count {
                return messages;
            }
            assert!(began.elapsed() < PATIENCE, "{messages:?}\n{}", self.server.log());
            sleep(POLL).await;
        }
    }
}

impl Deref for Deployment {
    type Target = Gateway;

    fn deref(&self) -> &Gateway {
        &self.gateway
    }
}

/// The connection string of the resource with another one of its keys.
#[must_use]
pub fn connection_string(outside: &Stack, key: &str) -> String {
    let primary = outside.ready("/acs/httpsConnectionString");
    let (endpoint, _) = primary.split_once("accesskey=").unwrap_or_default();
    format!("{endpoint}accesskey={key}")
}

fn parameters(outside: &Stack) -> [(&'static str, &str); 9] {
    [
        ("JwtIssuer", outside.gateway()),
        ("JwtAudiences", "acs-token-broker"),
        ("ScopePolicy", r#"{"scopes":["chat","voip"],"expiresInMinutes":1440}"#),
        ("CognitoUserPoolId", "eu-west-1_EXAMPLE"),
        (
            "Auth0EventSource",
            "aws.partner/auth0.com/acme-2308531e-1ba0-4824-a5de-5fa1d5928ea4/auth0.logs",
        ),
        (
            "Auth0StreamEventSource",
            "aws.partner/auth0.com/acme-2308531e-1ba0-4824-a5de-5fa1d5928ea4/auth0.events",
        ),
        ("OktaEventSource", "aws.partner/okta.com/acme/prod"),
        ("SubjectClaim", "uid"),
        ("GenericEventSource", "com.example.accounts"),
    ]
}

fn envelope(sample: &Sample) -> Value {
    serde_json::from_str(&sample.envelope).expect("an event")
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
