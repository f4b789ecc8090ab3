//! The checks of the API.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::Tools;
use super::check::{Check, Finding, Group};
use super::facts::{Facts, reason};

const CALL_TIMEOUT: Duration = Duration::from_secs(9);

/// Returns the checks of the API.
pub(super) fn checks<'a>(
    facts: &'a Facts,
    tools: &'a Tools,
    token: Option<&'a str>,
) -> Vec<Check<'a>> {
    let call = async move {
        match token {
            Some(token) => call(facts, tools, token).await,
            None => Finding::skip("no token is given", "Pipe one in: … doctor --token -"),
        }
    };
    let mut checks = vec![
        Check::new(Group::Api, "api.call", call),
        Check::new(Group::Api, "api.cors", async move { cors(facts, tools).await }),
    ];
    if facts.is_local {
        checks.push(Check::new(
            Group::Api,
            "api.health",
            async move { health(facts, tools).await },
        ));
    }
    checks
}

/// Fetches a token for the given session, and drops it.
async fn call(facts: &Facts, tools: &Tools, token: &str) -> Finding {
    let meaning = "The app gets no token for this session.";
    let url = format!("{}/v1/token", facts.api);
    let request = tools.http.post(&url).bearer_auth(token).timeout(CALL_TIMEOUT);
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) => {
            let remedy = "Check the API's address and the network.";
            return Finding::fail(format!("{url}: {}", reason(&error)), meaning, remedy);
        }
    };
    let status = response.status();
    let header = |name: &str| {
        let value = response.headers().get(name).and_then(|value| value.to_str().ok());
        value.map(str::to_owned)
    };
    let (challenge, request_id) = (header("www-authenticate"), header("apigw-requestid"));
    if status == StatusCode::OK {
        return Finding::ok("the API hands out a token");
    }
    let body: Value = match response.bytes().await {
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
        Err(_) => Value::Null,
    };
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let found = match (text("code"), challenge) {
        (Some(code), _) => {
            let why = text("detail").or(text("title")).unwrap_or_default();
            format!("{status}, {code}: {why}")
        }
        (None, Some(challenge)) => format!("the gateway refuses it with {status}: {challenge}"),
        (None, None) => format!("{status}"),
    };
    let mut remedy = text("code").map_or_else(
        || "See idp.token: issuer, audience and expiry must fit.".to_owned(),
        |code| format!("See `{code}` in docs/reference/errors.md"),
    );
    if let Some(id) = request_id {
        remedy = format!("{remedy}; the log has request {id}");
    }
    Finding::fail(found, meaning, remedy)
}

/// Asks as a browser does before a page's call.
async fn cors(facts: &Facts, tools: &Tools) -> Finding {
    let origins: Vec<_> = facts.allowed_origins.iter().filter(|o| !o.is_empty()).collect();
    if origins.is_empty() {
        let how = "For a web app, deploy with AllowedOrigins.";
        return Finding::skip("AllowedOrigins is empty: no web page may call the API", how);
    }
    let url = format!("{}/v1/token", facts.api);
    for origin in &origins {
        let request = tools
            .http
            .request(Method::OPTIONS, &url)
            .header("origin", origin.as_str())
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type")
            .timeout(CALL_TIMEOUT);
        let allowed = match request.send().await {
            Ok(response) => {
                let allowed = response.headers().get("access-control-allow-origin").cloned();
                allowed.and_then(|allowed| allowed.to_str().map(str::to_owned).ok())
            }
            Err(error) => {
                let found = format!("{url}: {}", reason(&error));
                return Finding::fail(found, "No app reaches the API.", "Check the API's address.");
            }
        };
        if allowed.as_ref() != Some(*origin) {
            return Finding::fail(
                format!("pages of {origin} may not call the API"),
                "Browsers refuse the app's calls.",
                format!("Deploy the stack with AllowedOrigins={origin}"),
            );
        }
    }
    let origins: Vec<_> = origins.iter().map(|origin| origin.as_str()).collect();
    Finding::ok(format!("pages of {} may call the API", origins.join(", ")))
}

/// Asks a local stack whether its table and its ACS respond.
async fn health(facts: &Facts, tools: &Tools) -> Finding {
    let url = format!("{}/health", facts.api);
    match super::facts::json(&tools.http, &url).await {
        Ok(_) => Finding::ok("table and ACS respond to the local stack"),
        Err(why) => Finding::fail(
            format!("{url}: {why}"),
            "A part of the local stack does not work.",
            "Read its log, then start it again: make run",
        ),
    }
}
