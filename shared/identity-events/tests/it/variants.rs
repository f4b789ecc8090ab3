//! Samples with one part changed: cases that a provider may send or a stranger may try.

use acs_broker_identity_events::{OktaSubject, Parsed};
use serde_json::{Value, json};

use crate::{NOW, event, parse, sources, user, with};

const BOB: &str = "b0b00000-0000-4000-8000-000000000002";

/// Returns the result for an event: the operation and the user, the skip reason, or the code.
fn result(event: &Value) -> String {
    match parse(&event.to_string()) {
        Ok(Parsed::Event(event)) => {
            let is_bob = event.user == user(BOB);
            format!("{}{}", if is_bob { "Bob: " } else { "" }, event.operation.name())
        }
        Ok(Parsed::Skipped(skipped)) => skipped.reason.name().to_owned(),
        Err(error) => error.code().to_owned(),
    }
}

fn assert_results(cases: &[(&str, &str, Value, &str)]) {
    for (sample, pointer, value, expected) in cases {
        let varied = with(&event(sample), pointer, value.clone());
        assert_eq!(result(&varied), *expected, "{sample} {pointer} {value}");
    }
}

/// A Cognito call counts only if it succeeded in the configured pool.
#[test]
fn cognito_call_must_succeed_in_pool() {
    let (call, admin) = ("cognito-change-password", "cognito-admin-delete-user");
    let page = "cognito-hosted-reset-password";
    let status = "/detail/additionalEventData/responseParameters/status";
    assert_results(&[
        (call, "/detail/errorCode", json!(""), "revoke"),
        (call, "/detail/errorCode", json!(null), "revoke"),
        (call, "/detail/errorCode", json!("NotAuthorizedException"), "failed"),
        (call, "/detail/errorCode", json!(1), "event_malformed"),
        (call, "/detail/readOnly", json!(true), "revoke"),
        (call, "/detail/requestParameters", json!(null), "revoke"),
        (call, "/detail-type", json!("AWS Service Event via CloudTrail"), "revoke"),
        (call, "/detail-type", json!("AWS Console Sign In via CloudTrail"), "revoke"),
        (call, "/detail-type", json!(null), "revoke"),
        (call, "/account", json!("123456789012"), "other_pool"),
        (call, "/detail/recipientAccountId", json!("123456789012"), "other_pool"),
        (call, "/detail/recipientAccountId", json!(null), "revoke"),
        (admin, "/detail/requestParameters/userPoolId", json!("eu-west-1_OTHER"), "other_pool"),
        (admin, "/detail/errorCode", json!("UserNotFoundException"), "failed"),
        (page, "/detail/additionalEventData/userPoolId", json!("eu-west-1_OTHER"), "other_pool"),
        (page, status, json!(302), "revoke"),
        (page, status, json!(200), "revoke"),
        (page, status, json!(400), "failed"),
        (page, status, json!(200.5), "failed"),
        (page, status, json!("200"), "event_malformed"),
        (page, status, json!(null), "event_malformed"),
        (page, "/detail/errorCode", json!("CodeMismatchException"), "failed"),
    ]);
}

/// Cognito's own name for a user comes before the one that was sent.
#[test]
fn cognito_sub_comes_before_sent_name() {
    let own = "/detail/additionalEventData/sub";
    let sent = "/detail/additionalEventData/requestParameters/sub";
    let name = "/detail/requestParameters/username";
    let (page, reset) =
        ("cognito-hosted-confirm-forgot-password", "cognito-admin-reset-user-password");
    assert_results(&[
        (page, own, json!(BOB), "Bob: revoke"),
        (page, own, json!("HIDDEN_FOR_SECURITY_REASONS"), "revoke"),
        (page, own, json!(""), "revoke"),
        (page, own, json!("a\nb"), "event_malformed"),
        (page, sent, json!([BOB]), "Bob: revoke"),
        (page, sent, json!([BOB, BOB]), "event_without_user"),
        (page, sent, json!([]), "event_without_user"),
        (page, sent, json!(["alice"]), "event_without_user"),
        (page, sent, json!([[BOB]]), "event_without_user"),
        (page, sent, json!(BOB), "event_malformed"),
        (reset, name, json!(BOB), "Bob: revoke"),
        (reset, name, json!("bob"), "event_without_user"),
        (reset, name, json!("HIDDEN_DUE_TO_SECURITY_REASONS"), "event_without_user"),
        (reset, name, json!(BOB.replace('b', "x")), "event_without_user"),
        (reset, name, json!(BOB.replace('-', "")), "event_without_user"),
    ]);
}

