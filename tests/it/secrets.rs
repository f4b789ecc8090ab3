//! What the functions say, run as on AWS through good days and bad ones: one line of JSON per
//! request, metrics in it, and never a secret or a name.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise"
)]

use std::collections::BTreeSet;

use http::Method;
use identity_client::Timestamp;
use serde_json::{Map, Value, json};
use tests::answer::Answer;
use tests::forwarder::Forwarder;
use tests::lambda::{self, FUNCTIONS, Lambda};
use tests::process::free_port;
use tests::stack::{Stack, now};

const SUBJECT: &str = "canary subject@example.com";
const SUBJECT_IN_PATH: &str = "canary%20subject%40example.com";
/// A sign-in before everything that happens in a test.
const LONG_AGO: i64 = 1_700_000_000;

/// Secrets that a deployment chooses.
const CHOSEN: [(&str, &str); 3] = [
    ("AWS_SECRET_ACCESS_KEY", "canary-aws-secret"),
    ("AWS_SESSION_TOKEN", "canary-aws-session"),
    ("USER_HASH_KEY", "canary-hash-key-0123456789"),
];

/// The fields of a line that are no metrics.
const FIELDS: [&str; 17] = [
    "_aws",
    "code",
    "coldStart",
    "error",
    "level",
    "lostIdentity",
    "message",
    "operation",
    "postponed",
    "remedy",
    "report",
    "requestId",
    "signInClaim",
    "status",
    "target",
    "timestamp",
    "user",
];

/// Everything that was said in a life, and what must not be in it.
struct Life {
    answers: Vec<Answer>,
    secrets: BTreeSet<String>,
    /// The log of each function.
    logs: Vec<String>,
}

#[tokio::test]
async fn no_log_error_or_metric_shows_a_secret_or_who_a_user_is_even_at_level_trace() {
    let life = live("TRACE").await;
    let errors = life.answers.iter().filter(|answer| !answer.status.is_success());
    let errors: Vec<_> =
        errors.map(|answer| format!("{:?} {}", answer.headers, answer.text)).collect();
    assert!(errors.len() >= 12, "a life with too little in it: {errors:?}");
    for said in life.logs.iter().chain(&errors) {
        for secret in &life.secrets {
            let shown = said.lines().find(|line| line.contains(secret.as_str()));
            assert_eq!(shown, None, "shows {secret}");
        }
    }
}

#[tokio::test]
async fn each_request_is_one_line_of_json_with_the_documented_fields_and_well_formed_metrics() {
    let life = live("INFO").await;
    let mut ids = BTreeSet::new();
    let mut requests = 0;
    for log in &life.logs {
        let mut cold_starts = 0;
        for text in log.lines() {
            let fields: Map<String, Value> = serde_json::from_str(text).expect(text);
            check_fields(&fields);
            check_metrics(&fields);
            ids.insert(fields["requestId"].as_str().unwrap().to_owned());
            cold_starts += usize::from(fields["coldStart"] == true);
            requests += 1;
        }
        assert_eq!(cold_starts, 1, "{log}");
    }
    assert_eq!(requests, life.answers.len(), "one line for each request");
    assert_eq!(ids.len(), requests, "by the id of the request");
    let errors = life.answers.iter().filter(|answer| !answer.status.is_success());
    for answer in errors {
        let id = answer.json()["requestId"].as_str().unwrap().to_owned();
        assert!(ids.contains(&id), "support finds the line by the id in the answer");
    }
}

fn check_fields(line: &Map<String, Value>) {
    let metrics = metrics(line);
    for name in line.keys() {
        let is_known = FIELDS.contains(&name.as_str());
        assert!(is_known || metrics.contains(name), "{name} is not documented: {line:?}");
    }
    assert!(["INFO", "WARN", "ERROR"].contains(&line["level"].as_str().unwrap()));
    assert!(line["timestamp"].as_str().unwrap().parse::<Timestamp>().is_ok());
    assert_eq!(line["message"], "request");
    for work in line.get("postponed").and_then(Value::as_array).into_iter().flatten() {
        let fields: Vec<_> = work.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["code", "error", "user"]);
        assert_is_hash(&work["user"]);
    }
    let operation = line["operation"].as_str().unwrap();
    if operation == "sweep" {
        assert!(line["report"].is_object());
        return;
    }
    let own = ["issueToken", "revokeOwnTokens", "deleteSelf"];
    let is_operators = ["revokeUserTokens", "deleteUser"].contains(&operation);
    assert!(is_operators || own.contains(&operation), "{line:?}");
    assert_eq!(line.contains_key("target"), is_operators, "{line:?}");
    let status = line["status"].as_u64().unwrap();
    assert_eq!(line.contains_key("code"), status >= 400, "{line:?}");
    let needs_remedy = status >= 500;
    assert!(!needs_remedy || line["level"] == "ERROR" && line.contains_key("remedy"), "{line:?}");
    let is_of_authorizer = line.get("code") == Some(&json!("invalid_claims"));
    let is_told = line["level"] == "WARN" && line.contains_key("error");
    assert!(!is_of_authorizer || is_told && line.contains_key("remedy"), "{line:?}");
    for user in ["user", "target"].into_iter().filter_map(|name| line.get(name)) {
        assert_is_hash(user);
    }
}

fn assert_is_hash(user: &Value) {
    let user = user.as_str().unwrap();
    assert!(user.len() == 16 && user.bytes().all(|byte| byte.is_ascii_hexdigit()), "{user}");
}

/// CloudWatch's embedded metric format: what the directive names must be there.
fn check_metrics(line: &Map<String, Value>) {
    let directive = &line["_aws"]["CloudWatchMetrics"][0];
    assert!(line["_aws"]["Timestamp"].is_i64() || line["_aws"]["Timestamp"].is_u64());
    assert_eq!(directive["Namespace"], "AcsTokenBroker");
    assert_eq!(directive["Dimensions"], json!([["operation"]]));
    for metric in directive["Metrics"].as_array().unwrap() {
        let name = metric["Name"].as_str().unwrap();
        assert!(line[name].is_number(), "{name} has no value: {line:?}");
        assert!(["Count", "Milliseconds"].contains(&metric["Unit"].as_str().unwrap()));
    }
    assert!(metrics(line).contains("Latency"));
}

fn metrics(line: &Map<String, Value>) -> BTreeSet<String> {
    let metrics = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
    metrics.iter().map(|metric| metric["Name"].as_str().unwrap().to_owned()).collect()
}

/// One user's life through real functions, with every kind of answer that they know.
async fn live(log_level: &str) -> Life {
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

    good_days(&stack, &mut life).await;
    mistakes(&stack, &mut life).await;
    bad_days(&stack, &mut life).await;
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

/// The report of the function `sweep`, in the shape of an answer.
async fn sweep(stack: &Stack) -> Answer {
    stack.send(stack.request(Method::POST, "/dev/sweep")).await
}
