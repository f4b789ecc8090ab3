//! The requests of the control API. They are unsigned and speak JSON, and unknown members are
//! errors.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::control::controls::Controls;
use crate::control::error::ControlError;
use crate::control::faults::Fault;
use crate::service::quotas::Quotas;
use crate::settings::Settings;
use crate::state::access_key::{AccessKey, KeySlot};
use crate::state::clock_offset::ClockOffset;
use crate::state::emulator_state::EmulatorState;
use crate::state::introspection::Introspection;
use crate::state::journal_entry::JournalEntry;
use crate::state::random::Random;

/// The path that every control request begins with.
pub(crate) const PATH_PREFIX: &str = "/_emulator/";

/// The calls, as `GET /_emulator` lists them. The README describes them.
const CALLS: [&str; 20] = [
    "GET health",
    "GET identities",
    "GET identities/{id}/tokens",
    "POST introspect",
    "GET counters",
    "GET denials",
    "GET jwks",
    "GET faults",
    "POST faults",
    "DELETE faults",
    "DELETE faults/{id}",
    "GET quotas",
    "PUT quotas",
    "GET clock",
    "POST clock",
    "GET export",
    "POST import",
    "POST reset",
    "POST keys/primary/regenerate",
    "POST keys/secondary/regenerate",
];

