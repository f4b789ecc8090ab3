//! The control surface.

use serde_json::{Value, json};

use crate::harness::{GA, Resource};

#[test]
fn introspection_tells_an_active_token_from_a_dead_one_and_why() {
    let resource = Resource::new();
    let identity = resource.create();
    let token = resource.issue(&identity);
    let introspect = || resource.control("POST", "introspect", &json!({ "token": token })).body;

    let found = introspect();
    assert_eq!(found["active"], true);
    assert_eq!(found["token"]["identity"], identity);
    assert_eq!(found["token"]["scopes"], json!(["chat"]));
    assert_eq!(found["token"]["key"], "primary");
    resource.revoke(&identity);
    assert_eq!(introspect(), json!({ "active": false, "reason": "revoked" }));
}

#[test]
fn an_advanced_clock_ends_tokens_and_locks_no_client_out() {
    let resource = Resource::new();
    let identity = resource.create();
    let token = resource.issue(&identity);

    let answer = resource.control("POST", "clock", &json!({ "advanceSeconds": 86_400 }));

    assert_eq!(answer.body, json!({ "now": "2026-11-24T00:00:00.25Z" }));
    assert!(!resource.is_active(&token));
    assert!(resource.is_active(&resource.issue(&identity)));
}

#[test]
fn the_clock_cannot_be_put_where_no_timestamp_is() {
    let resource = Resource::new();
    let millennium = json!({ "advanceSeconds": 4_000_000_000_u32 });
    let advances = std::iter::repeat_with(|| resource.control("POST", "clock", &millennium));
    let refused = advances.take(100).find(|answer| answer.status != 200).unwrap();
    assert_eq!(refused.status, 400, "{refused:?}");
    assert!(refused.changes.is_empty());
    assert_eq!(resource.control("POST", "clock", &json!({ "advanceSeconds": 0 })).status, 200);
}

#[test]
fn counters_tell_requests_from_effects() {
    let resource = Resource::new();
    let identity = resource.create();
    resource.control("POST", "faults", &json!({ "effect": { "drop": true }, "times": 1 }));
    resource.call("POST", &format!("/identities?api-version={GA}"), &Value::Null);
    resource.delete(&identity);

    let counters = resource.control("GET", "counters", &Value::Null).body;

    let create = json!({ "requests": 2, "effects": 1, "byStatus": { "201": 1, "dropped": 1 } });
    let delete = json!({ "requests": 1, "effects": 1, "byStatus": { "204": 1 } });
    assert_eq!(counters, json!({ "create": create, "delete": delete }));
}

#[test]
fn a_control_request_that_is_misspelt_is_refused() {
    let resource = Resource::new();
    for (method, path, body, status) in [
        ("POST", "introspect", json!({ "tokn": "x" }), 400),
        ("POST", "clock", json!({ "advanceSeconds": 1, "advanceMinutes": 1 }), 400),
        ("POST", "faults", json!({ "operation": "exchange", "effect": { "status": 500 } }), 400),
        ("POST", "faults", json!({ "effect": { "status": 500 }, "rate": 2 }), 400),
        ("POST", "keys/third/regenerate", json!(null), 404),
        ("GET", "introspect", json!(null), 404),
    ] {
        let answer = resource.control(method, path, &body);
        assert_eq!(answer.status, status, "{path} {body}");
        assert!(answer.body["error"].is_string());
    }
}