/// A revocation here does not come back as an event and cause another.
#[test]
fn cognito_ignored_role_is_self_initiated() {
    let (call, own) = (
        "cognito-admin-user-global-sign-out",
        "arn:aws:iam::111122223333:role/sign-out-everywhere",
    );
    let issuer = "/detail/userIdentity/sessionContext/sessionIssuer/arn";
    assert_results(&[
        (call, issuer, json!(own), "self_initiated"),
        (call, issuer, json!(format!("{own}2")), "revoke"),
        (call, "/detail/userIdentity/arn", json!(own), "self_initiated"),
        (call, "/detail/userIdentity", json!({"type": "Unknown"}), "revoke"),
        (call, "/detail/userIdentity", json!(null), "revoke"),
    ]);
}

/// An Auth0 user in `details` is named in full or not at all.
#[test]
fn auth0_user_needs_a_full_id() {
    let machine = "auth0-password-changed-by-a-machine";
    let named = json!({"user_id": "auth0|b0b"});
    assert_results(&[
        (machine, "/detail/data/details", named.clone(), "revoke"),
        (machine, "/detail/data/details", json!({"response": {"body": named}}), "revoke"),
        (machine, "/detail/data/details/body/user_id", json!("b0b"), "event_without_user"),
        (machine, "/detail/data/details/body/user_id", json!(7), "event_malformed"),
        (machine, "/detail/data/details", json!("text"), "event_malformed"),
        (machine, "/detail/data/details", json!(null), "event_without_user"),
        (machine, "/detail/data/user_id", json!("b0b"), "revoke"),
        (machine, "/detail/data/user_id", json!("a".repeat(256)), "event_malformed"),
        (machine, "/detail/data/date", json!(null), "event_malformed"),
    ]);
}

/// An Auth0 profile update neither suspends nor lifts a suspension.
#[test]
fn auth0_profile_update_keeps_suspension() {
    let (blocked, lifted) = ("auth0-stream-user-blocked", "auth0-stream-user-unblocked");
    let (now, before) = ("/detail/data/object/blocked", "/detail/data/previous_object/blocked");
    assert_results(&[
        (blocked, before, json!(true), "suspend"),
        (blocked, now, json!("true"), "event_malformed"),
        (blocked, now, json!(null), "irrelevant"),
        (lifted, before, json!(false), "irrelevant"),
        (lifted, before, json!(null), "irrelevant"),
        (lifted, before, json!("true"), "event_malformed"),
        (lifted, "/detail/data/previous_object", json!(null), "unsuspend"),
        (lifted, "/detail/a0purpose", json!("test"), "test"),
        (lifted, "/detail/specversion", json!(null), "unsuspend"),
        (lifted, "/detail-type", json!("Auth0 log"), "unsuspend"),
    ]);
}

/// An Okta event is about its one target that is a user.
#[test]
fn okta_target_names_the_user() {
    let reset = "okta-reset-password";
    let target = "/detail/target";
    assert_results(&[
        (reset, target, json!([{"type": "User", "id": BOB}]), "Bob: revoke"),
        (reset, target, json!([7, {"type": "User", "id": BOB}]), "Bob: revoke"),
        (reset, target, json!([{"type": "User"}]), "event_without_user"),
        (reset, target, json!([{"type": "user", "id": BOB}]), "event_without_user"),
        (reset, target, json!(null), "event_without_user"),
        (reset, target, json!({}), "event_malformed"),
        (reset, "/detail/outcome/result", json!("FAILURE"), "failed"),
        (reset, "/detail/outcome/result", json!("success"), "failed"),
        (reset, "/detail/outcome", json!(null), "event_malformed"),
        (reset, "/detail-type", json!("Other"), "revoke"),
        (reset, "/detail/eventType", json!(null), "event_malformed"),
    ]);
}

/// The same Okta user twice among the targets is one user; two users are an error.
#[test]
fn okta_user_may_be_repeated() {
    let (reset, target) = ("okta-reset-password", "/detail/target");
    let bob = json!({"type": "User", "id": BOB, "alternateId": "bob@example.com"});
    let app = json!({"type": "AppInstance", "id": "0oa1"});
    let renamed = json!({"type": "User", "id": BOB, "alternateId": "robert@example.com"});
    let other = json!({"type": "User", "id": "00u2", "alternateId": "bob@example.com"});
    let unnamed = json!({"type": "User", "alternateId": "bob@example.com"});
    assert_results(&[
        (reset, target, json!([bob, bob]), "Bob: revoke"),
        (reset, target, json!([bob, app, bob, bob]), "Bob: revoke"),
        (reset, target, json!([bob, renamed]), "Bob: revoke"),
        (reset, target, json!([bob, other]), "event_without_user"),
        (reset, target, json!([bob, bob, other]), "event_without_user"),
        (reset, target, json!([bob, unnamed]), "event_without_user"),
        (reset, target, json!([unnamed, unnamed]), "event_without_user"),
    ]);
    let mut sources = sources();
    sources.okta.as_mut().unwrap().subject = OktaSubject::AlternateId;
    let code = |targets: Value| {
        let altered = with(&event(reset), target, targets).to_string();
        acs_broker_identity_events::parse(&sources, &altered, NOW).map_err(|error| error.code())
    };
    assert!(matches!(code(json!([bob, bob])), Ok(Parsed::Event(_))));
    assert_eq!(code(json!([bob, other])), Err("event_without_user"), "one login, two users");
    assert_eq!(code(json!([bob, renamed])), Err("event_without_user"), "one user, two logins");
}