/// The parts of the emulator that a control request reads and sets.
pub(crate) struct ControlContext<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) state: &'a EmulatorState,
    pub(crate) controls: &'a mut Controls,
    pub(crate) quotas: &'a mut Quotas,
    /// The time by the wall clock.
    pub(crate) now: Timestamp,
    /// The changes that the request makes. They apply after the state file has recorded them.
    pub(crate) entries: &'a mut Vec<JournalEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IntrospectRequest {
    token: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ClockRequest {
    advance_seconds: Option<u32>,
    offset_seconds: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuotasRequest {
    enforce: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ImportRequest {
    changes: Vec<JournalEntry>,
}

impl ControlContext<'_> {
    /// Responds to a request for `path`, the part after [`PATH_PREFIX`].
    pub(crate) fn handle(mut self, request: &Request<Bytes>, path: &str) -> Response<Bytes> {
        let body = request.body();
        let result = match (request.method(), path) {
            (&Method::GET, "") => Ok(json!({ "calls": CALLS })),
            (&Method::GET, "health") => Ok(json!({ "status": "ok" })),
            (&Method::GET, "identities") => Ok(json!({ "identities": self.state.identities() })),
            (&Method::GET, "counters") => Ok(json!(self.controls.counters)),
            (&Method::GET, "denials") => {
                Ok(json!({ "denials": self.controls.authentication_errors() }))
            }
            (&Method::GET, "jwks") => Ok(self.settings.token_key.jwks()),
            (&Method::GET, "faults") => Ok(json!({ "faults": self.controls.faults.all() })),
            (&Method::POST, "faults") => self.add_fault(body),
            (&Method::DELETE, "faults") => {
                self.controls.faults.clear();
                Ok(Value::Null)
            }
            (&Method::GET, "quotas") => Ok(self.show_quotas()),
            (&Method::PUT, "quotas") => self.set_quotas(body),
            (&Method::GET, "export") => Ok(json!({ "changes": self.state.changes() })),
            (&Method::POST, "import") => self.import(body),
            (&Method::POST, "reset") => {
                self.forget();
                Ok(Value::Null)
            }
            (&Method::POST, "introspect") => self.introspect(body),
            (&Method::GET, "clock") => Ok(self.show_clock()),
            (&Method::POST, "clock") => self.move_clock(body),
            (&Method::POST, "keys/primary/regenerate") => Ok(self.regenerate(KeySlot::Primary)),
            (&Method::POST, "keys/secondary/regenerate") => Ok(self.regenerate(KeySlot::Secondary)),
            (method, path) => match path.strip_prefix("faults/") {
                Some(id) if method == Method::DELETE => self.remove_fault(id),
                _ => self.tokens(method, path),
            },
        };
        respond(result)
    }

    fn add_fault(&mut self, body: &[u8]) -> Result<Value, ControlError> {
        let fault: Fault = serde_json::from_slice(body)?;
        self.controls.faults.add(fault)?;
        Ok(Value::Null)
    }

    fn remove_fault(&mut self, id: &str) -> Result<Value, ControlError> {
        let is_there = id.parse().is_ok_and(|id| self.controls.faults.remove(id));
        let path = || format!("faults/{id}");
        is_there
            .then_some(Value::Null)
            .ok_or_else(|| ControlError::NotFound { method: Method::DELETE, path: path() })
    }

    fn show_quotas(&self) -> Value {
        let usage = self.quotas.usage(self.state.clock(self.now));
        json!({ "enforce": self.quotas.are_enforced, "per30Seconds": usage })
    }

    fn set_quotas(&mut self, body: &[u8]) -> Result<Value, ControlError> {
        let QuotasRequest { enforce } = serde_json::from_slice(body)?;
        self.quotas.are_enforced = enforce;
        Ok(self.show_quotas())
    }

    /// Forgets everything, faults, counters and denials too.
    fn forget(&mut self) {
        *self.controls = Controls::default();
        *self.quotas = Quotas::new(self.quotas.are_enforced);
        self.entries.push(JournalEntry::Reset);
    }

    fn import(&mut self, body: &[u8]) -> Result<Value, ControlError> {
        let ImportRequest { changes } = serde_json::from_slice(body)?;
        self.entries.push(JournalEntry::Reset);
        self.entries.extend(changes);
        Ok(Value::Null)
    }

    /// Lists the tokens of the identity in the path. Another path leads nowhere.
    fn tokens(&self, method: &Method, path: &str) -> Result<Value, ControlError> {
        let identity = identity_of_tokens(path).filter(|_| method == Method::GET);
        let Some(identity) = identity else {
            return Err(ControlError::NotFound { method: method.clone(), path: path.to_owned() });
        };
        let now = self.state.clock(self.now);
        Ok(json!({ "tokens": self.state.tokens_of(&identity, now) }))
    }

    fn introspect(&self, body: &[u8]) -> Result<Value, ControlError> {
        let IntrospectRequest { token } = serde_json::from_slice(body)?;
        Ok(match self.state.introspect(&token, self.state.clock(self.now)) {
            Introspection::Active(token) => json!({ "active": true, "token": token }),
            Introspection::Inactive(reason) => json!({ "active": false, "reason": reason }),
        })
    }

    fn show_clock(&self) -> Value {
        let offset = self.state.offset();
        json!({ "now": offset.apply(self.now), "offsetSeconds": offset.seconds() })
    }

    fn move_clock(&mut self, body: &[u8]) -> Result<Value, ControlError> {
        let (change, now) = match serde_json::from_slice(body)? {
            ClockRequest { advance_seconds: Some(seconds), offset_seconds: None } => {
                let now = self.state.clock_after(seconds, self.now);
                (JournalEntry::ClockAdvanced { seconds }, now)
            }
            ClockRequest { advance_seconds: None, offset_seconds: Some(offset_seconds) } => {
                let now = ClockOffset::add(self.now, offset_seconds);
                (JournalEntry::ClockSet { offset_seconds }, now)
            }
            _ => return Err(ControlError::ClockMembers),
        };
        let now = now.ok_or(ControlError::ClockRange)?;
        self.entries.push(change);
        Ok(json!({ "now": now }))
    }

    fn regenerate(&mut self, slot: KeySlot) -> Value {
        let random = Random::new(self.settings.seed);
        let key =
            AccessKey::from_bytes(&random.bytes("regenerated access key", self.state.sequence()));
        let response = json!({ "key": slot, "accessKey": key.secret() });
        self.entries.push(JournalEntry::KeyRegenerated { slot, key });
        response
    }
}

/// The identity in `identities/{id}/tokens`, decoded: clients may send its colons as `%3A`.
fn identity_of_tokens(path: &str) -> Option<String> {
    let id = path.strip_prefix("identities/")?.strip_suffix("/tokens")?;
    Some(percent_decode_str(id).decode_utf8().ok()?.into_owned())
}

/// The HTTP response for a result. `null` means that there is nothing to report.
fn respond(result: Result<Value, ControlError>) -> Response<Bytes> {
    let (status, body) = match result {
        Ok(Value::Null) => {
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = StatusCode::NO_CONTENT;
            return response;
        }
        Ok(body) => (StatusCode::OK, body),
        Err(error) => (error.status(), json!({ "error": error.to_string() })),
    };
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
