//! Faults, as a client sees them.

use std::time::Duration;

use acs_emulator::{Delivery, EmulatorResponse, IdentityState};
use serde_json::{Value, json};

use crate::harness::{GA, Resource, Response, signed};

fn inject(resource: &Resource, effect: &Value) {
    let fault = json!({ "operation": "create", "effect": effect, "times": 1 });
    assert_eq!(resource.control("POST", "faults", &fault).status, 204);
}

fn create(resource: &Resource) -> EmulatorResponse {
    let key = &resource.settings.access_keys[0];
    let target = format!("/identities?api-version={GA}");
    resource.send(&signed(key, "POST", &target, "", "h", resource.now.get()))
}

/// A status instead of the operation comes with the requested body.
#[test]
fn status_comes_with_requested_body() {
    let resource = Resource::new();
    let respond = |effect| {
        inject(&resource, &effect);
        let response = create(&resource);
        assert!(response.entries.is_empty());
        (
            response.response.status().as_u16(),
            String::from_utf8_lossy(response.response.body()).into_owned(),
        )
    };

    let json = r#"{"error":{"code":"ServiceUnavailable","message":"Service Unavailable."}}"#;
    assert_eq!(respond(json!({ "status": 503 })), (503, json.to_owned()));
    assert_eq!(respond(json!({ "status": 500, "body": "{}" })), (500, "{}".to_owned()));
    assert_eq!(respond(json!({ "status": 502, "body": "empty" })), (502, String::new()));
    let (status, html) = respond(json!({ "status": 503, "body": "html" }));
    assert!(status == 503 && html.contains("Our services aren't available right now"));
    resource.create();
}

/// A 429 response has `Retry-After` only if the fault sets it.
#[test]
fn throttling_has_retry_after_on_request() {
    let resource = Resource::new();

    inject(&resource, &json!({ "status": 429 }));
    assert_eq!(create(&resource).response.headers().get("retry-after"), None);
    inject(&resource, &json!({ "status": 429, "retryAfter": 7 }));
    assert_eq!(create(&resource).response.headers()["retry-after"], "7");
}

/// `drop` and `status` prevent the operation, or hide that it took effect.
#[test]
fn drop_and_status_respect_when() {
    let resource = Resource::new();
    for (effect, delivery, effects) in [
        (json!({ "drop": true }), Delivery::Dropped, 0),
        (json!({ "drop": true, "when": "afterEffect" }), Delivery::Dropped, 1),
        (json!({ "status": 500, "when": "afterEffect" }), Delivery::Whole, 1),
        (json!({ "truncate": 5 }), Delivery::Truncated(5), 1),
    ] {
        inject(&resource, &effect);
        let response = create(&resource);
        assert_eq!((response.delivery, response.entries.len()), (delivery, effects), "{effect}");
    }
    assert_eq!(resource.emulator.identities().len(), 3);
}

/// A delay alone changes nothing else.
#[test]
fn delay_alone_changes_nothing_else() {
    let resource = Resource::new();

    inject(&resource, &json!({ "delayMs": 250 }));

    let response = create(&resource);
    assert_eq!(response.delay, Duration::from_millis(250));
    assert_eq!((response.delivery, response.response.status().as_u16()), (Delivery::Whole, 201));
}

/// Faults stay until they are removed.
#[test]
fn faults_stay_until_removed() {
    let resource = Resource::new();
    resource.control("POST", "faults", &json!({ "effect": { "status": 503 } }));

    assert_eq!([0; 3].map(|_| create(&resource).response.status().as_u16()), [503; 3]);
    assert_eq!(resource.control("DELETE", "faults", &Value::Null).status, 204);
    resource.create();
}

fn create_with_token(resource: &Resource) -> Response {
    let target = format!("/identities?api-version={GA}");
    resource.call("POST", &target, &json!({ "createTokenWithScopes": ["chat"] }))
}

/// A creation may succeed with 201 and an identity, but without the token that it was to issue.
#[test]
fn creation_can_omit_its_token() {
    let resource = Resource::new();
    inject(&resource, &json!({ "omitAccessToken": true }));

    let response = create_with_token(&resource);

    assert_eq!(response.status, 201);
    let id = response.body["identity"]["id"].as_str().unwrap();
    assert_eq!(response.body, json!({ "identity": { "id": id } }));
    // The operation took effect as a whole: only the response lacks the token.
    let identities = resource.emulator.identities();
    assert!(matches!(&identities[..], [IdentityState { tokens_issued: 1, .. }]), "{identities:?}");
    assert_eq!(identities[0].id, id);
    assert!(create_with_token(&resource).body["accessToken"]["token"].is_string());
}

/// A creation and an issue may respond with a token whose expiry cannot be read.
#[test]
fn expiry_can_be_unreadable() {
    let resource = Resource::new();
    let fault = json!({ "effect": { "corruptExpiresOn": true }, "times": 2 });
    assert_eq!(resource.control("POST", "faults", &fault).status, 204);

    let created = create_with_token(&resource);
    let id = created.body["identity"]["id"].as_str().unwrap();
    let target = format!("/identities/{id}/:issueAccessToken?api-version={GA}");
    let issue = || resource.call("POST", &target, &json!({ "scopes": ["chat"] }));
    let issued = issue();

    assert_eq!((created.status.as_u16(), issued.status.as_u16()), (201, 200));
    for token in [&created.body["accessToken"], &issued.body] {
        assert_eq!(token["expiresOn"], "not a date");
        assert!(resource.is_active(token["token"].as_str().unwrap()));
    }
    assert_eq!(issue().body["expiresOn"], "2026-11-24T00:00:00.25+00:00");
}

/// A fault that changes the token leaves a response without one as it is.
#[test]
fn response_without_token_stays_whole() {
    let resource = Resource::new();
    let expected = create(&resource).response;
    for effect in [json!({ "omitAccessToken": true }), json!({ "corruptExpiresOn": true })] {
        inject(&resource, &effect);
        let response = create(&resource);
        assert_eq!(response.response.status(), expected.status());
        assert_eq!(response.response.body().len(), expected.body().len());
        assert_eq!(response.entries.len(), 1);
    }
    let identity = resource.create();
    let fault = json!({ "effect": { "corruptExpiresOn": true }, "times": 1 });
    assert_eq!(resource.control("POST", "faults", &fault).status, 204);
    resource.delete(&identity);
}