/// A skipped event need not be complete.
#[test]
fn skipped_event_may_lack_parts() {
    for (sample, place) in [
        ("cognito-forgot-password-requested", "/detail/eventTime"),
        ("cognito-failed-change-password", "/detail/eventTime"),
        ("auth0-failed-change-password", "/detail/data/date"),
        ("okta-account-lock", "/detail/outcome"),
        ("okta-failed-update-password", "/detail/published"),
    ] {
        let whole = event(sample);
        assert_eq!(result(&with(&whole, place, json!(null))), result(&whole), "{sample}");
    }
}

/// A kind that is neither in the parser's table nor known to be harmless is an error, and the error
/// names it.
#[test]
fn unknown_kind_is_an_error() {
    let (call, page) = ("cognito-change-password", "cognito-hosted-reset-password");
    let (entry, stream) = ("auth0-password-changed", "auth0-stream-user-blocked");
    assert_results(&[
        (call, "/detail/eventName", json!("AdminSuspendUser"), "unknown_kind"),
        (page, "/detail/eventName", json!("changePassword_POST"), "unknown_kind"),
        (call, "/detail/eventName", json!("AdminGetUser"), "irrelevant"),
        (page, "/detail/eventName", json!("Login_GET"), "irrelevant"),
        (call, "/detail/eventName", json!(null), "event_malformed"),
        (entry, "/detail/data/type", json!("du"), "unknown_kind"),
        (entry, "/detail/data/type", json!("fx"), "unknown_kind"),
        (entry, "/detail/data/type", json!("limit_x"), "unknown_kind"),
        (entry, "/detail/data/type", json!("seacft"), "irrelevant"),
        (entry, "/detail/data/type", json!(null), "event_malformed"),
        (stream, "/detail/type", json!("user.restored"), "unknown_kind"),
        (stream, "/detail/type", json!("group.created"), "irrelevant"),
        (stream, "/detail/type", json!(null), "event_malformed"),
        ("okta-suspend", "/detail/eventType", json!("user.lifecycle.erase"), "unknown_kind"),
        ("okta-suspend", "/detail/eventType", json!("user.mfa.factor.update"), "irrelevant"),
        ("okta-suspend", "/detail/eventType", json!("system.org.update"), "irrelevant"),
    ]);
    let mut restored = event(stream);
    restored["detail"]["type"] = json!("user.restored");
    let error = parse(&restored.to_string()).unwrap_err();
    assert_eq!(error.to_string(), "auth0 user.restored: the kind of event is not known");
}

/// An unknown kind of another pool is that pool's matter.
#[test]
fn other_pools_unknown_kind_is_skipped() {
    let admin = event("cognito-admin-delete-user");
    let unknown = with(&admin, "/detail/eventName", json!("AdminSuspendUser"));
    let other = json!("eu-west-1_OTHER");
    assert_eq!(
        result(&with(&unknown, "/detail/requestParameters/userPoolId", other)),
        "other_pool"
    );
    assert_eq!(result(&unknown), "unknown_kind");
}

/// An Auth0 event with the types of a log entry and of a stream's event is an error: a harmless one
/// must not hide the other.
#[test]
fn auth0_event_must_have_one_type() {
    assert_results(&[
        ("auth0-password-changed", "/detail/type", json!("user.created"), "event_malformed"),
        ("auth0-stream-user-deleted", "/detail/data/type", json!("s"), "event_malformed"),
    ]);
}

/// A kind of event is known by its exact name.
#[test]
fn kinds_match_by_exact_name() {
    assert_eq!(result(&event("cognito-delete-user")), "delete");
    assert_results(&[
        ("cognito-delete-user", "/detail/eventName", json!("deleteuser"), "unknown_kind"),
        ("cognito-delete-user", "/detail/eventName", json!("DeleteUserPool"), "unknown_kind"),
        (
            "cognito-managed-login-forgot-password",
            "/detail/eventName",
            json!("ForgotPassword_POST"),
            "request_only",
        ),
        ("auth0-password-changed", "/detail/data/type", json!("scph"), "unknown_kind"),
        ("okta-suspend", "/detail/eventType", json!("user.lifecycle.suspend.x"), "unknown_kind"),
    ]);
}
