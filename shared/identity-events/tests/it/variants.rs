//! Samples with one thing changed, each a case that a provider may send or that somebody may try.

use acs_broker_identity_events::{Action, Reading};
use serde_json::{Value, json};

use crate::{event, read, user, with};

const BOB: &str = "b0b00000-0000-4000-8000-000000000002";

/// What becomes of an event: the action and the user, the reason, or the code.
fn said(event: &Value) -> String {
    match read(&event.to_string()) {
        Ok(Reading::Change(event)) => {
            let is_bob = event.user == user(BOB);
            format!("{}{:?}", if is_bob { "Bob: " } else { "" }, event.action)
        }
        Ok(Reading::Ignored(ignored)) => ignored.reason.name().to_owned(),
        Err(unusable) => unusable.code().to_owned(),
    }
}

fn assert_says(cases: &[(&str, &str, Value, &str)]) {
    for (sample, pointer, value, expected) in cases {
        let varied = with(&event(sample), pointer, value.clone());
        assert_eq!(said(&varied), *expected, "{sample} {pointer} {value}");
    }
}

#[test]
fn a_cognito_call_counts_only_if_it_succeeded_in_our_pool() {
    let (call, admin) = ("cognito-change-password", "cognito-admin-delete-user");
    let page = "cognito-hosted-reset-password";
    let status = "/detail/additionalEventData/responseParameters/status";
    assert_says(&[
        (call, "/detail/errorCode", json!(""), "Revoke"),
        (call, "/detail/errorCode", json!(null), "Revoke"),
        (call, "/detail/errorCode", json!("NotAuthorizedException"), "failed"),
        (call, "/detail/errorCode", json!(1), "not_an_event"),
        (call, "/detail/readOnly", json!(true), "Revoke"),
        (call, "/detail/requestParameters", json!(null), "Revoke"),
        (call, "/detail-type", json!("AWS Service Event via CloudTrail"), "Revoke"),
        (call, "/detail-type", json!("AWS Console Sign In via CloudTrail"), "unknown_kind"),
        (call, "/account", json!("444455556666"), "other_pool"),
        (call, "/detail/recipientAccountId", json!("444455556666"), "other_pool"),
        (call, "/detail/recipientAccountId", json!(null), "Revoke"),
        (admin, "/detail/requestParameters/userPoolId", json!("eu-west-1_OTHER"), "other_pool"),
        (admin, "/detail/errorCode", json!("UserNotFoundException"), "failed"),
        (page, "/detail/additionalEventData/userPoolId", json!("eu-west-1_OTHER"), "other_pool"),
        (page, status, json!(302), "Revoke"),
        (page, status, json!(200), "Revoke"),
        (page, status, json!(400), "failed"),
        (page, status, json!(200.5), "failed"),
        (page, status, json!("200"), "not_an_event"),
        (page, status, json!(null), "not_an_event"),
        (page, "/detail/errorCode", json!("CodeMismatchException"), "failed"),
    ]);
}

#[test]
fn a_cognito_user_is_named_by_cognito_and_only_else_by_what_was_sent() {
    let own = "/detail/additionalEventData/sub";
    let sent = "/detail/additionalEventData/requestParameters/sub";
    let name = "/detail/requestParameters/username";
    let (page, reset) =
        ("cognito-hosted-confirm-forgot-password", "cognito-admin-reset-user-password");
    assert_says(&[
        (page, own, json!(BOB), "Bob: Revoke"),
        (page, own, json!("HIDDEN_FOR_SECURITY_REASONS"), "Revoke"),
        (page, own, json!(""), "Revoke"),
        (page, own, json!("a\nb"), "not_an_event"),
        (page, sent, json!([BOB]), "Bob: Revoke"),
        (page, sent, json!([BOB, BOB]), "event_without_user"),
        (page, sent, json!([]), "event_without_user"),
        (page, sent, json!(["alice"]), "event_without_user"),
        (page, sent, json!([[BOB]]), "event_without_user"),
        (page, sent, json!(BOB), "not_an_event"),
        (reset, name, json!(BOB), "Bob: Revoke"),
        (reset, name, json!("bob"), "event_without_user"),
        (reset, name, json!("HIDDEN_DUE_TO_SECURITY_REASONS"), "event_without_user"),
        (reset, name, json!(BOB.replace('b', "x")), "event_without_user"),
        (reset, name, json!(BOB.replace('-', "")), "event_without_user"),
    ]);
}

