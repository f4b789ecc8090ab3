use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use identity_client::{Deadline, Timestamp};
use lambda_http::http::{HeaderValue, Response, StatusCode, header};
use lambda_http::request::RequestContext;
use lambda_http::{Context, Request, RequestExt};
use serde::Serialize;
use serde_json::json;
use token_broker::{Call, Happening, Observer, WorkError};
use user_table::Work;

use crate::app::App;
use crate::caller::Caller;
use crate::log::{LogEntry, chain, user_hash};
use crate::problem::{Code, Problem};

/// One request from its arrival to its answer.
#[derive(Debug)]
pub struct Exchange<'a> {
    app: &'a App,
    request_id: String,
    deadline: Deadline,
    entry: Mutex<LogEntry>,
}

/// An answer that is no error.
#[derive(Debug)]
pub enum Reply {
    /// 200 with this JSON.
    Json(String),
    /// 204.
    Done,
}

/// No client waits longer than this for an answer.
const LONGEST_EXCHANGE: Duration = Duration::from_secs(10);
/// What an invocation keeps to write its answer and its log line.
const KEPT_FOR_ANSWER: Duration = Duration::from_millis(300);
/// Lambda's own limit. A deadline further off, or past, is none: cargo-lambda's emulator sends a
/// constant.
const LONGEST_INVOCATION: Duration = Duration::from_mins(15);

impl<'a> Exchange<'a> {
    /// Opens the exchange for an operation, named as in `openapi.yaml`.
    pub fn begin(app: &'a App, operation: &'static str, request: &Request) -> Self {
        let request_id = match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
            _ => None,
        };
        let context = request.lambda_context_ref();
        let request_id = request_id
            .or_else(|| context.map(|context| context.request_id.clone()))
            .unwrap_or_default();
        let budget = context.and_then(|context| time_left(context, (app.clock)()));
        let budget = budget.map_or(LONGEST_EXCHANGE, |left| left.min(LONGEST_EXCHANGE));
        Self::open(app, operation, request_id, budget)
    }

    /// Opens the exchange for an invocation that no client waits for, with all the time it has.
    pub fn begin_scheduled(app: &'a App, operation: &'static str, context: &Context) -> Self {
        let left = time_left(context, (app.clock)());
        let budget = left.unwrap_or(LONGEST_EXCHANGE * 3);
        Self::open(app, operation, context.request_id.clone(), budget)
    }

    fn open(app: &'a App, operation: &'static str, request_id: String, budget: Duration) -> Self {
        let deadline = Deadline::new((app.clock)(), budget);
        let mut entry = LogEntry::new(operation);
        entry.set("requestId", request_id.as_str());
        entry.set("coldStart", app.is_cold());
        Self { app, request_id, deadline, entry: Mutex::new(entry) }
    }

    /// The call for the broker.
    pub fn call(&self) -> Call<'_> {
        Call::new(self.deadline, self)
    }

    /// The wall clock's time at this moment.
    pub fn now(&self) -> Timestamp {
        self.deadline.now()
    }

    /// Who sends the request.
    ///
    /// # Errors
    /// The verified claims name nobody, or no time of sign-in.
    pub fn caller(&self, request: &Request) -> Result<Caller, Problem> {
        let caller = Caller::of(request, self.app.sign_in_claim, &self.app.operator_scope)?;
        let mut entry = self.entry();
        entry.set("user", user_hash(&self.app.user_hash_key, &caller.session.user));
        entry.set("signInClaim", caller.sign_in_claim);
        Ok(caller)
    }

    /// Counts something for the metrics.
    pub fn count(&self, metric: &'static str) {
        self.entry().count(metric);
    }

    /// Logs the exchange and gives the answer its shape.
    pub fn end(self, outcome: Result<Reply, Problem>) -> Response<String> {
        let response = match &outcome {
            Ok(Reply::Json(json)) => answer(StatusCode::OK, Some("application/json"), json.clone()),
            Ok(Reply::Done) => answer(StatusCode::NO_CONTENT, None, String::new()),
            Err(problem) => problem_answer(problem, &self.request_id),
        };
        let mut entry = self.entry.into_inner().unwrap_or_else(PoisonError::into_inner);
        entry.set("status", response.status().as_u16());
        if let Err(problem) = outcome {
            entry.problem(&problem);
        }
        write(self.app, &mut entry, &self.deadline);
        response
    }

    /// Logs a scheduled invocation with its report.
    pub fn end_scheduled<T: Serialize>(self, outcome: Result<&T, &Problem>) {
        let mut entry = self.entry.into_inner().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(report) => entry.set("report", json!(report)),
            Err(problem) => entry.problem(problem),
        }
        write(self.app, &mut entry, &self.deadline);
    }

    fn entry(&self) -> MutexGuard<'_, LogEntry> {
        self.entry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Exchange<'_> {
    fn saw(&self, happening: Happening) {
        let mut entry = self.entry();
        if let Happening::IdentityLost(identity) = &happening {
            entry.set("lostIdentity", identity.as_ref());
            entry.raise("delete the identity `lostIdentity` at ACS: nobody else knows it");
        }
        entry.count(match happening {
            Happening::IdentityCreated => "IdentityCreated",
            Happening::IdentityReplaced => "IdentityReplaced",
            Happening::IdentityDiscarded => "IdentityDiscarded",
            Happening::OrphanJournaled => "OrphanJournaled",
            Happening::IdentityPossiblyLost => "IdentityPossiblyLost",
            Happening::IdentityLost(_) => "IdentityLost",
            Happening::TokenDropped => "TokenDropped",
            Happening::WaitedForLease => "WaitedForLease",
        });
    }

    fn postponed(&self, work: Work, why: &WorkError) {
        let mut entry = self.entry();
        entry.count("WorkPostponed");
        entry.push("postponed", format!("{work:?}: {}", chain(why)));
    }
}

