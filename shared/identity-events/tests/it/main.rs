//! What identity providers say, sample by sample.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise"
)]

mod batches;
mod hostile;
mod samples;
mod schema;
mod variants;

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use acs_broker_identity_events::{Cognito, Okta, OktaSubject, Reading, Sources, Unusable};
use acs_broker_store_dynamodb::RecordKey;
use jiff::Timestamp;
use serde_json::Value;

/// When the tests happen: 2026-11-20T12:00:00Z, two seconds after what the samples speak of.
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
                format!("aws.partner/auth0.com/acme-2308531e-1ba0-4824-a5de-5fa1d5928ea4/{stream}")
            })
            .to_vec(),
        okta: Some(Okta {
            source: "aws.partner/okta.com/acme/prod".to_owned(),
            subject: OktaSubject::Id,
        }),
        generic: Some("com.example.accounts".to_owned()),
    }
}

fn read(envelope: &str) -> Result<Reading, Unusable> {
    acs_broker_identity_events::read(&sources(), envelope, NOW)
}

fn user(subject: &str) -> RecordKey {
    RecordKey::user(ISSUER.parse().unwrap(), subject.parse().unwrap())
}

fn aws() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../infra/aws")
}

/// Every sample: the file's name without `.json`, and its text.
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

/// The sample of this name as JSON.
fn event(name: &str) -> Value {
    serde_json::from_str(sample(name)).unwrap()
}

/// An event without what is at the pointer.
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

/// An event with another value at the pointer; the last member may be new.
fn with(event: &Value, pointer: &str, value: Value) -> Value {
    let mut event = event.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match event.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        parent => parent[name] = value,
    }
    event
}
