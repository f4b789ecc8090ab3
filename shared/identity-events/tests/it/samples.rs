//! Every sample, and the result it must have.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use acs_broker_core::Operation::{self, Delete, Suspend, Unsuspend};
use acs_broker_identity_events::{OktaSubject, Parsed, Provider, kinds};
use jiff::Timestamp;
use serde_json::Value;

use crate::{NOW, parse, sample, samples, sources, user};

/// The result of parsing a sample.
#[derive(Clone, Copy, Debug)]
enum Expected {
    Event(Operation),
    Skipped(&'static str),
    Fails(&'static str),
}

use Expected::{Event, Fails, Skipped};

const EXPECTED: &[(&str, Expected)] = &[
    ("auth0-blocked-after-failed-sign-ins", Skipped("lockout")),
    ("auth0-email-changed", Skipped("irrelevant")),
    ("auth0-failed-change-password", Skipped("failed")),
    ("auth0-failed-user-deletion", Skipped("failed")),
    ("auth0-password-change-requested", Skipped("request_only")),
    ("auth0-password-changed", Event(Operation::REVOKE)),
    ("auth0-password-changed-by-a-machine", Event(Operation::REVOKE)),
    ("auth0-password-changed-other-detail-type", Event(Operation::REVOKE)),
    ("auth0-password-changed-without-user", Fails("event_without_user")),
    ("auth0-signed-in", Skipped("irrelevant")),
    ("auth0-stream-profile-updated", Skipped("irrelevant")),
    ("auth0-stream-profile-updated-untold-blocked", Skipped("irrelevant")),
    ("auth0-stream-test-user-deleted", Skipped("test")),
    ("auth0-stream-user-blocked", Event(Suspend)),
    ("auth0-stream-user-created", Skipped("irrelevant")),
    ("auth0-stream-user-deleted", Event(Delete)),
    ("auth0-stream-user-deleted-without-user", Fails("event_without_user")),
    ("auth0-stream-user-unblocked", Event(Unsuspend)),
    ("auth0-stream-user-unblocked-untold-before", Event(Unsuspend)),
    ("auth0-universal-logout", Fails("unknown_kind")),
    ("auth0-user-deleted", Event(Delete)),
    ("cognito-admin-delete-user", Event(Delete)),
    ("cognito-admin-disable-user", Event(Suspend)),
    ("cognito-admin-enable-user", Event(Unsuspend)),
    ("cognito-admin-reset-user-password", Event(Operation::REVOKE)),
    ("cognito-admin-set-user-password", Event(Operation::REVOKE)),
    ("cognito-admin-user-global-sign-out", Event(Operation::REVOKE)),
    ("cognito-change-password", Event(Operation::REVOKE)),
    ("cognito-change-password-other-detail-type", Event(Operation::REVOKE)),
    ("cognito-change-password-without-user", Fails("event_without_user")),
    ("cognito-confirm-forgot-password", Event(Operation::REVOKE)),
    ("cognito-delete-user", Event(Delete)),
    ("cognito-delete-user-pool", Fails("unknown_kind")),
    ("cognito-failed-change-password", Skipped("failed")),
    ("cognito-forgot-password-requested", Skipped("request_only")),
    ("cognito-from-the-future-change-password", Fails("event_timestamp_in_future")),
    ("cognito-global-sign-out", Event(Operation::REVOKE)),
    ("cognito-hosted-confirm-forgot-password", Event(Operation::REVOKE)),
    ("cognito-hosted-failed-reset-password", Skipped("failed")),
    ("cognito-hosted-forgot-password-requested", Skipped("request_only")),
    ("cognito-hosted-logout", Skipped("one_session")),
    ("cognito-hosted-reset-password", Event(Operation::REVOKE)),
    ("cognito-hosted-reset-password-without-user", Fails("event_without_user")),
    ("cognito-managed-login-forgot-password", Event(Operation::REVOKE)),
    ("cognito-other-account-change-password", Skipped("other_pool")),
    ("cognito-other-pool-admin-set-user-password", Skipped("other_pool")),
    ("cognito-own-role-admin-user-global-sign-out", Skipped("self_initiated")),
    ("cognito-revoke-token", Skipped("one_session")),
    ("cognito-sign-up", Skipped("irrelevant")),
    ("generic-from-the-future", Fails("event_timestamp_in_future")),
    ("generic-further-member", Fails("event_malformed")),
    ("generic-misspelt-kind", Fails("event_malformed")),
    ("generic-password-changed", Event(Operation::REVOKE)),
    ("generic-sessions-revoked", Event(Operation::REVOKE)),
    ("generic-subject-missing", Fails("event_malformed")),
    ("generic-user-deleted", Event(Delete)),
    ("generic-user-suspended", Event(Suspend)),
    ("generic-user-unsuspended", Event(Unsuspend)),
    ("okta-account-lock", Skipped("lockout")),
    ("okta-account-unlock", Skipped("lockout")),
    ("okta-activate", Event(Unsuspend)),
    ("okta-deactivate", Event(Suspend)),
    ("okta-delete-initiated", Event(Delete)),
    ("okta-expire-password", Event(Operation::REVOKE)),
    ("okta-failed-update-password", Skipped("failed")),
    ("okta-password-mass-expiry", Fails("unknown_kind")),
    ("okta-reactivate", Event(Unsuspend)),
    ("okta-reset-password", Event(Operation::REVOKE)),
    ("okta-reset-password-of-two-users", Fails("event_without_user")),
    ("okta-reset-password-without-user", Fails("event_without_user")),
    ("okta-session-clear", Event(Operation::REVOKE)),
    ("okta-session-end", Skipped("one_session")),
    ("okta-session-start", Skipped("irrelevant")),
    ("okta-suspend", Event(Suspend)),
    ("okta-universal-logout", Event(Operation::REVOKE)),
    ("okta-unsuspend", Event(Unsuspend)),
    ("okta-update-password", Event(Operation::REVOKE)),
    ("okta-update-password-other-detail-type", Event(Operation::REVOKE)),
    ("unknown-source", Fails("unknown_source")),
];

/// The user of the samples, as each provider names them.
fn alice(provider: Provider) -> &'static str {
    match provider {
        Provider::Cognito => "a11ce000-0000-4000-8000-000000000001",
        Provider::Auth0 => "auth0|a11ce0000000000000000001",
        Provider::Okta => "00ua11ce0000000001",
        Provider::Generic => "alice",
    }
}

/// Each sample leads to its operation for its user and to nothing else.
#[test]
fn each_has_its_expected_result() {
    let mut expected: BTreeMap<&str, Expected> = EXPECTED.iter().copied().collect();
    for (name, envelope) in samples() {
        let expected = expected.remove(name.as_str());
        let expected = expected.unwrap_or_else(|| panic!("{name}: no result is expected"));
        match (parse(envelope), expected) {
            (Ok(Parsed::Event(event)), Event(operation)) => {
                assert_eq!(event.operation, operation, "{name}");
                assert_eq!(event.user, user(alice(event.provider)), "{name}");
                assert_eq!(NOW.as_second() - event.occurred_at.as_second(), 2, "{name}");
                assert!(name.starts_with(event.provider.name()), "{name}");
            }
            (Ok(Parsed::Skipped(skipped)), Skipped(reason)) => {
                assert_eq!(skipped.reason.name(), reason, "{name}: {skipped}");
                assert!(name.starts_with(skipped.provider.name()), "{name}");
            }
            (Err(error), Fails(code)) => assert_eq!(error.code(), code, "{name}"),
            (parsed, expected) => panic!("{name}: {expected:?} was expected, not {parsed:?}"),
        }
    }
    assert!(expected.is_empty(), "no sample: {expected:?}");
}

/// Every kind from which an operation follows has a sample and is in `kinds`, once.
#[test]
fn cover_every_listed_kind() {
    let sampled: BTreeSet<(Provider, String, Operation)> = samples()
        .iter()
        .filter_map(|(_, envelope)| match parse(envelope) {
            Ok(Parsed::Event(event)) => Some((event.provider, event.kind, event.operation)),
            _ => None,
        })
        .collect();
    let listed: Vec<_> = kinds().map(|(by, kind, then)| (by, kind.to_owned(), then)).collect();
    assert_eq!(listed.len(), sampled.len(), "a kind is listed twice");
    assert_eq!(BTreeSet::from_iter(listed), sampled);
    assert!(kinds().all(|(_, kind, _)| kind.len() <= 64));
}

/// An event whose source is not configured is an error.
#[test]
fn unconfigured_source_is_an_error() {
    let mut none = sources();
    (none.cognito, none.auth0, none.okta, none.generic) = (None, Vec::new(), None, None);
    for (name, envelope) in samples() {
        let error = acs_broker_identity_events::parse(&none, envelope, NOW).unwrap_err();
        assert_eq!(error.code(), "unknown_source", "{name}");
    }
}

/// A source that only resembles the configured one is an error.
#[test]
fn similar_source_is_an_error() {
    let envelope = sample("generic-user-deleted");
    for source in ["com.example.accounts2", "com.example", "COM.EXAMPLE.ACCOUNTS", ""] {
        let envelope = envelope.replace("com.example.accounts", source);
        assert_eq!(parse(&envelope).unwrap_err().code(), "unknown_source", "{source}");
    }
}

/// An Okta user is named by the member that their tokens carry.
#[test]
fn okta_login_may_name_the_user() {
    let mut sources = sources();
    sources.okta.as_mut().unwrap().subject = OktaSubject::AlternateId;
    let envelope = sample("okta-reset-password");
    match acs_broker_identity_events::parse(&sources, envelope, NOW).unwrap() {
        Parsed::Event(event) => assert_eq!(event.user, user("alice@example.com")),
        parsed @ Parsed::Skipped(_) => panic!("{parsed:?}"),
    }
}

/// A provider whose clock is more than five minutes ahead locks no user out.
#[test]
fn clock_skew_is_five_minutes_at_most() {
    let at = |second: i64| {
        let moment = Timestamp::from_second(second).unwrap().to_string();
        parse(&sample("generic-password-changed").replace("2026-11-20T11:59:58Z", &moment))
    };
    assert!(matches!(at(NOW.as_second() + 300), Ok(Parsed::Event(_))));
    let error = at(NOW.as_second() + 301).unwrap_err();
    assert_eq!(
        error.to_string(),
        "generic PasswordChanged: is more than 5 minutes ahead of our clock"
    );
}

/// An event keeps the id under which its provider can find it.
#[test]
fn keep_the_providers_event_id() {
    for (name, id) in [
        ("cognito-change-password", "c1c1c1c1-"),
        ("generic-password-changed", "e0e0e0e0-"),
        ("auth0-password-changed", "90020261120115958000"),
        ("auth0-stream-user-deleted", "evt_"),
        ("okta-reset-password", "0f0f0f0f-"),
    ] {
        match parse(sample(name)).unwrap() {
            Parsed::Event(event) => assert!(event.id.starts_with(id), "{name}: {}", event.id),
            parsed @ Parsed::Skipped(_) => panic!("{name}: {parsed:?}"),
        }
    }
}

/// The samples hold no real identifiers: AWS's example accounts, documentation addresses (RFC 5737)
/// and example domains (RFC 2606) only.
#[test]
fn use_documentation_identifiers() {
    for (name, text) in samples() {
        for text in texts(&serde_json::from_str(text).unwrap()) {
            if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
                assert!(
                    ["111122223333", "123456789012"].contains(&text.as_str()),
                    "{name}: {text}"
                );
            }
            if let Some((_, domain)) = text.split_once('@') {
                assert_eq!(domain, "example.com", "{name}: {text}");
            }
            if text.parse::<IpAddr>().is_ok() {
                assert!(text.starts_with("192.0.2."), "{name}: {text}");
            }
            if let Some(tenant) = text.strip_prefix("aws.partner/") {
                let made_up = ["auth0.com/acme-00000000-1111-", "okta.com/acme/"];
                assert!(made_up.iter().any(|start| tenant.starts_with(start)), "{name}: {text}");
            }
        }
    }
}

/// Returns every text in a value.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}
