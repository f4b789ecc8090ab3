//! The parser against the samples of `infra/aws/events/identity`.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise"
)]

mod batches;
mod robustness;
mod rules;
mod samples;
mod schema;
mod variants;

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use acs_broker_core::RecordKey;
use acs_broker_identity_events::{Cognito, EventError, Okta, OktaSubject, Parsed, Sources};
use jiff::Timestamp;
use serde_json::Value;

/// The tests' present: 2026-11-20T12:00:00Z, two seconds after the samples' events.
const NOW: Timestamp = Timestamp::constant(1_795_176_000, 0);

const ISSUER: &str = "https://idp.example.com";

fn sources() -> Sources {
    Sources {
        issuer: ISSUER.parse().unwrap(),
        cognito: Some(Cognito {
            user_pool: "eu-west-1_EXAMPLE".to_owned(),
            account: "111122223333".to_owned(),
            ignored_roles: vec!["arn:aws:iam::111122223333:role/sign-out-everywhere".to_owned()],
        }),
        auth0: ["auth0.logs", "auth0.events"]
            .map(|stream| {
                format!("aws.partner/auth0.com/acme-00000000-1111-4222-8333-444455556666/{stream}")
            })
            .to_vec(),
        okta: Some(Okta {
            source: "aws.partner/okta.com/acme/prod".to_owned(),
            subject: OktaSubject::Id,
        }),
        generic: Some("com.example.accounts".to_owned()),
    }
}

fn parse(envelope: &str) -> Result<Parsed, EventError> {
    static SOURCES: LazyLock<Sources> = LazyLock::new(sources);
    acs_broker_identity_events::parse(&SOURCES, envelope, NOW)
}

fn user(subject: &str) -> RecordKey {
    RecordKey::user(ISSUER.parse().unwrap(), subject.parse().unwrap())
}

fn aws() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../infra/aws")
}

/// Returns every sample: the file's name without `.json`, and its text.
fn samples() -> &'static [(String, String)] {
    static SAMPLES: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
        let files = fs::read_dir(aws().join("events/identity")).unwrap();
        let mut samples: Vec<_> = files
            .map(|file| {
                let path = file.unwrap().path();
                let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
                (name, fs::read_to_string(path).unwrap())
            })
            .collect();
        samples.sort();
        samples
    });
    &SAMPLES
}

fn sample(name: &str) -> &'static str {
    let found = samples().iter().find(|(known, _)| known == name);
    &found.unwrap_or_else(|| panic!("no sample {name}")).1
}

/// Returns the sample of this name as JSON.
fn event(name: &str) -> Value {
    serde_json::from_str(sample(name)).unwrap()
}

/// Returns an event without the part at the pointer.
fn without(event: &Value, pointer: &str) -> Value {
    let mut event = event.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match event.pointer_mut(parent).unwrap() {
        Value::Object(members) => drop(members.remove(name)),
        Value::Array(items) => drop(items.remove(name.parse().unwrap())),
        _ => panic!("{pointer}"),
    }
    event
}

/// Returns an event with another value at the pointer; the last member may be new.
fn with(event: &Value, pointer: &str, value: Value) -> Value {
    let mut event = event.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match event.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        parent => parent[name] = value,
    }
    event
}
