//! Secrets in every input and in every answer of ACS and the table: none gets out.

use std::sync::{Arc, Mutex};

use acs_broker_config::Settings;
use acs_broker_harness::hostile::HostileProxy;
use acs_broker_harness::lambda::settings;
use acs_broker_harness::stack::{StackProcess, now};
use acs_broker_lambda::{App, serve_http};
use fastrand::Rng;
use futures_util::{StreamExt as _, stream};
use identity_client::Timestamp;
use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};

/// What no log, no metric and no response may hold.
const CANARY: &str = "canary-3f9c1e";
/// How many requests there are; `CANARY_REQUESTS` says otherwise.
const REQUESTS: u64 = 1000;
/// How many run at once.
const CONCURRENCY: usize = 32;
/// How long each request has.
const BUDGET_MS: i64 = 400;
const ROUTES: [(&str, &str); 7] = [
    ("issue", "POST /v1/token"),
    ("revoke", "DELETE /v1/token"),
    ("delete", "DELETE /v1/user"),
    ("revoke", "POST /v1/operator/revoke"),
    ("revoke", "POST /v1/operator/suspend"),
    ("revoke", "POST /v1/operator/unsuspend"),
    ("delete", "POST /v1/operator/delete"),
];

/// Whatever a client sends and ACS and the table answer, no secret of theirs gets into a log line, a
/// metric or a response; a token gets into its own response alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn none_gets_out() {
    let stack = StackProcess::start().await;
    let acs = HostileProxy::start(stack.ready("/acs/http"), CANARY, 1).await;
    let table = HostileProxy::start(stack.ready("/table/endpoint"), CANARY, 2).await;
    let mut settings = settings(&stack);
    let key = settings["ACS_CONNECTION_STRING"].rsplit_once("accesskey=").unwrap().1.to_owned();
    let connection = format!("endpoint={}/;accesskey={key}", acs.url);
    settings.insert("ACS_CONNECTION_STRING".to_owned(), connection);
    settings.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), table.url.clone());
    settings.insert("AWS_SECRET_ACCESS_KEY".to_owned(), "local".to_owned());
    settings.insert("USER_HASH_KEY".to_owned(), format!("{CANARY}{CANARY}{CANARY}"));
    let settings = Settings::read(&|name| settings.get(name).cloned()).unwrap();
    let log = Arc::new(Mutex::new(Vec::new()));
    let lines = Arc::clone(&log);
    let sink = move |line: &str| lines.lock().unwrap().push(line.to_owned());
    let app = Arc::new(App::new(settings, wall_clock, sink).unwrap());

    let statuses = stream::iter(0..requests())
        .map(|number| {
            let (app, key) = (Arc::clone(&app), key.clone());
            async move {
                let (function, event) = event(&mut Rng::with_seed(number));
                let response = serve(app, function, &event).await;
                check_response(&event, &response, &key);
                response["statusCode"].as_u64().unwrap()
            }
        })
        .buffer_unordered(CONCURRENCY)
        .collect::<Vec<_>>()
        .await;

    let log = log.lock().unwrap();
    assert_eq!(log.len(), statuses.len(), "one line for each request");
    for line in log.iter() {
        for secret in [CANARY, &key, "eyJ"] {
            assert!(!line.contains(secret), "shows {secret}: {line}");
        }
    }
    for status in [200, 204, 400, 401, 403, 503] {
        assert!(statuses.contains(&status), "no request ended in {status}: {statuses:?}");
    }
}

/// Fails if a response holds more than its own token, or the names that an operator has sent.
fn check_response(event: &Value, response: &Value, key: &str) {
    let mut shown = response.clone();
    if response["statusCode"] == 200 {
        let mut body: Value = serde_json::from_str(shown["body"].as_str().unwrap()).unwrap();
        if event["routeKey"] == "POST /v1/token" {
            assert!(body["token"].as_str().unwrap().starts_with("eyJ"), "{body}");
            body["token"] = Value::Null;
        }
        for result in body["results"].as_array_mut().into_iter().flatten() {
            result["subject"] = Value::Null;
        }
        shown["body"] = body.to_string().into();
    }
    let shown = shown.to_string();
    for secret in [CANARY, key, "eyJ"] {
        assert!(!shown.contains(secret), "shows {secret}: {shown}");
    }
}

