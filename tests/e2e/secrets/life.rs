//! A life through real functions, with every kind of answer that they know.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise"
)]

use std::collections::BTreeSet;

use acs_broker_harness::answer::Answer;
use acs_broker_harness::events::{sample, samples};
use acs_broker_harness::forwarder::Forwarder;
use acs_broker_harness::lambda::{self, FUNCTIONS, Lambda};
use acs_broker_harness::process::free_port;
use acs_broker_harness::stack::{Stack, now};
use http::Method;
use serde_json::json;

const SUBJECT: &str = "canary subject@example.com";
const SUBJECT_IN_PATH: &str = "canary%20subject%40example.com";
/// What the names of the users in the samples of events have in them, which have to be real: a
/// UUID is one, an email address another.
const SAMPLE_SUBJECTS: [&str; 2] = ["alice", "a11ce"];
/// A sign-in before everything that happens in a test.
const LONG_AGO: i64 = 1_700_000_000;

/// Secrets that a deployment chooses.
const CHOSEN: [(&str, &str); 3] = [
    ("AWS_SECRET_ACCESS_KEY", "canary-aws-secret"),
    ("AWS_SESSION_TOKEN", "canary-aws-session"),
    ("USER_HASH_KEY", "canary-hash-key-0123456789"),
];

/// Everything that was said in a life, and what must not be in it.
pub(crate) struct Life {
    /// Of the gateway and of the functions behind it.
    pub(crate) answers: Vec<Answer>,
    /// What nobody may read anywhere.
    pub(crate) secrets: BTreeSet<String>,
    /// The log of each function.
    pub(crate) logs: Vec<String>,
}

/// One user's life through real functions, with every kind of answer that they know.
pub(crate) async fn live(log_level: &str) -> Life {
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
    let mut life = Life { answers: Vec::new(), secrets: BTreeSet::new(), logs: Vec::new() };
    let key = settings["ACS_CONNECTION_STRING"].rsplit_once("accesskey=").unwrap().1.to_owned();
    life.secrets.extend([key, stack.gateway().to_owned(), SUBJECT_IN_PATH.to_owned()]);
    life.secrets.extend(["canary", "SignedHeaders", "Signature", "8:acs:"].map(str::to_owned));
    life.secrets.extend(SAMPLE_SUBJECTS.map(str::to_owned));

    good_days(&stack, &mut life).await;
    mistakes(&stack, &mut life).await;
    bad_days(&stack, &mut life).await;
    events(&stack, &mut life).await;
    life.answers.push(sweep(&stack).await);
    drop(table);
    let session = stack.sign_in("canary newcomer").await;
    life.answers.push(stack.token(&session).await);
    assert_eq!(life.answers.last().unwrap().code(), "table_unavailable");
    life.secrets.insert(session.0);
    for answer in &life.answers {
        let token = answer.json()["token"].as_str().map(str::to_owned);
        life.secrets.extend(token);
    }
    life.logs.extend(FUNCTIONS.map(|name| lambda.log(name)));
    life
}

async fn good_days(stack: &Stack, life: &mut Life) {
    let session = stack.sign_in_at(SUBJECT, LONG_AGO).await;
    let narrowed = json!({"scopes": ["chat"], "expiresInMinutes": 60});
    life.answers.extend([
        stack.token(&session).await,
        stack.token(&session).await,
        stack.token_for(&session, &narrowed).await,
        stack.revoke_keeping_sessions(&session).await,
        stack.revoke(&session).await,
        stack.token(&session).await,
    ]);
    let operator = stack.sign_in_operator().await;
    let again = stack.sign_in_at(SUBJECT, now() + 200).await;
    life.answers.extend([
        stack.token(&again).await,
        stack.revoke_user(&operator, SUBJECT).await,
        stack.delete_user(&operator, SUBJECT).await,
    ]);
    life.secrets.extend([session.0, operator.0, again.0]);
}

async fn mistakes(stack: &Stack, life: &mut Life) {
    let session = stack.sign_in_at(SUBJECT, now() + 201).await;
    let timeless = json!({"subject": SUBJECT, "claims": {"auth_time": "canary", "iat": LONG_AGO}});
    let timeless = stack.sign_in_with(timeless).await;
    life.answers.extend([
        stack.token_for(&session, &json!({"scopes": ["pstn"]})).await,
        stack.token_for(&session, &json!({"scopes": ["voip.join"]})).await,
        stack.token_from(&session, "text/plain", "canary").await,
        stack.token_from(&session, "application/json", &" ".repeat(5000)).await,
        stack.call(Method::DELETE, "/v1/token?keepSessions=maybe", &session).await,
        stack.token(&timeless).await,
    ]);
    life.secrets.extend([session.0, timeless.0]);
}

async fn bad_days(stack: &Stack, life: &mut Life) {
    let acs = stack.acs();
    let session = stack.sign_in_at(SUBJECT, now() + 202).await;
    life.answers.push(stack.token(&session).await);
    for effect in [
        json!({"status": 429}),
        json!({"status": 503, "body": "html"}),
        json!({"drop": true}),
        json!({"truncate": 100}),
        json!({"status": 200, "body": "{}"}),
        json!({"status": 401}),
    ] {
        acs.add_fault(json!({"effect": effect})).await;
        life.answers.push(stack.token(&session).await);
        acs.clear_faults().await;
    }
    acs.regenerate_key("primary").await;
    life.answers.extend([
        stack.token(&session).await,
        stack.revoke(&session).await,
        stack.delete(&session).await,
    ]);
    life.secrets.insert(session.0);
}

/// Every sample of what identity providers say, the first one also while ACS is out of order.
async fn events(stack: &Stack, life: &mut Life) {
    let session = stack.sign_in_at("alice", LONG_AGO).await;
    life.answers.push(stack.token(&session).await);
    life.secrets.insert(session.0);
    stack.acs().add_fault(json!({"effect": {"status": 503, "body": "html"}})).await;
    life.answers.push(event(stack, sample("generic-password-changed").envelope).await);
    stack.acs().clear_faults().await;
    for sample in samples() {
        life.answers.push(event(stack, sample.envelope).await);
    }
}

/// What became of an event, in the shape of an answer.
async fn event(stack: &Stack, envelope: String) -> Answer {
    stack.send(stack.request(Method::POST, "/dev/events").body(envelope)).await
}

/// The report of the function `sweep`, in the shape of an answer.
async fn sweep(stack: &Stack) -> Answer {
    stack.send(stack.request(Method::POST, "/dev/sweep")).await
}
