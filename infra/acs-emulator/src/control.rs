//! The control surface under `/_emulator/`: what a test wants to know and to do. It needs no
//! signature and speaks JSON; members it does not know are errors.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::access_key::{AccessKey, KeySlot};
use crate::answer::Reply;
use crate::change::Change;
use crate::emulator::Inner;
use crate::faults::Fault;
use crate::introspection::Introspection;
use crate::random::Random;
use crate::settings::Settings;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Introspect {
    token: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Advance {
    advance_seconds: u32,
}

/// What came of a control request: a status and, where there is one, a body.
type Outcome = Result<Option<Value>, (StatusCode, String)>;

/// Answers a request for `path`, the part after `/_emulator/`. What it changes has yet to happen.
pub(crate) fn handle(
    inner: &mut Inner,
    settings: &Settings,
    request: &Request<Bytes>,
    path: &str,
    now: Timestamp,
) -> Reply {
    let mut changes = Vec::new();
    let body = request.body();
    let outcome = match (request.method(), path) {
        (&Method::GET, "health") => Ok(Some(json!({ "status": "ok" }))),
        (&Method::GET, "identities") => Ok(Some(json!({ "identities": inner.state.identities() }))),
        (&Method::GET, "counters") => Ok(Some(json!(inner.counters))),
        (&Method::GET, "denials") => Ok(Some(json!({ "denials": inner.denials }))),
        (&Method::GET, "jwks") => Ok(Some(settings.token_key.jwks())),
        (&Method::GET, "faults") => Ok(Some(json!({ "faults": inner.faults.all() }))),
        (&Method::POST, "faults") => add_fault(inner, body),
        (&Method::DELETE, "faults") => {
            inner.faults.clear();
            Ok(None)
        }
        (&Method::POST, "introspect") => introspect(inner, body, now),
        (&Method::POST, "clock") => advance(inner, body, now, &mut changes),
        (&Method::POST, "keys/primary/regenerate") => {
            Ok(Some(regenerate(inner, settings, KeySlot::Primary, &mut changes)))
        }
        (&Method::POST, "keys/secondary/regenerate") => {
            Ok(Some(regenerate(inner, settings, KeySlot::Secondary, &mut changes)))
        }
        (method, _) => Err((StatusCode::NOT_FOUND, format!("no {method} /_emulator/{path}"))),
    };
    let mut reply = Reply::whole(respond(outcome));
    reply.changes = changes;
    reply
}

fn add_fault(inner: &mut Inner, body: &[u8]) -> Outcome {
    let fault: Fault = parse(body)?;
    inner.faults.add(fault).map_err(|rule| (StatusCode::BAD_REQUEST, rule.to_owned()))?;
    Ok(None)
}

fn introspect(inner: &Inner, body: &[u8], now: Timestamp) -> Outcome {
    let Introspect { token } = parse(body)?;
    Ok(Some(match inner.state.introspect(&token, inner.state.clock(now)) {
        Introspection::Active(token) => json!({ "active": true, "token": token }),
        Introspection::Inactive(reason) => json!({ "active": false, "reason": reason }),
    }))
}

fn advance(inner: &Inner, body: &[u8], now: Timestamp, changes: &mut Vec<Change>) -> Outcome {
    let Advance { advance_seconds } = parse(body)?;
    let Some(now) = inner.state.clock_after(advance_seconds, now) else {
        let rule = "advanceSeconds: no timestamp lies that far ahead";
        return Err((StatusCode::BAD_REQUEST, rule.to_owned()));
    };
    changes.push(Change::ClockAdvanced { seconds: advance_seconds });
    Ok(Some(json!({ "now": now })))
}

fn regenerate(
    inner: &Inner,
    settings: &Settings,
    slot: KeySlot,
    changes: &mut Vec<Change>,
) -> Value {
    let bytes = Random::new(settings.seed).bytes("access key", inner.state.sequence());
    let key = AccessKey::from_bytes(&bytes);
    let answer = json!({ "key": slot, "accessKey": key.secret() });
    changes.push(Change::KeyRegenerated { slot, key });
    answer
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, (StatusCode, String)> {
    serde_json::from_slice(body).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))
}

fn respond(outcome: Outcome) -> Response<Bytes> {
    let (status, body) = match outcome {
        Ok(Some(body)) => (StatusCode::OK, body),
        Ok(None) => {
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = StatusCode::NO_CONTENT;
            return response;
        }
        Err((status, error)) => (status, json!({ "error": error })),
    };
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(http::header::CONTENT_TYPE, json);
    response
}
