//! Adds a row to the timeline for each request through the gateway.

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::Value;
use tokio::time::Instant;

use crate::console::app::{Console, UserView};
use crate::console::sentences;
use crate::console::sessions::SignedSession;
use crate::console::time::{instant, of_day};
use crate::console::timeline::{Entry, Kind};
use crate::gateway::server::Noted;
use crate::hosting::steps;

/// Bodies that are read: an error's for its code, and a token's. A longer one is none of ours.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// The contract's path of a token.
const TOKEN_PATH: &str = "/v1/token";
/// How much of a path a row shows.
const MAX_PATH_CHARS: usize = 200;

/// Passes a request on, and notes how it ended.
pub(crate) async fn record(
    State(console): State<Arc<Console>>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let session = session(&console, request.headers());
    let (response, collected) = steps::collect(next.run(request)).await;
    let took_ms = steps::milliseconds(started.elapsed());
    let is_token = method == Method::POST && uri.path() == TOKEN_PATH;
    let (response, body) = read_body(response, is_token).await;
    let token = body.as_ref().and_then(|body| body.get("token")).and_then(Value::as_str);
    if let (true, Some(token)) = (response.status().is_success(), token) {
        console.handed_out.note(token, console.now());
    }
    let noted = response.extensions().get::<Noted>();
    let remark = noted.map(|noted| noted.remark.clone()).unwrap_or_default();
    let mut entry = entry(&method, &uri, response.status());
    (entry.took_ms, entry.collected) = (took_ms, collected);
    entry.subject = noted.and_then(|noted| noted.subject.clone());
    let code = body.as_ref().and_then(|body| body.get("code")).and_then(Value::as_str);
    entry.code = code.map(str::to_owned);
    entry.sentence = match code {
        Some(code) => Some(explain(&console, code, &remark, session.as_ref()).await),
        None => Some(sentences::sentence(&remark)).filter(|text| !text.is_empty()),
    };
    entry.remedy = match code {
        Some(code) => sentences::problem(code).map(|(_, remedy)| remedy),
        None => sentences::gateway_remedy(response.status()),
    };
    console.timeline.add(entry, console.now());
    response
}

fn session(console: &Console, headers: &HeaderMap) -> Option<SignedSession> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    console.claims.read(value.strip_prefix("Bearer ").unwrap_or(value))
}

fn entry(method: &Method, uri: &Uri, status: StatusCode) -> Entry {
    let path = uri.path_and_query().map_or(uri.path(), |path| path.as_str());
    let path: String = path.chars().take(MAX_PATH_CHARS).collect();
    let outcome = match status {
        status if status.is_success() => "done",
        status if status.is_client_error() => "refused",
        _ => "failed",
    };
    Entry {
        method: Some(method.to_string()),
        status: Some(status.as_u16()),
        ..Entry {
            path: Some(path.clone()),
            ..Entry::new(Kind::Request, format!("{method} {path}"), outcome)
        }
    }
}

/// Returns the response as it is, with the JSON of its body if it is an error or has a token.
async fn read_body(response: Response, is_token: bool) -> (Response, Option<Value>) {
    if response.status().is_success() && !is_token {
        return (response, None);
    }
    let (head, body) = response.into_parts();
    let body = to_bytes(body, MAX_BODY_BYTES).await.unwrap_or_else(|_| Bytes::new());
    let json = serde_json::from_slice(&body).ok();
    (Response::from_parts(head, Body::from(body)), json)
}

/// Returns the sentence for a problem, with the values that decided where they are known.
async fn explain(
    console: &Console,
    code: &str,
    remark: &str,
    session: Option<&SignedSession>,
) -> String {
    let known = sentences::problem(code).map(|(sentence, _)| sentence);
    let known = known.unwrap_or("The function refused the request.");
    if let (true, Some(session)) = (["sign_in_again", "user_suspended"].contains(&code), session) {
        let user = console.user(None, &session.subject);
        if let Ok(user) = user
            && let Ok(view) = console.view(&user).await
        {
            return explain_session(console, code, session, &view);
        }
    }
    // The remark begins with the code; the rest are the field and the rule, or the cause.
    match remark.split_once(": ") {
        Some((_, rest)) => format!("{known} {}", sentences::sentence(rest)),
        None => known.to_owned(),
    }
}

fn explain_session(
    console: &Console,
    code: &str,
    session: &SignedSession,
    view: &UserView,
) -> String {
    let SignedSession { subject, signed_in, .. } = session;
    let because = console.timeline.cause(subject).map_or_else(String::new, |row| {
        format!(" because of {} (row {})", row.entry.title, row.seq)
    });
    let cutoff = view.snapshot.stored.record.cutoff(view.snapshot.global_cutoff);
    match (code, signed_in.and_then(instant), cutoff.and_then(instant)) {
        ("sign_in_again", Some(began), Some(cutoff)) => format!(
            "The session signed in at {}, and {subject}'s sessions up to {} have ended{because}.",
            of_day(began),
            of_day(cutoff),
        ),
        ("user_suspended", ..) => format!(
            "{subject} is suspended{because}. No session gets a token until that is lifted."
        ),
        _ => sentences::problem(code).map(|(sentence, _)| sentence.to_owned()).unwrap_or_default(),
    }
}
