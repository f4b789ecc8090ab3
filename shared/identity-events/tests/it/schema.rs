//! The schema of this product's own form of event, against the parser.

use std::fs;

use acs_broker_identity_events::{Provider, kinds};
use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

use crate::{aws, event, parse, samples, with, without};

fn schema() -> Value {
    let text = fs::read_to_string(aws().join("identity-event.schema.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn validator(schema: &Value) -> Validator {
    let options = jsonschema::options().with_draft(Draft::Draft202012);
    options.should_validate_formats(true).build(schema).unwrap()
}

/// Date-times, right and wrong.
const TIMES: [&str; 35] = [
    "2026-11-20T11:59:58Z",
    "2026-11-20T11:59:58.123456789Z",
    "2026-11-20T12:59:58+01:00",
    "2026-11-19T12:00:58-23:59",
    "2000-01-01T00:00:00Z",
    "2024-02-29T00:00:00Z",
    "2026-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-00-10T00:00:00Z",
    "2026-11-31T00:00:00Z",
    "1999-12-31T23:59:59Z",
    "2026-11-20",
    "2026-11-20 11:59:58Z",
    "2026-11-20T11:59:58",
    "2026-11-20t11:59:58Z",
    "2026-11-20T11:59:58z",
    "2026-11-20T11:59Z",
    "2016-12-31T23:59:60Z",
    "2026-11-20T24:00:00Z",
    "2026-11-20T11:60:00Z",
    "2026-11-20T11:59:58.Z",
    "2026-11-20T11:59:58.1234567890Z",
    "2026-11-20T11:59:58,1Z",
    "2026-11-20T11:59:58+24:00",
    "2026-11-20T11:59:58+01:60",
    "2026-11-20T11:59:58+0100",
    "2026-11-20T11:59:58+01",
    "2026-11-20T11:59:58-00:00",
    "2026-11-20T11:59:58Z[UTC]",
    " 2026-11-20T11:59:58Z",
    "2026-11-20T11:59:58Z\n",
    "+002026-11-20T11:59:58Z",
    "２026-11-20T11:59:58Z",
    "soon",
    "",
];

/// Returns events with each part right and wrong.
fn cases() -> Vec<Value> {
    let subjects = [
        "a".to_owned(),
        "é 日本語|x@example.com".to_owned(),
        "é".repeat(255),
        "é".repeat(256),
        String::new(),
        "a\nb".to_owned(),
        "\u{0}".to_owned(),
        "\u{7f}".to_owned(),
        "\u{9f}".to_owned(),
        "\u{a0}".to_owned(),
    ];
    let ids = ["e-1", "evt_1.a", "", "a b", "alice@example.com", "é"];
    let ids = ids.map(str::to_owned).into_iter().chain(["x".repeat(128), "x".repeat(129)]);
    let wrong_types = [json!(null), json!(1), json!(true), json!([]), json!({}), json!("text")];
    let kinds = ["passwordChanged", "PasswordChanged ", "PasswordChange", ""];
    let kinds = kinds.into_iter().chain(generic_kinds());

    let good = event("generic-password-changed");
    let event = |pointer: &str, value: Value| with(&good, pointer, value);
    let mut cases = vec![event("/version", json!(7)), event("/detail/email", json!("a"))];
    cases.extend(TIMES.map(|time| event("/detail/occurredAt", json!(time))));
    cases.extend(subjects.map(|subject| event("/detail/subject", json!(subject))));
    cases.extend(ids.map(|id| event("/id", json!(id))));
    cases.extend(kinds.map(|kind| event("/detail-type", json!(kind))));
    cases.push(event("/source", json!("aws.cognito")));
    for place in
        ["/id", "/source", "/detail-type", "/detail", "/detail/subject", "/detail/occurredAt"]
    {
        cases.push(without(&good, place));
        // Another text may be a source, but not the one that is configured here.
        let types = wrong_types.iter().filter(|value| place != "/source" || !value.is_string());
        cases.extend(types.map(|value| event(place, value.clone())));
    }
    let unread = ["/version", "/account", "/time", "/region", "/resources"];
    cases.extend(unread.map(|place| without(&good, place)));
    cases
}

fn generic_kinds() -> impl Iterator<Item = &'static str> {
    kinds().filter(|(provider, ..)| *provider == Provider::Generic).map(|(_, kind, _)| kind)
}

/// The schema accepts the events that the parser accepts, and no others.
#[test]
fn agrees_with_the_parser() {
    let validator = validator(&schema());
    let (mut accepted, mut refused) = (0, 0);
    for case in cases() {
        let is_parsed = parse(&case.to_string()).is_ok();
        assert_eq!(validator.is_valid(&case), is_parsed, "{case}");
        if is_parsed { accepted += 1 } else { refused += 1 }
    }
    assert!(accepted > 20 && refused > 60, "{accepted} accepted, {refused} refused");
}

/// The schema agrees with the parser on the samples and on its own examples.
#[test]
fn holds_for_samples_and_examples() {
    let schema = schema();
    let validator = validator(&schema);
    for example in schema["examples"].as_array().unwrap() {
        assert!(validator.is_valid(example) && parse(&example.to_string()).is_ok(), "{example}");
    }
    let generic = samples().iter().filter(|(name, _)| name.starts_with("generic-"));
    for (name, text) in generic.filter(|(name, _)| name != "generic-from-the-future") {
        let sample: Value = serde_json::from_str(text).unwrap();
        assert_eq!(validator.is_valid(&sample), parse(text).is_ok(), "{name}");
    }
}

/// The schema names every kind and no other, and so does the parser's error.
#[test]
fn lists_exactly_the_kinds() {
    let schema = schema();
    let listed = schema.pointer("/properties/detail-type/enum").unwrap().as_array().unwrap();
    assert!(listed.iter().filter_map(Value::as_str).eq(generic_kinds()), "{listed:?}");
    let misspelt = event("generic-misspelt-kind").to_string();
    let rule = parse(&misspelt).unwrap_err().to_string();
    assert!(generic_kinds().all(|kind| rule.contains(kind)), "{rule}");
}
