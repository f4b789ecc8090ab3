//! The control API.

use serde_json::{Value, json};

use crate::harness::{GA, Resource};

/// Introspection reports whether a token is active and, if it is not, the reason.
#[test]
fn introspection_reports_active_and_revoked() {
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

/// A list of an identity's tokens tells live from dead ones, with the reason and without the texts.
#[test]
fn tokens_of_identity_are_listed() {
    let resource = Resource::new();
    let (identity, other) = (resource.create(), resource.create());
    let list = |id: &str| {
        let path = format!("identities/{id}/tokens");
        resource.control("GET", &path, &Value::Null).body["tokens"].clone()
    };
    let old = resource.issue(&identity);
    resource.revoke(&identity);
    resource.issue(&identity);
    resource.issue(&other);

    let tokens = list(&identity);

    assert_eq!(tokens.as_array().unwrap().len(), 2);
    assert_eq!((&tokens[0]["active"], &tokens[0]["reason"]), (&json!(false), &json!("revoked")));
    assert_eq!((&tokens[1]["active"], tokens[1].get("reason")), (&json!(true), None));
    assert_eq!(tokens[1]["scopes"], json!(["chat"]));
    assert!(!tokens.to_string().contains(&old));
    assert_eq!(list(&identity.replace(':', "%3A")), tokens);
    resource.delete(&identity);
    assert_eq!(list(&identity)[1]["reason"], "identityDeleted");
    assert_eq!(list("8:acs:nobody"), json!([]));
}

/// An advanced clock expires tokens. Clients still date requests by the real clock.
#[test]
fn advanced_clock_expires_tokens_only() {
    let resource = Resource::new();
    let identity = resource.create();
    let token = resource.issue(&identity);

    let response = resource.control("POST", "clock", &json!({ "advanceSeconds": 86_400 }));

    assert_eq!(response.body, json!({ "now": "2026-11-24T00:00:00.25Z" }));
    assert!(!resource.is_active(&token));
    assert!(resource.is_active(&resource.issue(&identity)));
}

/// The clock cannot be advanced beyond the range of a timestamp.
#[test]
fn clock_stays_within_timestamp_range() {
    let resource = Resource::new();
    let millennium = json!({ "advanceSeconds": 4_000_000_000_u32 });
    let advances = std::iter::repeat_with(|| resource.control("POST", "clock", &millennium));
    let refused = advances.take(100).find(|response| response.status != 200).unwrap();
    assert_eq!(refused.status, 400, "{refused:?}");
    assert!(refused.entries.is_empty());
    assert_eq!(resource.control("POST", "clock", &json!({ "advanceSeconds": 0 })).status, 200);
}

/// Counters count requests and effects separately.
#[test]
fn counters_separate_requests_from_effects() {
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

/// A misspelt control request is refused.
#[test]
fn misspelt_control_request_is_refused() {
    let resource = Resource::new();
    for (method, path, body, status) in [
        ("POST", "introspect", json!({ "tokn": "x" }), 400),
        ("POST", "clock", json!({ "advanceSeconds": 1, "advanceMinutes": 1 }), 400),
        ("POST", "faults", json!({ "operation": "exchange", "effect": { "status": 500 } }), 400),
        ("POST", "faults", json!({ "effect": { "status": 500 }, "rate": 2 }), 400),
        ("POST", "keys/third/regenerate", json!(null), 404),
        ("GET", "introspect", json!(null), 404),
    ] {
        let response = resource.control(method, path, &body);
        assert_eq!(response.status, status, "{path} {body}");
        assert!(response.body["error"].is_string());
    }
}

/// A clock that was moved can be read and set back, and a client may sign by it.
#[test]
fn moved_clock_is_set_back() {
    let resource = Resource::new();
    let clock = || resource.control("GET", "clock", &Value::Null).body;
    let real = clock();
    assert_eq!(real["offsetSeconds"], 0);
    resource.control("POST", "clock", &json!({ "advanceSeconds": 86_400 }));
    assert_eq!(clock()["offsetSeconds"], 86_400);
    resource.control("POST", "clock", &json!({ "offsetSeconds": 0 }));
    assert_eq!(clock()["offsetSeconds"], 0);
    for wrong in [json!({}), json!({ "advanceSeconds": 1, "offsetSeconds": 1 })] {
        assert_eq!(resource.control("POST", "clock", &wrong).status, 400, "{wrong}");
    }
}

/// What was exported, imported into an empty resource, gives the same answers about each token.
#[test]
fn import_restores_what_was_exported() {
    let resource = Resource::new();
    let (alice, bob, carol) = (resource.create(), resource.create(), resource.create());
    let dead = resource.issue(&alice);
    resource.revoke(&alice);
    let live = resource.issue(&alice);
    let deleted = resource.issue(&bob);
    resource.delete(&bob);
    resource.control("POST", "clock", &json!({ "advanceSeconds": 60 }));
    let late = resource.issue(&carol);
    let export = || resource.control("GET", "export", &Value::Null).body;
    let states = || {
        [&dead, &live, &deleted, &late]
            .map(|token| resource.control("POST", "introspect", &json!({ "token": token })).body)
    };
    let (exported, known) = (export(), states());

    assert_eq!(resource.control("POST", "reset", &Value::Null).status, 204);
    assert_eq!(export(), json!({ "changes": [] }));
    assert!(states().iter().all(|state| state["reason"] == "unknown"));
    assert_eq!(resource.control("POST", "import", &exported).status, 204);

    assert_eq!((export(), states()), (exported, known));
    let new = resource.create();
    assert!(![alice, bob, carol].contains(&new), "an id is never used twice");
}

/// Quotas can be enforced for a while, and their use is known before that.
#[test]
fn quotas_are_switched() {
    let resource = Resource::new();
    let identity = resource.create();
    for _ in 0..500 {
        resource.revoke(&identity);
    }
    let quotas = resource.control("GET", "quotas", &Value::Null).body;
    assert_eq!(quotas["enforce"], false);
    assert_eq!(quotas["per30Seconds"]["revoke"], json!({ "limit": 500, "used": 500 }));
    resource.control("PUT", "quotas", &json!({ "enforce": true }));
    let path = format!("/identities/{identity}/:revokeAccessTokens?api-version={GA}");
    assert_eq!(resource.call("POST", &path, &Value::Null).status, 429);
    resource.control("PUT", "quotas", &json!({ "enforce": false }));
    resource.revoke(&identity);
}

/// One of several faults can be removed by its id.
#[test]
fn single_fault_is_removed() {
    let resource = Resource::new();
    for status in [503, 429] {
        resource.control("POST", "faults", &json!({ "effect": { "status": status } }));
    }
    assert_eq!(resource.control("DELETE", "faults/1", &Value::Null).status, 204);
    assert_eq!(resource.control("DELETE", "faults/1", &Value::Null).status, 404);
    let left = resource.control("GET", "faults", &Value::Null).body;
    assert_eq!(left["faults"].as_array().unwrap().len(), 1);
    let left = &left["faults"][0];
    assert_eq!((&left["id"], &left["effect"]["status"]), (&json!(2), &json!(429)));
}

/// Whoever asks what there is gets each call, and each call is there.
#[test]
fn calls_are_listed() {
    let resource = Resource::new();
    let listed = resource.control("GET", "", &Value::Null).body;
    let calls = listed["calls"].as_array().unwrap();
    assert!(calls.len() > 15);
    for call in calls {
        let (method, path) = call.as_str().unwrap().split_once(' ').unwrap();
        resource.control("POST", "faults", &json!({ "effect": { "drop": true } }));
        let path = path.replace("{id}", if path.starts_with("faults") { "1" } else { "x" });
        let response = resource.control(method, &path, &json!({}));
        assert_ne!(response.status, 404, "{call}");
        resource.control("POST", "reset", &Value::Null);
    }
}
