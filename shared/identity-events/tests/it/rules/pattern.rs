//! EventBridge's event patterns, as far as the template uses them.

use serde_json::{Map, Value};

/// Whether an event matches a pattern: every field of the pattern is in the event, with one of its
/// values.
pub(super) fn matches(pattern: &Value, event: &Value) -> bool {
    let fields = pattern.as_object().unwrap();
    fields.iter().all(|(name, expected)| match (expected, event.get(name)) {
        (Value::Object(_), Some(Value::Object(members))) => {
            matches(expected, &Value::Object(members.clone()))
        }
        (Value::Object(_), _) => false,
        (Value::Array(choices), found) => choices.iter().any(|choice| fits(choice, found)),
        _ => panic!("{name}: a pattern's leaf is a list"),
    })
}

/// Whether a field's value fits one choice of a pattern. A list fits if one of its items does.
fn fits(choice: &Value, found: Option<&Value>) -> bool {
    if let Some(Value::Array(items)) = found {
        return items.iter().any(|item| fits(choice, Some(item)));
    }
    match choice {
        Value::Object(filter) => passes(filter, found),
        literal => found == Some(literal),
    }
}

/// Whether a value passes a filter. A form that the template does not use yet needs its line here.
fn passes(filter: &Map<String, Value>, found: Option<&Value>) -> bool {
    let (name, argument) = filter.iter().next().unwrap();
    match (name.as_str(), argument) {
        ("anything-but", Value::Array(others)) => found.is_some_and(|text| !others.contains(text)),
        ("exists", Value::Bool(is_there)) => found.is_some() == *is_there,
        ("prefix", Value::String(prefix)) => {
            found.and_then(Value::as_str).is_some_and(|text| text.starts_with(prefix.as_str()))
        }
        _ => panic!("the filter {name} is not known here"),
    }
}

mod tests {
    use serde_json::json;

    use super::matches;

    /// Patterns match as EventBridge's documentation describes.
    #[test]
    fn match_as_documented() {
        let event = json!({"a": "x", "b": {"c": ["y", "z"], "d": true, "e": null}});
        for (pattern, expected) in [
            (json!({}), true),
            (json!({"a": ["w", "x"]}), true),
            (json!({"a": ["w"]}), false),
            (json!({"b": {"c": ["z"], "d": [true]}}), true),
            (json!({"b": {"c": ["z"], "d": [false]}}), false),
            (json!({"b": {"e": [null]}}), true),
            (json!({"a": {"c": ["z"]}}), false),
            (json!({"f": ["x"]}), false),
            (json!({"a": [{"anything-but": ["x"]}]}), false),
            (json!({"a": [{"anything-but": ["w"]}]}), true),
            (json!({"f": [{"anything-but": ["w"]}]}), false),
            (json!({"a": [{"prefix": "x"}], "f": [{"exists": false}]}), true),
        ] {
            assert_eq!(matches(&pattern, &event), expected, "{pattern}");
        }
    }
}
