use std::collections::{BTreeMap, BTreeSet};

use acs_broker_identity_events::Action::{self, Delete, Revoke, Suspend, Unsuspend};
use acs_broker_identity_events::{OktaSubject, Provider, Reading, kinds};
use jiff::Timestamp;

use crate::{NOW, read, sample, samples, sources, user};

/// What a sample comes to.
#[derive(Clone, Copy, Debug)]
enum Expected {
    Does(Action),
    IsIgnored(&'static str),
    IsUnusable(&'static str),
}

use Expected::{Does, IsIgnored, IsUnusable};

const EXPECTED: &[(&str, Expected)] = &[
    ("auth0-blocked-after-failed-sign-ins", IsIgnored("lockout")),
    ("auth0-email-changed", IsIgnored("no_credential")),
    ("auth0-failed-change-password", IsIgnored("failed")),
    ("auth0-failed-user-deletion", IsIgnored("failed")),
    ("auth0-password-change-requested", IsIgnored("only_asked")),
    ("auth0-password-changed", Does(Revoke)),
    ("auth0-password-changed-by-a-machine", Does(Revoke)),
    ("auth0-password-changed-without-user", IsUnusable("event_without_user")),
    ("auth0-signed-in", IsIgnored("unknown_kind")),
    ("auth0-stream-profile-updated", IsIgnored("no_credential")),
    ("auth0-stream-profile-updated-untold-blocked", IsIgnored("no_credential")),
    ("auth0-stream-test-user-deleted", IsIgnored("test")),
    ("auth0-stream-user-blocked", Does(Suspend)),
    ("auth0-stream-user-created", IsIgnored("unknown_kind")),
    ("auth0-stream-user-deleted", Does(Delete)),
    ("auth0-stream-user-deleted-without-user", IsUnusable("event_without_user")),
    ("auth0-stream-user-unblocked", Does(Unsuspend)),
    ("auth0-stream-user-unblocked-untold-before", Does(Unsuspend)),
    ("auth0-user-deleted", Does(Delete)),
    ("cognito-admin-delete-user", Does(Delete)),
    ("cognito-admin-disable-user", Does(Suspend)),
    ("cognito-admin-enable-user", Does(Unsuspend)),
    ("cognito-admin-reset-user-password", Does(Revoke)),
    ("cognito-admin-set-user-password", Does(Revoke)),
    ("cognito-admin-user-global-sign-out", Does(Revoke)),
    ("cognito-change-password", Does(Revoke)),
    ("cognito-change-password-without-user", IsUnusable("event_without_user")),
    ("cognito-confirm-forgot-password", Does(Revoke)),
    ("cognito-delete-user", Does(Delete)),
    ("cognito-failed-change-password", IsIgnored("failed")),
    ("cognito-forgot-password-requested", IsIgnored("only_asked")),
    ("cognito-from-the-future-change-password", IsUnusable("event_from_the_future")),
    ("cognito-global-sign-out", Does(Revoke)),
    ("cognito-hosted-confirm-forgot-password", Does(Revoke)),
    ("cognito-hosted-failed-reset-password", IsIgnored("failed")),
    ("cognito-hosted-forgot-password-requested", IsIgnored("only_asked")),
    ("cognito-hosted-logout", IsIgnored("one_session")),
    ("cognito-hosted-reset-password", Does(Revoke)),
    ("cognito-hosted-reset-password-without-user", IsUnusable("event_without_user")),
    ("cognito-managed-login-forgot-password", Does(Revoke)),
    ("cognito-other-account-change-password", IsIgnored("other_pool")),
    ("cognito-other-pool-admin-set-user-password", IsIgnored("other_pool")),
    ("cognito-own-role-admin-user-global-sign-out", IsIgnored("own_role")),
    ("cognito-revoke-token", IsIgnored("one_session")),
    ("cognito-sign-up", IsIgnored("unknown_kind")),
    ("generic-from-the-future", IsUnusable("event_from_the_future")),
    ("generic-further-member", IsUnusable("not_an_event")),
    ("generic-misspelt-kind", IsUnusable("not_an_event")),
    ("generic-password-changed", Does(Revoke)),
    ("generic-sessions-revoked", Does(Revoke)),
    ("generic-subject-missing", IsUnusable("not_an_event")),
    ("generic-user-deleted", Does(Delete)),
    ("generic-user-suspended", Does(Suspend)),
    ("generic-user-unsuspended", Does(Unsuspend)),
    ("okta-account-lock", IsIgnored("lockout")),
    ("okta-account-unlock", IsIgnored("lockout")),
    ("okta-activate", Does(Unsuspend)),
    ("okta-deactivate", Does(Suspend)),
    ("okta-delete-initiated", Does(Delete)),
    ("okta-expire-password", Does(Revoke)),
    ("okta-failed-update-password", IsIgnored("failed")),
    ("okta-reactivate", Does(Unsuspend)),
    ("okta-reset-password", Does(Revoke)),
    ("okta-reset-password-of-two-users", IsUnusable("event_without_user")),
    ("okta-reset-password-without-user", IsUnusable("event_without_user")),
    ("okta-session-clear", Does(Revoke)),
    ("okta-session-end", IsIgnored("one_session")),
    ("okta-session-start", IsIgnored("unknown_kind")),
    ("okta-suspend", Does(Suspend)),
    ("okta-universal-logout", Does(Revoke)),
    ("okta-unsuspend", Does(Unsuspend)),
    ("okta-update-password", Does(Revoke)),
    ("unknown-source", IsUnusable("unknown_source")),
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

#[test]
fn each_sample_does_to_its_user_what_it_should_and_nothing_else() {
    let mut expected: BTreeMap<&str, Expected> = EXPECTED.iter().copied().collect();
    for (name, envelope) in samples() {
        let expected = expected.remove(name.as_str());
        let expected = expected.unwrap_or_else(|| panic!("{name}: nothing is expected of it"));
        match (read(envelope), expected) {
            (Ok(Reading::Change(event)), Does(action)) => {
                assert_eq!(event.action, action, "{name}");
                assert_eq!(event.user, user(alice(event.provider)), "{name}");
                assert_eq!(NOW.as_second() - event.occurred_at.as_second(), 2, "{name}");
                assert!(name.starts_with(event.provider.name()), "{name}");
            }
            (Ok(Reading::Ignored(ignored)), IsIgnored(reason)) => {
                assert_eq!(ignored.reason.name(), reason, "{name}: {ignored}");
                assert!(name.starts_with(ignored.provider.name()), "{name}");
            }
            (Err(unusable), IsUnusable(code)) => assert_eq!(unusable.code(), code, "{name}"),
            (reading, expected) => panic!("{name}: {expected:?} was expected, not {reading:?}"),
        }
    }
    assert!(expected.is_empty(), "no sample: {expected:?}");
}

#[test]
fn every_kind_that_asks_for_something_has_a_sample_and_is_listed() {
    let said: BTreeSet<(Provider, String, Action)> = samples()
        .iter()
        .filter_map(|(_, envelope)| match read(envelope) {
            Ok(Reading::Change(event)) => Some((event.provider, event.kind, event.action)),
            _ => None,
        })
        .collect();
    let listed: Vec<_> = kinds().map(|(by, kind, then)| (by, kind.to_owned(), then)).collect();
    assert_eq!(listed.len(), said.len(), "a kind is listed twice");
    assert_eq!(BTreeSet::from_iter(listed), said);
    assert!(kinds().all(|(_, kind, _)| kind.len() <= 64));
}

#[test]
fn a_source_that_was_not_configured_is_not_believed() {
    let mut nobody = sources();
    (nobody.cognito, nobody.auth0, nobody.okta, nobody.generic) = (None, Vec::new(), None, None);
    for (name, envelope) in samples() {
        let unusable = acs_broker_identity_events::read(&nobody, envelope, NOW).unwrap_err();
        assert_eq!(unusable.code(), "unknown_source", "{name}");
    }
}

#[test]
fn a_source_that_only_resembles_the_configured_one_is_not_believed() {
    let envelope = sample("generic-user-deleted");
    for source in ["com.example.accounts2", "com.example", "COM.EXAMPLE.ACCOUNTS", ""] {
        let envelope = envelope.replace("com.example.accounts", source);
        assert_eq!(read(&envelope).unwrap_err().code(), "unknown_source", "{source}");
    }
}

#[test]
fn an_okta_user_is_named_by_the_member_that_their_tokens_carry() {
    let mut sources = sources();
    sources.okta.as_mut().unwrap().subject = OktaSubject::AlternateId;
    let envelope = sample("okta-reset-password");
    match acs_broker_identity_events::read(&sources, envelope, NOW).unwrap() {
        Reading::Change(event) => assert_eq!(event.user, user("alice@example.com")),
        reading @ Reading::Ignored(_) => panic!("{reading:?}"),
    }
}

#[test]
fn a_provider_whose_clock_is_more_than_five_minutes_ahead_locks_nobody_out() {
    let at = |second: i64| {
        let moment = Timestamp::from_second(second).unwrap().to_string();
        read(&sample("generic-password-changed").replace("2026-11-20T11:59:58Z", &moment))
    };
    assert!(matches!(at(NOW.as_second() + 300), Ok(Reading::Change(_))));
    let unusable = at(NOW.as_second() + 301).unwrap_err();
    assert_eq!(
        unusable.to_string(),
        "generic PasswordChanged: is more than 5 minutes ahead of our clock"
    );
}

#[test]
fn an_event_keeps_the_id_under_which_its_provider_can_find_it() {
    for (name, id) in [
        ("cognito-change-password", "c1c1c1c1-"),
        ("generic-password-changed", "e0e0e0e0-"),
        ("auth0-password-changed", "90020261120115958000"),
        ("auth0-stream-user-deleted", "evt_"),
        ("okta-reset-password", "0f0f0f0f-"),
    ] {
        match read(sample(name)).unwrap() {
            Reading::Change(event) => assert!(event.id.starts_with(id), "{name}: {}", event.id),
            reading @ Reading::Ignored(_) => panic!("{name}: {reading:?}"),
        }
    }
}
