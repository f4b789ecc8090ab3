//! A client that signs its requests, talking to an emulator in process.

use std::cell::Cell;
use std::time::Duration;

use acs_emulator::{AccessKey, Emulator, EmulatorResponse, Introspection, JournalEntry, Settings};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Request, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub(crate) const GA: &str = "2023-10-01";
pub(crate) const PREVIEW: &str = "2020-07-20-preview2";

/// An emulator, its keys, and a clock.
pub(crate) struct Resource {
    pub(crate) emulator: Emulator,
    pub(crate) settings: Settings,
    pub(crate) now: Cell<Timestamp>,
}

/// A response with its body parsed.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
    pub(crate) entries: Vec<JournalEntry>,
}

impl Resource {
    pub(crate) fn new() -> Self {
        Self::with(Settings::simulated(1))
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let now = Cell::new("2026-11-23T00:00:00.25Z".parse().unwrap());
        Self { emulator: Emulator::new(settings.clone()), settings, now }
    }

    /// Puts the wall clock forward.
    pub(crate) fn pass(&self, time: Duration) {
        self.now.set(self.now.get() + time);
    }

    pub(crate) fn send(&self, request: &Request<Bytes>) -> EmulatorResponse {
        self.emulator.handle(request, self.now.get())
    }

    /// Sends a signed request.
    pub(crate) fn call(&self, method: &str, target: &str, body: &Value) -> Response {
        self.call_with(&self.settings.access_keys[0], method, target, body)
    }

    pub(crate) fn call_with(
        &self,
        key: &AccessKey,
        method: &str,
        target: &str,
        body: &Value,
    ) -> Response {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        read(self.send(&signed(key, method, target, &body, "localhost:1", self.now.get())))
    }

    /// Sends a request to the control API.
    pub(crate) fn control(&self, method: &str, path: &str, body: &Value) -> Response {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let uri = format!("/_emulator/{path}");
        read(self.send(&Request::builder().method(method).uri(uri).body(body.into()).unwrap()))
    }

    pub(crate) fn create(&self) -> String {
        let response = self.call("POST", &format!("/identities?api-version={GA}"), &Value::Null);
        assert_eq!(response.status, 201, "{response:?}");
        response.body["identity"]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn issue(&self, identity: &str) -> String {
        self.issue_with(&self.settings.access_keys[0], identity)
    }

    pub(crate) fn issue_with(&self, key: &AccessKey, identity: &str) -> String {
        let target = format!("/identities/{identity}/:issueAccessToken?api-version={GA}");
        let response = self.call_with(key, "POST", &target, &json!({ "scopes": ["chat"] }));
        assert_eq!(response.status, 200, "{response:?}");
        response.body["token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn revoke(&self, identity: &str) {
        let target = format!("/identities/{identity}/:revokeAccessTokens?api-version={GA}");
        assert_eq!(self.call("POST", &target, &Value::Null).status, 204);
    }

    pub(crate) fn delete(&self, identity: &str) {
        let target = format!("/identities/{identity}?api-version={GA}");
        assert_eq!(self.call("DELETE", &target, &Value::Null).status, 204);
    }

    pub(crate) fn introspect(&self, token: &str) -> Introspection {
        self.emulator.introspect(token, self.now.get())
    }

    pub(crate) fn is_active(&self, token: &str) -> bool {
        self.introspect(token).is_active()
    }
}

/// A request with the signature that today's SDKs make.
pub(crate) fn signed(
    key: &AccessKey,
    method: &str,
    target: &str,
    body: &str,
    host: &str,
    now: Timestamp,
) -> Request<Bytes> {
    let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let hash = STANDARD.encode(Sha256::digest(body));
    let signature = sign(key, &format!("{method}\n{target}\n{date};{host};{hash}"));
    Request::builder()
        .method(method)
        .uri(target)
        .header("host", host)
        .header("x-ms-date", date)
        .header("x-ms-content-sha256", hash)
        .header(
            "authorization",
            format!(
                "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={signature}"
            ),
        )
        .body(Bytes::from(body.to_owned()))
        .unwrap()
}

pub(crate) fn sign(key: &AccessKey, text: &str) -> String {
    let key = STANDARD.decode(key.secret()).unwrap();
    let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap().chain_update(text);
    STANDARD.encode(mac.finalize().into_bytes())
}

pub(crate) fn read(response: EmulatorResponse) -> Response {
    let body = response.response.body();
    let json = if body.is_empty() { Value::Null } else { serde_json::from_slice(body).unwrap() };
    Response { status: response.response.status(), body: json, entries: response.entries }
}
