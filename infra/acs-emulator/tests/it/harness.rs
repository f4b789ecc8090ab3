//! A client that signs its requests, talking to an emulator in process.

use std::cell::Cell;
use std::time::Duration;

use acs_emulator::{AccessKey, Change, Emulator, Introspection, Reply, Settings};
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

/// An answer with its body read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
    pub(crate) changes: Vec<Change>,
}

impl Resource {
    pub(crate) fn new() -> Self {
        Self::with(Settings::simulated(1))
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let now = Cell::new("2026-11-23T00:00:00.25Z".parse().unwrap());
        Self { emulator: Emulator::new(settings.clone()), settings, now }
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.now.set(self.now.get() + time);
    }

    pub(crate) fn send(&self, request: &Request<Bytes>) -> Reply {
        self.emulator.handle(request, self.now.get())
    }

    /// A signed request, answered.
    pub(crate) fn call(&self, method: &str, target: &str, body: &Value) -> Answer {
        self.call_with(&self.settings.access_keys[0], method, target, body)
    }

    pub(crate) fn call_with(
        &self,
        key: &AccessKey,
        method: &str,
        target: &str,
        body: &Value,
    ) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        read(self.send(&signed(key, method, target, &body, "localhost:1", self.now.get())))
    }

    /// A request to the control surface.
    pub(crate) fn control(&self, method: &str, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let uri = format!("/_emulator/{path}");
        read(self.send(&Request::builder().method(method).uri(uri).body(body.into()).unwrap()))
    }

    pub(crate) fn create(&self) -> String {
        let answer = self.call("POST", &format!("/identities?api-version={GA}"), &Value::Null);
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.body["identity"]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn issue(&self, identity: &str) -> String {
        self.issue_with(&self.settings.access_keys[0], identity)
    }

    pub(crate) fn issue_with(&self, key: &AccessKey, identity: &str) -> String {
        let target = format!("/identities/{identity}/:issueAccessToken?api-version={GA}");
        let answer = self.call_with(key, "POST", &target, &json!({ "scopes": ["chat"] }));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["token"].as_str().unwrap().to_owned()
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

/// A request signed as today's SDKs do.
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

pub(crate) fn read(reply: Reply) -> Answer {
    let body = reply.response.body();
    let json = if body.is_empty() { Value::Null } else { serde_json::from_slice(body).unwrap() };
    Answer { status: reply.response.status(), body: json, changes: reply.changes }
}
