//! Runs one user through real functions, with each kind of response, and records the output.

use std::collections::BTreeSet;

use acs_broker_harness::events::{sample, samples};
use acs_broker_harness::forwarder::Forwarder;
use acs_broker_harness::lambda::{self, FUNCTIONS, Lambda};
use acs_broker_harness::process::free_port;
use acs_broker_harness::response::Response;
use acs_broker_harness::stack::{StackProcess, now};
use http::Method;
use serde_json::json;

const SUBJECT: &str = "canary subject@example.com";
const SUBJECT_IN_PATH: &str = "canary%20subject%40example.com";
/// Parts of the subjects in the sample events, which have realistic forms: a UUID, an email
/// address.
const SAMPLE_SUBJECTS: [&str; 2] = ["alice", "a11ce"];
/// A sign-in before everything that happens in a test.
const LONG_AGO: i64 = 1_700_000_000;

/// Secrets that a deployment chooses.
const CHOSEN: [(&str, &str); 3] = [
    ("AWS_SECRET_ACCESS_KEY", "canary-aws-secret"),
    ("AWS_SESSION_TOKEN", "canary-aws-session"),
    ("USER_HASH_KEY", "canary-hash-key-0123456789abcdef"),
];

/// All responses and logs, and the secrets that must not be in them.
pub(crate) struct Recording {
    /// The responses of the gateway and of the functions behind it.
    pub(crate) responses: Vec<Response>,
    /// The texts that no response or log may contain.
    pub(crate) secrets: BTreeSet<String>,
    /// The log of each function.
    pub(crate) logs: Vec<String>,
}

/// Runs one user through real functions, with each kind of response that they give.
pub(crate) async fn record(log_level: &str) -> Recording {
    let mut lambda = Lambda::start().await;
    let stack = lambda.start_stack().await;
    let mut settings = lambda::settings(&stack);
    settings.extend(CHOSEN.map(|(name, value)| (name.to_owned(), value.to_owned())));
    settings.insert("AWS_LAMBDA_LOG_LEVEL".to_owned(), log_level.to_owned());
    let port = free_port();
    let table = Forwarder::start(port, stack.ready("/table/endpoint")).await;
    let endpoint = format!("http://127.0.0.1:{port}");
    settings.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), endpoint);
    lambda.start_functions(&settings);
    let mut recording =
        Recording { responses: Vec::new(), secrets: BTreeSet::new(), logs: Vec::new() };
    let key = settings["ACS_CONNECTION_STRING"].rsplit_once("accesskey=").unwrap().1.to_owned();
    recording.secrets.extend([key, stack.gateway().to_owned(), SUBJECT_IN_PATH.to_owned()]);
    recording.secrets.extend(["canary", "SignedHeaders", "Signature", "8:acs:"].map(str::to_owned));
    recording.secrets.extend(SAMPLE_SUBJECTS.map(str::to_owned));

    regular_requests(&stack, &mut recording).await;
    bad_requests(&stack, &mut recording).await;
    outages(&stack, &mut recording).await;
    events(&stack, &mut recording).await;
    recording.responses.push(sweep(&stack).await);
    drop(table);
    let session = stack.sign_in("canary newcomer").await;
    recording.responses.push(stack.token(&session).await);
    assert_eq!(recording.responses.last().unwrap().code(), "table_unavailable");
    recording.secrets.insert(session.0);
    for response in &recording.responses {
        let token = response.json()["token"].as_str().map(str::to_owned);
        recording.secrets.extend(token);
    }
    recording.logs.extend(FUNCTIONS.map(|name| lambda.log(name)));
    recording
}

async fn regular_requests(stack: &StackProcess, recording: &mut Recording) {
    let session = stack.sign_in_at(SUBJECT, LONG_AGO).await;
    let narrowed = json!({"scopes": ["chat"], "expiresInMinutes": 60});
    recording.responses.extend([
        stack.token(&session).await,
        stack.token(&session).await,
        stack.token_for(&session, &narrowed).await,
        stack.revoke_keeping_sessions(&session).await,
        stack.revoke(&session).await,
        stack.token(&session).await,
    ]);
    let operator = stack.sign_in_operator().await;
    let again = stack.sign_in_at(SUBJECT, now() + 200).await;
    recording.responses.extend([
        stack.token(&again).await,
        stack.revoke_user(&operator, SUBJECT).await,
        stack.delete_user(&operator, SUBJECT).await,
    ]);
    recording.secrets.extend([session.0, operator.0, again.0]);
}

async fn bad_requests(stack: &StackProcess, recording: &mut Recording) {
    let session = stack.sign_in_at(SUBJECT, now() + 201).await;
    let timeless = json!({"subject": SUBJECT, "claims": {"auth_time": "canary", "iat": LONG_AGO}});
    let timeless = stack.sign_in_with(timeless).await;
    recording.responses.extend([
        stack.token_for(&session, &json!({"scopes": ["pstn"]})).await,
        stack.token_for(&session, &json!({"scopes": ["voip.join"]})).await,
        stack.token_from(&session, "text/plain", "canary").await,
        stack.token_from(&session, "application/json", &" ".repeat(70_000)).await,
        stack.call(Method::DELETE, "/v1/token?keepSessions=maybe", &session).await,
        stack.token(&timeless).await,
    ]);
    recording.secrets.extend([session.0, timeless.0]);
}

async fn outages(stack: &StackProcess, recording: &mut Recording) {
    let acs = stack.acs();
    let session = stack.sign_in_at(SUBJECT, now() + 202).await;
    recording.responses.push(stack.token(&session).await);
    // Another lifetime each time, or the function would hand out a token from its memory.
    let lasting = |minutes: u64| json!({"expiresInMinutes": minutes});
    let effects = [
        json!({"status": 429}),
        json!({"status": 503, "body": "html"}),
        json!({"drop": true}),
        json!({"truncate": 100}),
        json!({"status": 200, "body": "{}"}),
        json!({"status": 401}),
    ];
    for (minutes, effect) in (61..).zip(effects) {
        acs.add_fault(json!({"effect": effect})).await;
        recording.responses.push(stack.token_for(&session, &lasting(minutes)).await);
        acs.clear_faults().await;
    }
    acs.regenerate_key("primary").await;
    recording.responses.extend([
        stack.token_for(&session, &lasting(100)).await,
        stack.revoke(&session).await,
        stack.delete(&session).await,
    ]);
    recording.secrets.insert(session.0);
}

/// Publishes each sample event, the first one also while ACS fails.
async fn events(stack: &StackProcess, recording: &mut Recording) {
    let session = stack.sign_in_at("alice", LONG_AGO).await;
    recording.responses.push(stack.token(&session).await);
    recording.secrets.insert(session.0);
    stack.acs().add_fault(json!({"effect": {"status": 503, "body": "html"}})).await;
    recording.responses.push(event(stack, sample("generic-password-changed").envelope).await);
    stack.acs().clear_faults().await;
    for sample in samples() {
        recording.responses.push(event(stack, sample.envelope).await);
    }
}

/// Publishes an event and returns the gateway's response.
async fn event(stack: &StackProcess, envelope: String) -> Response {
    stack.send(stack.request(Method::POST, "/dev/events").body(envelope)).await
}

/// Runs the function `sweep` and returns the gateway's response.
async fn sweep(stack: &StackProcess) -> Response {
    stack.send(stack.request(Method::POST, "/dev/sweep")).await
}
