//! Envelopes that no provider sends.

use acs_broker_identity_events::{IdentityEvent, Reading, Unusable};
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_oneof, proptest};
use serde_json::{Value, json};

use crate::{read, samples, with, without};

const CANARY: &str = "canary@example.com";

fn change(reading: Result<Reading, Unusable>) -> Option<IdentityEvent> {
    match reading {
        Ok(Reading::Change(event)) => Some(event),
        _ => None,
    }
}

/// The pointers to all that is in a value, but not to itself.
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

#[test]
fn an_event_that_lacks_a_part_or_has_one_of_another_type_never_does_anything_else() {
    for (name, text) in samples() {
        let Some(meant) = change(read(text)) else { continue };
        let event: Value = serde_json::from_str(text).unwrap();
        for pointer in pointers(&event) {
            let others = [json!(null), json!(true), json!(7), json!([]), json!({}), json!([{}])];
            let altered = others.map(|other| with(&event, &pointer, other)).into_iter();
            for altered in altered.chain([without(&event, &pointer)]) {
                if let Some(said) = change(read(&altered.to_string())) {
                    assert_eq!(said.user, meant.user, "{name} {pointer}");
                    let is_flag = pointer.ends_with("/blocked");
                    assert!(said.action == meant.action || is_flag, "{name} {pointer}");
                }
            }
        }
    }
}

#[test]
fn nothing_that_an_event_says_is_in_an_error_or_in_a_reason() {
    let mut errors = 0;
    for (name, text) in samples() {
        let event: Value = serde_json::from_str(text).unwrap();
        for pointer in pointers(&event) {
            for canary in [CANARY.to_owned(), format!("{CANARY}\n"), CANARY.repeat(20)] {
                let said = match read(&with(&event, &pointer, json!(canary)).to_string()) {
                    Ok(Reading::Change(event)) => format!("{event:?}"),
                    Ok(Reading::Ignored(ignored)) => format!("{ignored} {ignored:?}"),
                    Err(unusable) => {
                        errors += 1;
                        format!("{unusable} {unusable:?} {}", unusable.code())
                    }
                };
                assert!(!said.contains("canary"), "{name} {pointer}: {said}");
            }
        }
    }
    assert!(errors > 1000, "{errors}");
}

#[test]
fn a_member_that_is_there_twice_makes_an_event_unusable() {
    for (name, text) in samples() {
        let twice = text.replacen('{', r#"{"source": "com.example.accounts","#, 1);
        let unusable = read(&twice).unwrap_err().to_string();
        assert_eq!(unusable, "envelope: must not have a member twice", "{name}");
    }
}

/// Any JSON, with the words that mean something here more often than chance would have it.
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

proptest! {
    #[test]
    fn any_text_is_read_to_an_end(text in ".{0,2000}") {
        prop_assert!(change(read(&text)).is_none());
    }

    #[test]
    fn a_sample_that_was_cut_and_patched_is_read_to_an_end(
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
        if let Err(unusable) = read(&text) {
            prop_assert!(!unusable.to_string().contains("alice@"));
        }
    }

    #[test]
    fn an_event_with_any_detail_is_read_to_an_end(
        which in any::<proptest::sample::Index>(),
        at in any::<proptest::sample::Index>(),
        other in any_json(),
    ) {
        let samples = samples();
        let event: Value = serde_json::from_str(&which.get(samples).1).unwrap();
        let pointers = pointers(&event);
        let pointer: &String = at.get(&pointers);
        let altered = with(&event, pointer, other).to_string();
        if let Some(event) = change(read(&altered)) {
            prop_assert!(event.kind.len() <= 64 && event.id.len() <= 128);
        }
    }
}
