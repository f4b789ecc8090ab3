//! The HTTP API in front of the functions.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use acs_broker_config::error_chain;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use http::header::WWW_AUTHENTICATE;
use http::request::Parts;
use http::{HeaderValue, Request, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::clock::Clock;
use crate::dev::provider_faults::{KEY_SET, ProviderEffect};
use crate::faults::Faults;
use crate::gateway::authorization_error::AuthorizationError;
use crate::gateway::authorizer::{Authorized, Authorizer};
use crate::gateway::event::{self, Reception};
use crate::gateway::gateway_faults::GatewayEffect;
use crate::gateway::path::routed_path;
use crate::gateway::request_body;
use crate::gateway::request_headers::{self, MAX_HEAD};
use crate::gateway::request_id::{REQUEST_ID, request_id};
use crate::gateway::response;
use crate::gateway::routes::{Route, Routes};
use crate::hosting::functions::Functions;
use crate::hosting::steps::{self, Part};
use crate::log::Log;
use crate::log::line::RequestLine;
use crate::log::remark;

/// What a request needs.
#[derive(Debug)]
pub(crate) struct Gateway {
    /// The contract's routes.
    pub routes: Routes,
    /// Decides who is let through.
    pub authorizer: Authorizer,
    /// The gateway's own faults.
    pub faults: Arc<Faults<GatewayEffect>>,
    /// The faults of the identity provider, whose keys verify a token.
    pub provider_faults: Arc<Faults<ProviderEffect>>,
    /// The functions behind the routes.
    pub functions: Functions,
    /// The claim that names the user in the log.
    pub subject_claim: String,
    /// Takes a line for each request.
    pub log: Log,
    /// Tells the time.
    pub clock: Clock,
}

/// What the gateway knows about a response beside the response itself.
#[derive(Clone, Debug)]
pub(crate) struct Noted {
    /// The user that a token of this issuer names.
    pub subject: Option<String>,
    /// What happened, or why the request was refused.
    pub remark: String,
}

/// A response, and why it is as it is.
struct Outcome {
    response: Response,
    reason: Reason,
}

/// A request that has a route.
struct Routed<'a> {
    parts: &'a Parts,
    route: &'a Route,
    path: &'a str,
    source: SocketAddr,
    request_id: &'a str,
}

/// Where the reason of a response is found.
enum Reason {
    /// The gateway responded by itself.
    Gateway(String),
    /// A function responded with this body.
    Function(String),
}

/// Returns the gateway's service.
pub(crate) fn router(gateway: Gateway) -> Router {
    Router::new().fallback(call).with_state(Arc::new(gateway))
}

