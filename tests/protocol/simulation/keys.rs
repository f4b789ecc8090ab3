//! The access keys of the simulated resource, and how they are regenerated.

use std::sync::Mutex;

use acs_emulator::Emulator;
use bytes::Bytes;
use http::Request;
use identity_client::{AccessKey, ConnectionString, FreshKeys, KeySource};
use serde_json::Value;

use crate::clock::now;

/// The keys as the secret holds them. A process that has older ones fetches them from here.
#[derive(Debug)]
pub(crate) struct Keys(Mutex<[AccessKey; 2]>);

impl Keys {
    /// The keys of a new resource. Where none is regenerated later, the second one is never used.
    pub(crate) fn of(emulator: &Emulator, has_second: bool) -> Self {
        let text = emulator.connection_string("https://acs.example");
        let ConnectionString { access_key, .. } = text.parse().expect("a connection string");
        let second = if has_second { regenerate(emulator, 1) } else { access_key.clone() };
        Self(Mutex::new([access_key, second]))
    }

    /// The keys, the one to begin with first.
    pub(crate) fn now(&self) -> [AccessKey; 2] {
        self.0.lock().expect("keys").clone()
    }

    /// An operator regenerates a key, which kills its tokens, and writes it into the secret.
    pub(crate) fn rotate(&self, emulator: &Emulator, slot: usize) {
        self.0.lock().expect("keys")[slot] = regenerate(emulator, slot);
    }
}

impl KeySource for Keys {
    fn keys(&self) -> FreshKeys<'_> {
        Box::pin(async { Ok(self.now().to_vec()) })
    }
}

fn regenerate(emulator: &Emulator, slot: usize) -> AccessKey {
    let key = ["primary", "secondary"][slot];
    let url = format!("https://acs.example/_emulator/keys/{key}/regenerate");
    let request = Request::post(url).body(Bytes::new()).expect("a request");
    let response = emulator.handle(&request, now()).response;
    let body: Value = serde_json::from_slice(response.body()).expect("JSON");
    body["accessKey"].as_str().expect("a key").parse().expect("a key")
}
