//! Faults, as a client meets them.

use std::time::Duration;

use acs_emulator::Wire;
use serde_json::{Value, json};

use crate::harness::{GA, Resource, signed};

fn inject(resource: &Resource, effect: &Value) {
    let fault = json!({ "operation": "create", "effect": effect, "times": 1 });
    assert_eq!(resource.control("POST", "faults", &fault).status, 204);
}

fn create(resource: &Resource) -> acs_emulator::Reply {
    let key = &resource.settings.access_keys[0];
    let target = format!("/identities?api-version={GA}");
    resource.send(&signed(key, "POST", &target, "", "h", resource.now.get()))
}

#[test]
fn a_status_instead_of_the_effect_comes_with_the_body_asked_for() {
    let resource = Resource::new();
    let answer = |effect| {
        inject(&resource, &effect);
        let reply = create(&resource);
        assert!(reply.changes.is_empty());
        (
            reply.response.status().as_u16(),
            String::from_utf8_lossy(reply.response.body()).into_owned(),
        )
    };

    let json = r#"{"error":{"code":"ServiceUnavailable","message":"Service Unavailable."}}"#;
    assert_eq!(answer(json!({ "status": 503 })), (503, json.to_owned()));
    assert_eq!(answer(json!({ "status": 500, "body": "{}" })), (500, "{}".to_owned()));
    assert_eq!(answer(json!({ "status": 502, "body": "empty" })), (502, String::new()));
    let (status, html) = answer(json!({ "status": 503, "body": "html" }));
    assert!(status == 503 && html.contains("Our services aren't available right now"));
    resource.create();
}

#[test]
fn a_throttled_answer_says_when_to_come_back_only_if_asked_to() {
    let resource = Resource::new();

    inject(&resource, &json!({ "status": 429 }));
    assert_eq!(create(&resource).response.headers().get("retry-after"), None);
    inject(&resource, &json!({ "status": 429, "retryAfter": 7 }));
    assert_eq!(create(&resource).response.headers()["retry-after"], "7");
}

#[test]
fn a_dropped_or_lying_answer_takes_effect_before_or_not_at_all() {
    let resource = Resource::new();
    for (effect, wire, effects) in [
        (json!({ "drop": true }), Wire::Dropped, 0),
        (json!({ "drop": true, "when": "afterEffect" }), Wire::Dropped, 1),
        (json!({ "status": 500, "when": "afterEffect" }), Wire::Whole, 1),
        (json!({ "truncate": 5 }), Wire::Truncated(5), 1),
    ] {
        inject(&resource, &effect);
        let reply = create(&resource);
        assert_eq!((reply.wire, reply.changes.len()), (wire, effects), "{effect}");
    }
    assert_eq!(resource.emulator.identities().len(), 3);
}

#[test]
fn a_delay_alone_changes_nothing_else() {
    let resource = Resource::new();

    inject(&resource, &json!({ "delayMs": 250 }));

    let reply = create(&resource);
    assert_eq!(reply.delay, Duration::from_millis(250));
    assert_eq!((reply.wire, reply.response.status().as_u16()), (Wire::Whole, 201));
}

#[test]
fn faults_stay_until_they_are_removed() {
    let resource = Resource::new();
    resource.control("POST", "faults", &json!({ "effect": { "status": 503 } }));

    assert_eq!([0; 3].map(|_| create(&resource).response.status().as_u16()), [503; 3]);
    assert_eq!(resource.control("DELETE", "faults", &Value::Null).status, 204);
    resource.create();
}