/// Returns an event with canaries at every place that a client or an issuer fills, but for what a
/// request needs to get further.
fn event(random: &mut Rng) -> (&'static str, Value) {
    let (function, route) = ROUTES[random.usize(..ROUTES.len())];
    let (method, path) = route.split_once(' ').unwrap();
    let mut claims = json!({
        "iss": "https://idp.example.com", "sub": format!("{CANARY} {}", random.usize(..200)),
        "auth_time": now().to_string(), "iat": now().to_string(), "email": CANARY,
        "name": CANARY, "groups": format!("[{CANARY}]"), "jti": CANARY, "token_use": "access",
        "scope": if random.usize(..4) == 0 { CANARY } else { "acs.admin" },
    });
    let users: Vec<_> = (0..=random.usize(..3))
        .map(|_| json!({"subject": format!("{CANARY} {}", random.usize(..200))}))
        .collect();
    let is_operators = path.contains("operator");
    let mut body = is_operators.then(|| json!({ "users": users }).to_string());
    let mut query = String::new();
    let mut content_type = "application/json".to_owned();
    match random.usize(..12) {
        0 => body = Some(json!({ "scopes": [CANARY] }).to_string()),
        1 => body = Some(json!({ "unknown": CANARY }).to_string()),
        2 => body = Some(format!("{{\"expiresInMinutes\": \"{CANARY}\"")),
        3 => {
            let issuer = format!("\n{CANARY}");
            body = Some(json!({"users": [{"subject": "a", "issuer": issuer}]}).to_string());
        }
        4 => query = format!("unknown={CANARY}"),
        5 => query = format!("keepSessions={CANARY}"),
        6 => CANARY.clone_into(&mut content_type),
        7 => claims["auth_time"] = CANARY.into(),
        8 => claims["token_use"] = CANARY.into(),
        9 => claims["sub"] = format!("{CANARY}\u{0}").into(),
        _ => {}
    }
    let event = json!({
        "version": "2.0", "routeKey": route, "rawPath": path, "rawQueryString": query,
        "headers": {
            "authorization": format!("Bearer eyJ{CANARY}.eyJ{CANARY}.{CANARY}"), "cookie": CANARY,
            "content-type": content_type, "host": "api.example.com", "referer": CANARY,
            "user-agent": CANARY, "x-forwarded-for": CANARY, CANARY: CANARY,
        },
        "cookies": [CANARY],
        "requestContext": {
            "authorizer": {"jwt": {"claims": claims, "scopes": null}},
            "http": {"method": method, "path": path, "sourceIp": CANARY, "userAgent": CANARY},
            "requestId": "request", "routeKey": route, "stage": "$default",
        },
        "body": body, "isBase64Encoded": false,
    });
    (function, event)
}

async fn serve(app: Arc<App>, function: &str, event: &Value) -> Value {
    let request = serde_json::from_value(event.clone()).unwrap();
    let mut context = Context::default();
    context.deadline = u64::try_from(wall_clock().as_millisecond() + BUDGET_MS).unwrap();
    let event = LambdaEvent::new(request, context);
    let response = match function {
        "issue" => serve_http(app, acs_broker_function_issue::handle, event).await,
        "revoke" => serve_http(app, acs_broker_function_revoke::handle, event).await,
        _ => serve_http(app, acs_broker_function_delete::handle, event).await,
    };
    serde_json::to_value(response).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the clock of the functions")]
fn wall_clock() -> Timestamp {
    Timestamp::now()
}

#[expect(clippy::disallowed_methods, reason = "how many requests to send is the caller's choice")]
fn requests() -> u64 {
    std::env::var("CANARY_REQUESTS").map_or(REQUESTS, |text| text.parse().expect("a number"))
}
