//! Requests, as API Gateway passes them to a function.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use acs_broker_config::Settings;
use acs_broker_core::RequestedGrant;
use acs_broker_lambda::{App, HttpRequest, HttpResponse, Invocation, ProblemDetails, serve_http};
use futures_util::FutureExt as _;
use lambda_runtime::{Context, LambdaEvent};
use serde_json::Value;

use crate::{CANARY, NOW};

const SETTINGS: [(&str, &str); 10] = [
    ("ACS_CONNECTION_STRING", "endpoint=https://acs.example/;accesskey=Y2FuYXJ5LWNhbmFyeQ=="),
    ("TABLE_NAME", "users"),
    ("SCOPE_POLICY", r#"{"scopes": ["chat", "voip"]}"#),
    ("OPERATOR_SCOPE", "acs.admin"),
    ("USER_HASH_KEY", "0123456789abcdef0123456789abcdef"),
    ("EVENT_ISSUER", "https://idp.example.com"),
    ("GENERIC_EVENT_SOURCE", "com.example.accounts"),
    ("AWS_REGION", "eu-west-1"),
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "secret"),
];

thread_local! {
    static LOG: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Returns what a function works with. Its log is the thread's.
pub(crate) fn app() -> Arc<App> {
    static APP: LazyLock<Arc<App>> = LazyLock::new(|| {
        let values = HashMap::from(SETTINGS);
        let lookup = |name: &str| values.get(name).map(|value| (*value).to_owned());
        let settings = Settings::read(&lookup).expect("settings");
        let log = |line: &str| LOG.with_borrow_mut(|lines| lines.push(line.to_owned()));
        Arc::new(App::new(settings, || NOW, log).expect("an app"))
    });
    Arc::clone(&APP)
}

/// Reads of a request what the functions read, and answers with it.
async fn handle(invocation: Arc<Invocation<HttpRequest>>) -> Result<HttpResponse, ProblemDetails> {
    let caller = invocation.caller()?;
    invocation.payload.reject_unknown_query(&["keepSessions"])?;
    let body: Value = invocation.payload.json_body()?;
    invocation.grant(&RequestedGrant::default())?;
    HttpResponse::json(&(caller.session.user.to_text(), body))
}

/// Whatever a request holds, what all functions read of it ends in 200 or in a problem that is the
/// caller's, as JSON. One log line is written, in which neither the user nor a secret stands.
pub(crate) fn gateway_event(data: &[u8]) {
    let data = String::from_utf8_lossy(data).replace("KEY", CANARY);
    let Ok(json) = serde_json::from_str::<Value>(&data) else { return };
    let request = serde_json::from_str::<HttpRequest>(&data).expect("a request of any JSON");
    LOG.with_borrow_mut(Vec::clear);
    let event = LambdaEvent::new(request, Context::default());
    let served = serve_http(app(), handle, event).now_or_never().expect("nothing to wait for");
    let response = serde_json::to_value(served).expect("a response");
    let status = response["statusCode"].as_u64().expect("a status");
    let body: Value =
        serde_json::from_str(response["body"].as_str().expect("a body")).expect("a JSON body");
    assert!(matches!(status, 200 | 400 | 401 | 413 | 415), "{response}");
    let line = LOG.with_borrow(|lines| match lines.as_slice() {
        [line] => line.clone(),
        lines => panic!("{} lines", lines.len()),
    });
    assert!(serde_json::from_str::<Value>(&line).is_ok(), "{line}");
    // The gateway makes this one, and it is logged as it is.
    let request_id = json["requestContext"]["requestId"].as_str().unwrap_or_default();
    let user = body[0].as_str().filter(|_| status == 200).unwrap_or(CANARY);
    for secret in [user, CANARY] {
        assert!(request_id.contains(secret) || !line.contains(secret), "{line}");
    }
}