fn write(app: &App, entry: &mut LogEntry, deadline: &Deadline) {
    (app.log)(&entry.line(&app.metrics_namespace, deadline));
}

fn time_left(context: &Context, now: Timestamp) -> Option<Duration> {
    let end = i64::try_from(context.deadline).ok()?;
    let left = end.checked_sub(now.as_millisecond())?;
    let left = Duration::from_millis(u64::try_from(left).ok()?);
    (left <= LONGEST_INVOCATION).then(|| left.saturating_sub(KEPT_FOR_ANSWER))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProblemBody<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    code: Code,
    request_id: &'a str,
}

/// RFC 9457.
fn problem_answer(problem: &Problem, request_id: &str) -> Response<String> {
    let code = problem.code;
    let body = ProblemBody {
        r#type: "about:blank",
        title: code.title(),
        status: code.status().as_u16(),
        detail: problem.detail.as_deref(),
        code,
        request_id,
    };
    let body = serde_json::to_string(&body).unwrap_or_default();
    let mut response = answer(code.status(), Some("application/problem+json"), body);
    let headers = response.headers_mut();
    let challenge = match code {
        // RFC 9470, section 3: only a sign-in from now on will do.
        Code::SignInAgain => Some(
            "Bearer error=\"insufficient_user_authentication\", \
             error_description=\"The user's tokens were revoked; sign in again\", max_age=\"0\"",
        ),
        // RFC 6750, section 3.1.
        Code::InvalidClaims => Some("Bearer error=\"invalid_token\""),
        _ => None,
    };
    if let Some(challenge) = challenge {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    if let Some(wait) = problem.retry_after {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
    response
}

/// Every answer, errors included: not to be stored, not to be sniffed, https only.
fn answer(
    status: StatusCode,
    content_type: Option<&'static str>,
    body: String,
) -> Response<String> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if let Some(content_type) = content_type {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        header::STRICT_TRANSPORT_SECURITY,
        HeaderValue::from_static("max-age=63072000; includeSubDomains"),
    );
    response
}
