//! Events of any content.

use std::sync::Arc;

use acs_broker_core::RequestedGrant;
use acs_broker_lambda::{HttpRequest, HttpResponse, Invocation, ProblemDetails};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{Function, changed, claims, request};

/// Reads everything that a handler can read.
async fn read_all(
    invocation: Arc<Invocation<HttpRequest>>,
) -> Result<HttpResponse, ProblemDetails> {
    invocation.caller()?;
    invocation.payload.reject_unknown_query(&["keepSessions"])?;
    invocation.payload.query_flag("keepSessions")?;
    let body: serde_json::Map<String, Value> = invocation.payload.json_body()?;
    let grant = invocation.grant(&RequestedGrant::default())?;
    HttpResponse::json(&json!({"scopes": grant.scopes.len(), "body": body.len()}))
}

/// Headers, host and path that no URI could hold do not matter to a user who gets a token.
#[tokio::test]
async fn uri_is_never_built() {
    let event = request(&claims());
    for (pointer, value) in [
        ("/headers/x-forwarded-proto", "https,http"),
        ("/headers/host", "a b"),
        ("/headers/host", "\u{0}"),
        ("/rawPath", "/v1/\u{0} token"),
        ("/requestContext/http/path", "not a path"),
        ("/requestContext/domainName", "a b"),
    ] {
        let event = changed(&event, pointer, value.into());
        assert_eq!(Function::new().serve(&event, read_all).await.0, 200, "{pointer}: {value}");
    }
}

/// Returns each place in an event, as a JSON pointer.
fn pointers(value: &Value, prefix: &str, found: &mut Vec<String>) {
    for (name, member) in value.as_object().into_iter().flatten() {
        let pointer = format!("{prefix}/{name}");
        pointers(member, &pointer, found);
        found.push(pointer);
    }
}

/// No member of an event, whatever its type, makes a function panic or blame itself.
#[tokio::test]
async fn each_member_of_each_type_ends_in_response() {
    let event = changed(&request(&claims()), "/body", "{}".into());
    let mut places = Vec::new();
    pointers(&event, "", &mut places);
    let kinds = [
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(0.5),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!("\u{0}"),
        json!("a b"),
        json!("x".repeat(100_000)),
        json!([]),
        json!([null]),
        json!(["a", 1, {}]),
        json!({}),
        json!({"a": {"b": []}}),
    ];
    let function = Function::new();
    for place in &places {
        let (parent, name) = place.rsplit_once('/').unwrap();
        let mut without = event.clone();
        without.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
        let events = kinds.iter().map(|kind| changed(&event, place, kind.clone()));
        for event in events.chain([without]) {
            let (status, _) = function.serve(&event, read_all).await;
            assert!([200, 400, 401, 413, 415].contains(&status), "{status}: {event}");
        }
    }
    assert!(places.len() > 30, "{places:?}");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever one member of an event holds, the function responds and does not panic.
    #[test]
    fn any_member_ends_in_response(place in any::<prop::sample::Index>(), value in any_json()) {
        let event = changed(&request(&claims()), "/body", "{}".into());
        let mut places = Vec::new();
        pointers(&event, "", &mut places);
        let event = changed(&event, place.get::<String>(&places), value);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (status, _) = runtime.block_on(Function::new().serve(&event, read_all));
        prop_assert!([200, 400, 401, 413, 415].contains(&status), "{status}: {event}");
    }

    /// Something that is not an event of a gateway ends in a response too.
    #[test]
    fn any_event_ends_in_response(event in any_json()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (status, _) = runtime.block_on(Function::new().serve(&event, read_all));
        prop_assert_eq!(status, 401, "{}", event);
    }
}
