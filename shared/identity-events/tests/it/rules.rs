//! The template's EventBridge rules, against the parser: a rule must let through every event from
//! which an operation follows, and the parser must know every event that a rule lets through.

mod pattern;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use acs_broker_core::Operation;
use acs_broker_identity_events::{Parsed, Provider, is_deletion, kinds};
use serde_json::{Value, json};

use crate::{aws, event, parse, samples, with, without};

/// The sample streams' sources, by the template's parameters that hold them.
const SOURCES: [(&str, &str); 3] = [
    (
        "Auth0EventSource",
        "aws.partner/auth0.com/acme-00000000-1111-4222-8333-444455556666/auth0.logs",
    ),
    (
        "Auth0StreamEventSource",
        "aws.partner/auth0.com/acme-00000000-1111-4222-8333-444455556666/auth0.events",
    ),
    ("OktaEventSource", "aws.partner/okta.com/acme/prod"),
];

/// A rule that leads events from a bus to a queue.
struct Rule {
    name: String,
    bus: Value,
    pattern: Value,
}

impl Rule {
    /// Whether the rule lets an event through. Partners' events and the product's own arrive on
    /// buses of their own, AWS's on the default bus.
    fn lets_through(&self, event: &Value) -> bool {
        self.bus == bus(event) && pattern::matches(&self.pattern, event)
    }
}

/// Returns the bus on which an event arrives, as the template names it.
fn bus(event: &Value) -> Value {
    let source = event["source"].as_str().unwrap_or_default();
    match SOURCES.iter().find(|(_, known)| *known == source) {
        Some((parameter, _)) => json!(parameter),
        None if source.starts_with("aws.") => Value::Null,
        None => json!("EventBus"),
    }
}

/// Returns the template's rules that have a pattern.
fn rules() -> Vec<Rule> {
    let text = fs::read_to_string(aws().join("template.yaml")).unwrap();
    // CloudFormation's short forms are YAML tags; without them a reference is its own text.
    let plain = ["!Ref ", "!GetAtt ", "!Sub ", "!If ", "!Equals ", "!Not ", "!And ", "!Or "]
        .iter()
        .fold(text, |text, tag| text.replace(tag, ""));
    let template: Value = serde_saphyr::from_str(&plain).unwrap();
    let resources = template["Resources"].as_object().unwrap().iter();
    let rules = resources.filter(|(_, resource)| resource["Type"] == "AWS::Events::Rule");
    rules
        .filter_map(|(name, rule)| {
            let properties = &rule["Properties"];
            let mut pattern = properties.get("EventPattern")?.to_string();
            for (parameter, source) in SOURCES {
                pattern = pattern.replace(&format!("\"{parameter}\""), &format!("\"{source}\""));
            }
            let pattern = serde_json::from_str(&pattern).unwrap();
            Some(Rule { name: name.clone(), bus: properties["EventBusName"].clone(), pattern })
        })
        .collect()
}

/// Returns the pointer to an event's own name for its kind.
fn kind_pointer(name: &str) -> &'static str {
    match name.split('-').collect::<Vec<_>>().as_slice() {
        ["cognito", ..] => "/detail/eventName",
        ["auth0", "stream", ..] => "/detail/type",
        ["auth0", ..] => "/detail/data/type",
        ["okta", ..] => "/detail/eventType",
        _ => "/detail-type",
    }
}

/// Returns every sample, and each as every other kind of its provider and under other labels.
fn events() -> Vec<(String, Value)> {
    let mut events = Vec::new();
    for (name, _) in samples() {
        let (sample, kind) = (event(name), kind_pointer(name));
        let listed = kinds().filter(|(provider, ..)| name.starts_with(provider.name()));
        let unlisted = ["Login_GET", "ForgotPassword", "scpr", "user.created", "du", "x", ""];
        let kinds: BTreeSet<_> = listed.map(|(_, kind, _)| kind).chain(unlisted).collect();
        for other in kinds {
            events.push((format!("{name} as {other:?}"), with(&sample, kind, json!(other))));
        }
        if kind != "/detail-type" {
            for label in ["Log Event", "AWS Console Action via CloudTrail", "SystemLog", ""] {
                let labelled = with(&sample, "/detail-type", json!(label));
                events.push((format!("{name} under {label:?}"), labelled));
            }
            events.push((format!("{name} without a label"), without(&sample, "/detail-type")));
        }
        events.push((name.clone(), sample));
    }
    events
}

/// Exactly one rule lets through an event from which an operation follows. A rule has one queue, so
/// it lets only deletions through, or none.
#[test]
fn let_every_operation_through() {
    let rules = rules();
    let mut operations = 0;
    let mut deletes = BTreeMap::new();
    for (name, event) in events() {
        let through: Vec<_> = rules.iter().filter(|rule| rule.lets_through(&event)).collect();
        let names: Vec<_> = through.iter().map(|rule| &rule.name).collect();
        let Ok(Parsed::Event(parsed)) = parse(&event.to_string()) else { continue };
        operations += 1;
        assert_eq!(names.len(), 1, "{name}: {names:?}");
        let is_delete = parsed.operation == Operation::Delete;
        assert_eq!(is_deletion(&event), is_delete, "{name}");
        assert_eq!(*deletes.entry(names[0]).or_insert(is_delete), is_delete, "{name}: {names:?}");
    }
    assert!(operations > 300, "{operations}");
    assert_eq!(deletes.len(), rules.len(), "a rule lets no operation through");
}

/// The parser knows the kind of every event that a rule lets through. On the product's own bus the
/// rules let every name through, so that a misspelt one is seen.
#[test]
fn let_only_known_kinds_through() {
    let rules = rules();
    let mut through = 0;
    for (name, event) in events() {
        if !rules.iter().any(|rule| rule.lets_through(&event)) {
            continue;
        }
        through += 1;
        let Err(error) = parse(&event.to_string()) else { continue };
        assert_ne!(error.code(), "unknown_kind", "{name}");
        let is_own = bus(&event) == "EventBus";
        let is_incomplete =
            ["event_without_user", "event_timestamp_in_future"].contains(&error.code());
        // A call as a page, or an entry of another type, lacks the parts that its kind needs.
        let is_recast = name.contains(" as ");
        assert!(is_own || is_incomplete || is_recast, "{name}: {error}");
    }
    assert!(through > 300, "{through}");
}

/// The rules name exactly the kinds that the parser acts on.
#[test]
fn name_exactly_the_parsers_kinds() {
    let mut named = BTreeSet::new();
    for rule in rules().iter().filter(|rule| rule.bus != "EventBus") {
        let detail = &rule.pattern["detail"];
        let kinds = ["/eventName", "/eventType", "/type", "/data/type"]
            .iter()
            .find_map(|pointer| detail.pointer(pointer)?.as_array());
        named.extend(kinds.unwrap().iter().map(|kind| kind.as_str().unwrap().to_owned()));
    }
    let listed = kinds().filter(|(provider, ..)| *provider != Provider::Generic);
    let listed: BTreeSet<_> = listed.map(|(_, kind, _)| kind.to_owned()).collect();
    assert_eq!(named, listed);
}