#[test]
fn a_revocation_here_does_not_come_back_as_an_event_and_cause_another() {
    let (call, own) = (
        "cognito-admin-user-global-sign-out",
        "arn:aws:iam::111122223333:role/sign-out-everywhere",
    );
    let issuer = "/detail/userIdentity/sessionContext/sessionIssuer/arn";
    assert_says(&[
        (call, issuer, json!(own), "own_role"),
        (call, issuer, json!(format!("{own}2")), "Revoke"),
        (call, "/detail/userIdentity/arn", json!(own), "own_role"),
        (call, "/detail/userIdentity", json!({"type": "Unknown"}), "Revoke"),
        (call, "/detail/userIdentity", json!(null), "Revoke"),
    ]);
}

#[test]
fn an_auth0_user_is_named_in_full_or_not_at_all() {
    let machine = "auth0-password-changed-by-a-machine";
    let named = json!({"user_id": "auth0|b0b"});
    assert_says(&[
        (machine, "/detail/data/details", named.clone(), "Revoke"),
        (machine, "/detail/data/details", json!({"response": {"body": named}}), "Revoke"),
        (machine, "/detail/data/details/body/user_id", json!("b0b"), "event_without_user"),
        (machine, "/detail/data/details/body/user_id", json!(7), "not_an_event"),
        (machine, "/detail/data/details", json!("text"), "not_an_event"),
        (machine, "/detail/data/details", json!(null), "event_without_user"),
        (machine, "/detail/data/user_id", json!("b0b"), "Revoke"),
        (machine, "/detail/data/user_id", json!("a".repeat(256)), "not_an_event"),
        (machine, "/detail/data/date", json!(null), "not_an_event"),
    ]);
}

#[test]
fn an_auth0_profile_update_neither_suspends_nor_reinstates() {
    let (blocked, lifted) = ("auth0-stream-user-blocked", "auth0-stream-user-unblocked");
    let (now, before) = ("/detail/data/object/blocked", "/detail/data/previous_object/blocked");
    assert_says(&[
        (blocked, before, json!(true), "Suspend"),
        (blocked, now, json!("true"), "not_an_event"),
        (blocked, now, json!(null), "no_credential"),
        (lifted, before, json!(false), "no_credential"),
        (lifted, before, json!(null), "no_credential"),
        (lifted, before, json!("true"), "not_an_event"),
        (lifted, "/detail/data/previous_object", json!(null), "Unsuspend"),
        (lifted, "/detail/a0purpose", json!("test"), "test"),
        (lifted, "/detail/specversion", json!(null), "unknown_kind"),
    ]);
}

#[test]
fn an_okta_event_is_about_its_one_target_that_is_a_user() {
    let reset = "okta-reset-password";
    let target = "/detail/target";
    assert_says(&[
        (reset, target, json!([{"type": "User", "id": BOB}]), "Bob: Revoke"),
        (reset, target, json!([7, {"type": "User", "id": BOB}]), "Bob: Revoke"),
        (reset, target, json!([{"type": "User"}]), "event_without_user"),
        (reset, target, json!([{"type": "user", "id": BOB}]), "event_without_user"),
        (reset, target, json!(null), "event_without_user"),
        (reset, target, json!({}), "not_an_event"),
        (reset, "/detail/outcome/result", json!("FAILURE"), "failed"),
        (reset, "/detail/outcome/result", json!("success"), "failed"),
        (reset, "/detail/outcome", json!(null), "not_an_event"),
        (reset, "/detail-type", json!("Other"), "unknown_kind"),
    ]);
}

#[test]
fn an_event_that_says_how_it_is_ignored_need_not_be_whole() {
    for (sample, place) in [
        ("cognito-forgot-password-requested", "/detail/eventTime"),
        ("cognito-failed-change-password", "/detail/eventTime"),
        ("auth0-failed-change-password", "/detail/data/date"),
        ("okta-account-lock", "/detail/outcome"),
        ("okta-failed-update-password", "/detail/published"),
    ] {
        let whole = event(sample);
        assert_eq!(said(&with(&whole, place, json!(null))), said(&whole), "{sample}");
    }
}

#[test]
fn a_kind_of_event_is_known_by_its_exact_name() {
    assert_eq!(said(&event("cognito-delete-user")), format!("{:?}", Action::Delete));
    assert_says(&[
        ("cognito-delete-user", "/detail/eventName", json!("deleteuser"), "unknown_kind"),
        ("cognito-delete-user", "/detail/eventName", json!("DeleteUserPool"), "unknown_kind"),
        (
            "cognito-managed-login-forgot-password",
            "/detail/eventName",
            json!("ForgotPassword_POST"),
            "only_asked",
        ),
        ("auth0-password-changed", "/detail/data/type", json!("scph"), "unknown_kind"),
        ("okta-suspend", "/detail/eventType", json!("user.lifecycle.suspend.x"), "unknown_kind"),
    ]);
}