/// A call of the contract, or of nothing.
async fn call(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response {
    let begun = Instant::now();
    let request_id = request_id();
    let awaited = gateway.log.await_function(&request_id);
    let (mut parts, body) = request.into_parts();
    request_headers::name_host(&mut parts);
    let Outcome { mut response, reason } = gateway.respond(&parts, body, source, &request_id).await;
    let status = response.status();
    let remark = match reason {
        Reason::Gateway(reason) => reason,
        Reason::Function(body) => remark::of_response(status, &body, awaited.line().as_ref()),
    };
    let subject = gateway.authorizer.signed_subject(&parts.headers, &gateway.subject_claim);
    gateway.log.request(&RequestLine {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        subject: subject.as_deref(),
        status,
        elapsed: begun.elapsed(),
        remark: &remark,
    });
    response.extensions_mut().insert(Noted { subject, remark });
    if let Ok(request_id) = HeaderValue::try_from(request_id) {
        response.headers_mut().insert(REQUEST_ID, request_id);
    }
    response
}

impl Gateway {
    async fn respond(
        &self,
        parts: &Parts,
        body: Body,
        source: SocketAddr,
        request_id: &str,
    ) -> Outcome {
        let path = match routable(parts) {
            Ok(path) => path,
            Err((status, reason)) => return refusal(status, reason),
        };
        let Some(route) = self.routes.find(&parts.method, &path) else {
            let reason = self.routes.why_none(&parts.method, &path);
            return refusal(StatusCode::NOT_FOUND, reason);
        };
        let request = Routed { parts, route, path: &path, source, request_id };
        let Some(effect) = self.faults.take(&route.function) else {
            return self.pass(request, body).await;
        };
        sleep(effect.delay()).await;
        let Some(status) = effect.status() else { return self.pass(request, body).await };
        if effect.after_effect {
            let _lost = self.pass(request, body).await;
        }
        refusal(status, "a fault of the gateway asks for this".to_owned())
    }

    /// Passes a request on to its function if the authorizer lets it through.
    async fn pass(&self, request: Routed<'_>, body: Body) -> Outcome {
        let Routed { parts, route, path, source, request_id } = request;
        let now = self.clock.now();
        let step = steps::begin(Part::Authorizer, "verify the access token", b"");
        let authorized = match self.authorize(parts, route, now) {
            Ok(authorized) => {
                step.end(true, "passed", json!(authorized.claims).to_string().as_bytes());
                authorized
            }
            Err(denied) => {
                step.end(false, denied.status().as_str(), b"");
                return unauthorized(&denied);
            }
        };
        let body = match request_body::whole(body).await {
            Ok(body) => body,
            Err((status, text)) => {
                let reason = Reason::Gateway(why_no_body(status).to_owned());
                return Outcome { response: message(status, text), reason };
            }
        };
        let reception = Reception {
            path,
            route,
            authorized: &authorized,
            request_id,
            source: source.ip(),
            now,
        };
        let event = event::from_request(parts, &body, &reception);
        let function = &route.function;
        match self.functions.invoke(function, event, request_id, now).await {
            Ok(response) => self.deliver(response, function),
            Err(error) => self.failure(function, &error),
        }
    }

    fn authorize(
        &self,
        parts: &Parts,
        route: &Route,
        now: Timestamp,
    ) -> Result<Authorized, AuthorizationError> {
        if self.provider_faults.take(KEY_SET).is_some() {
            return Err(AuthorizationError::BadToken("the issuer's keys cannot be fetched"));
        }
        self.authorizer.authorize(&parts.headers, &route.scopes, now)
    }

    fn deliver(&self, response: Value, function: &str) -> Outcome {
        let body = response.get("body").and_then(Value::as_str).unwrap_or_default().to_owned();
        match response::into_response(response) {
            Ok(response) => Outcome { response, reason: Reason::Function(body) },
            Err(error) => self.failure(function, &error),
        }
    }

    /// The caller learns nothing, as on AWS; the log has the cause.
    fn failure(&self, function: &str, error: &(dyn Error + 'static)) -> Outcome {
        // The request's line for people has the cause already.
        if !self.log.is_text() {
            tracing::error!(function, error, "the invocation failed");
        }
        let response = message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
        let reason = Reason::Gateway(format!("{function}: {}", error_chain(error)));
        Outcome { response, reason }
    }
}

/// Returns the path by which a request finds its route.
///
/// # Errors
/// How the service refuses a request that it cannot route, and why.
fn routable(parts: &Parts) -> Result<String, (StatusCode, String)> {
    let bad = |reason: &str| (StatusCode::BAD_REQUEST, reason.to_owned());
    let length = request_headers::head_length(parts);
    if length > MAX_HEAD {
        let reason = format!("request line and headers have {length} bytes, more than {MAX_HEAD}");
        return Err((StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, reason));
    }
    if request_headers::names_two_hosts(&parts.headers) {
        return Err(bad("there is more than one Host header"));
    }
    if request_headers::host(&parts.headers).is_none() {
        return Err(bad("the Host header is missing or names no host"));
    }
    routed_path(parts.uri.path()).ok_or_else(|| bad("the path is not UTF-8 in percent-encoding"))
}

/// Returns why a body was refused with this status.
fn why_no_body(status: StatusCode) -> &'static str {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => "the body has more than 10 MB",
        StatusCode::REQUEST_TIMEOUT => "the body was not complete in time",
        _ => "the body broke off",
    }
}

fn unauthorized(denied: &AuthorizationError) -> Outcome {
    let mut outcome = refusal(denied.status(), denied.to_string());
    if let Ok(challenge) = HeaderValue::try_from(denied.challenge()) {
        outcome.response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    outcome
}

fn refusal(status: StatusCode, reason: String) -> Outcome {
    let response = message(status, status.canonical_reason().unwrap_or_default());
    Outcome { response, reason: Reason::Gateway(reason) }
}

/// A response of the gateway itself.
fn message(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({"message": message}))).into_response()
}
