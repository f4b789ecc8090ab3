//! Texts: settings, the connection string, the scope policy, the keys of rows.

use std::collections::{BTreeMap, HashMap};

use acs_broker_config::Settings;
use acs_broker_core::{RecordKey, RequestedGrant, ScopePolicy};
use identity_client::{ConnectionString, Lifetime};

use crate::CANARY;

/// The settings whose values no error repeats.
const SECRETS: [&str; 4] = [
    "ACS_CONNECTION_STRING",
    "ACS_SECONDARY_CONNECTION_STRING",
    "USER_HASH_KEY",
    "AWS_SECRET_ACCESS_KEY",
];

/// A connection string that is accepted is `https`, and neither it nor an error shows the key.
pub(crate) fn connection_string(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let text = text.replace("KEY", CANARY);
    match text.parse::<ConnectionString>() {
        Ok(parsed) => {
            assert!(parsed.endpoint.to_string().starts_with("https://"), "{}", parsed.endpoint);
            let shown = format!("{parsed:?}");
            assert!(!shown.contains(CANARY), "{shown}");
        }
        Err(error) => {
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains(CANARY), "{shown}");
        }
    }
}

/// A policy that is accepted grants every user at least one scope, for 1 to 24 hours.
pub(crate) fn scope_policy(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let Ok(policy) = text.parse::<ScopePolicy>() else { return };
    for groups in ["", "agents", r#"["agents","ops"]"#] {
        let claims = BTreeMap::from([("groups".to_owned(), groups.to_owned())]);
        let grant = policy.grant(&claims, &RequestedGrant::default()).expect("what it grants");
        assert!(!grant.scopes.is_empty());
        assert!((Lifetime::MIN..=Lifetime::MAX).contains(&grant.lifetime));
    }
}

/// The key of a row is written as it was read.
pub(crate) fn record_key(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(key) = text.parse::<RecordKey>() {
        assert_eq!(key.to_text(), text);
        assert!(!format!("{key:?}").contains(text), "a user is shown");
    }
}

/// Settings, a line each, are accepted or refused in a sentence that names one of them and repeats
/// no secret.
pub(crate) fn settings(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let text = text.replace("KEY", CANARY);
    let values: HashMap<_, _> = text.lines().filter_map(|line| line.split_once('=')).collect();
    let is_public = |name: &str| !SECRETS.contains(&name);
    if values.iter().any(|(name, value)| is_public(name) && value.contains(CANARY)) {
        return;
    }
    let lookup = |name: &str| values.get(name).map(|value| (*value).to_owned());
    if let Err(error) = Settings::read(&lookup) {
        let shown = format!("{error} {error:?}");
        let sentence = error.to_string();
        let first = sentence.strip_prefix("settings: ").and_then(|rest| rest.split(' ').next());
        let is_name = |name: &str| {
            name.len() > 3 && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        };
        assert!(first.is_some_and(is_name), "no setting is named: {shown}");
        assert!(!shown.contains(CANARY), "{shown}");
    }
}
