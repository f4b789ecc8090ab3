//! Texts that no provider sends.

use acs_broker_identity_events::{EventError, Parsed, ProviderEvent};
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_oneof, proptest};
use serde_json::{Value, json};

use crate::{parse, samples, user, with, without};

const CANARY: &str = "canary@example.com";

fn event_of(parsed: Result<Parsed, EventError>) -> Option<ProviderEvent> {
    match parsed {
        Ok(Parsed::Event(event)) => Some(event),
        _ => None,
    }
}

/// Returns the pointers to every part of a value, but not to the value itself.
fn pointers(value: &Value) -> Vec<String> {
    let members: Vec<(String, &Value)> = match value {
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), value)).collect()
        }
        Value::Array(items) => {
            (0..).zip(items).map(|(at, item): (u32, _)| (at.to_string(), item)).collect()
        }
        _ => Vec::new(),
    };
    let mut pointers = Vec::new();
    for (name, value) in members {
        let within = self::pointers(value).into_iter().map(|rest| format!("/{name}{rest}"));
        pointers.extend(within);
        pointers.push(format!("/{name}"));
    }
    pointers
}

/// Whether a part holds the user's name, is within it, or contains it.
fn holds_user(pointer: &str) -> bool {
    let names = [
        "/detail/additionalEventData/sub",
        "/detail/additionalEventData/requestParameters/sub",
        "/detail/requestParameters/username",
        "/detail/data/user_id",
        "/detail/data/details/user_id",
        "/detail/data/details/body/user_id",
        "/detail/data/details/response/body/user_id",
        "/detail/data/object/user_id",
        "/detail/target",
        "/detail/subject",
    ];
    let contains = |one: &str, other: &str| {
        one.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    names.iter().any(|name| contains(name, pointer) || contains(pointer, name))
}

/// Returns values of every JSON type, without texts.
fn values() -> Vec<Value> {
    let deep = (0..100).fold(json!(1), |inner, _| json!([{ "a": inner }]));
    vec![
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(-1),
        json!(7),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(200.5),
        json!(f64::MAX),
        json!([]),
        json!([null]),
        json!([[]]),
        json!([{}]),
        json!({}),
        json!({ "": null }),
        deep,
    ]
}

/// Texts, among them other users' names and the names of other parts' values.
const TEXTS: [&str; 10] = [
    "",
    "x",
    "a\u{0}b",
    "User",
    "SUCCESS",
    "AwsServiceEvent",
    "00uadmin0000000001",
    "auth0|b0b0000000000000000002",
    "b0b00000-0000-4000-8000-000000000002",
    "2026-11-20T11:00:00Z",
];

/// An event that lacks a part, or has one of another type, never leads to another operation or
/// another user.
#[test]
fn altered_part_never_changes_the_meaning() {
    for (name, text) in samples() {
        let Some(original) = event_of(parse(text)) else { continue };
        let sample: Value = serde_json::from_str(text).unwrap();
        for pointer in pointers(&sample) {
            let altered = values().into_iter().map(|other| with(&sample, &pointer, other));
            for altered in altered.chain([without(&sample, &pointer)]) {
                if let Some(event) = event_of(parse(&altered.to_string())) {
                    assert_eq!(event.user, original.user, "{name} {pointer}");
                    let is_flag = pointer.ends_with("/blocked");
                    assert!(event.operation == original.operation || is_flag, "{name} {pointer}");
                }
            }
        }
    }
}

/// Another text in a part changes the user only where the part names the user, and then to the user
/// of that text.
#[test]
fn altered_text_never_names_another_user() {
    for (name, text) in samples() {
        let Some(original) = event_of(parse(text)) else { continue };
        let sample: Value = serde_json::from_str(text).unwrap();
        for pointer in pointers(&sample) {
            for other in TEXTS {
                let altered = with(&sample, &pointer, json!(other));
                let Some(event) = event_of(parse(&altered.to_string())) else { continue };
                if event.user != original.user {
                    assert!(holds_user(&pointer), "{name} {pointer} {other:?}");
                    assert_eq!(event.user, user(other), "{name} {pointer} {other:?}");
                }
                assert_eq!(event.operation, original.operation, "{name} {pointer} {other:?}");
            }
        }
    }
}

/// No text of an event is in an error, in a skip reason or in `Debug`.
#[test]
fn no_output_contains_event_text() {
    let mut errors = 0;
    for (name, text) in samples() {
        let event: Value = serde_json::from_str(text).unwrap();
        for pointer in pointers(&event) {
            for canary in [CANARY.to_owned(), format!("{CANARY}\n"), CANARY.repeat(20)] {
                let output = match parse(&with(&event, &pointer, json!(canary)).to_string()) {
                    Ok(Parsed::Event(event)) => format!("{event:?}"),
                    Ok(Parsed::Skipped(skipped)) => format!("{skipped} {skipped:?}"),
                    Err(error) => {
                        errors += 1;
                        format!("{error} {error:?} {}", error.code())
                    }
                };
                assert!(!output.contains("canary"), "{name} {pointer}: {output}");
            }
        }
    }
    assert!(errors > 1000, "{errors}");
}

/// An event with the same member twice is an error.
#[test]
fn repeated_member_is_an_error() {
    for (name, text) in samples() {
        let twice = text.replacen('{', r#"{"source": "com.example.accounts","#, 1);
        let error = parse(&twice).unwrap_err().to_string();
        assert_eq!(error, "envelope: must not have a member twice", "{name}");
    }
}

/// The error for another service's notification tells what was expected: an SNS batch as Lambda
/// receives it, an SNS message as SQS receives it, a batch within a batch.
#[test]
fn other_notification_names_the_expected_form() {
    for text in [
        r#"{"Records": [{"EventSource": "aws:sns", "Sns": {"MessageId": "m", "Message": "{}"}}]}"#,
        r#"{"Type": "Notification", "MessageId": "m", "Message": "{\"source\": \"x\"}"}"#,
        r#"{"Records": [{"messageId": "m", "eventSource": "aws:sqs", "body": "{}"}]}"#,
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(error.to_string(), "envelope: must be an EventBridge event, with a source");
        assert_eq!(error.code(), "event_malformed");
    }
}

/// Generates any JSON, with the names that mean something here more often than by chance.
fn any_json() -> impl Strategy<Value = Value> {
    let words =
        ["scp", "user.updated", "ChangePassword", "PasswordChanged", "SUCCESS", "User", "1.0"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,300}".prop_map(Value::from),
        (0..words.len()).prop_map(move |at| json!(words[at])),
    ];
    let names = "type|data|object|blocked|user_id|eventName|outcome|result|target|subject|.{0,5}";
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(names, inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Returns whether two results agree: an event altered outside its user's name stays one about that
/// user, or becomes none.
fn is_same_user(sample: &str, altered: &str) -> bool {
    match (event_of(parse(sample)), event_of(parse(altered))) {
        (Some(original), Some(event)) => event.user == original.user,
        _ => true,
    }
}

proptest! {
    /// No text makes the parser panic.
    #[test]
    fn any_text_gives_a_result(text in prop_oneof![".{0,2000}", any::<String>()]) {
        prop_assert!(event_of(parse(&text)).is_none());
    }

    /// No JSON from a configured source makes the parser panic.
    #[test]
    fn any_source_json_gives_a_result(
        which in any::<proptest::sample::Index>(),
        detail in any_json(),
        detail_type in any_json(),
    ) {
        let samples = samples();
        let mut event: Value = serde_json::from_str(&which.get(samples).1).unwrap();
        event["detail"] = detail;
        event["detail-type"] = detail_type;
        if let Some(event) = event_of(parse(&event.to_string())) {
            prop_assert!(event.kind.len() <= 64 && event.id.len() <= 128);
        }
    }

    /// A part of another sample in a sample's place never makes it an event about another user.
    #[test]
    fn exchanged_part_gives_a_result(
        which in any::<proptest::sample::Index>(),
        at in any::<proptest::sample::Index>(),
        from in any::<proptest::sample::Index>(),
        from_at in any::<proptest::sample::Index>(),
    ) {
        let text = &which.get(samples()).1;
        let (sample, other): (Value, Value) = (
            serde_json::from_str(text).unwrap(),
            serde_json::from_str(&from.get(samples()).1).unwrap(),
        );
        let (places, parts) = (pointers(&sample), pointers(&other));
        let (place, part): (&String, &String) = (at.get(&places), from_at.get(&parts));
        let altered = with(&sample, place, other.pointer(part).unwrap().clone()).to_string();
        prop_assert!(is_same_user(text, &altered) || holds_user(place), "{place} {part}");
    }

    /// No sample that is cut and patched makes the parser panic.
    #[test]
    fn patched_sample_gives_a_result(
        which in any::<proptest::sample::Index>(),
        from in any::<proptest::sample::Index>(),
        length in 0..200_usize,
        patch in prop_oneof![".{0,40}", "[\\[{]{0,3000}", "\"[^\"]*\":", "[0-9.eE+-]{1,400}"],
    ) {
        let samples = samples();
        let mut text: Vec<char> = which.get(samples).1.chars().collect();
        let from = from.index(text.len());
        let to = text.len().min(from + length);
        text.splice(from..to, patch.chars());
        let text: String = text.into_iter().collect();
        if let Err(error) = parse(&text) {
            prop_assert!(!error.to_string().contains("alice@"));
        }
    }

    /// No JSON in any place of a sample makes the parser panic, or name another user.
    #[test]
    fn any_json_part_gives_a_result(
        which in any::<proptest::sample::Index>(),
        at in any::<proptest::sample::Index>(),
        other in any_json(),
    ) {
        let text = &which.get(samples()).1;
        let sample: Value = serde_json::from_str(text).unwrap();
        let pointers = pointers(&sample);
        let pointer: &String = at.get(&pointers);
        let altered = with(&sample, pointer, other).to_string();
        prop_assert!(is_same_user(text, &altered) || holds_user(pointer), "{pointer}");
        if let Some(event) = event_of(parse(&altered)) {
            prop_assert!(event.kind.len() <= 64 && event.id.len() <= 128);
        }
    }
}
