//! Claims as an HTTP API passes them to a function: every value is text.
//!
//! Strings stay as they are, numbers and booleans become their text, an array becomes
//! `"[a b]"`, a null claim disappears. Observed on the service; that an object becomes its JSON
//! text is inferred.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// The text of each claim.
#[must_use]
pub(crate) fn as_text(claims: &Map<String, Value>) -> BTreeMap<String, String> {
    claims
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.clone(), text(value)))
        .collect()
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(" "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

/// The token's scopes: claim `scope`, else `scp`; separated by spaces (RFC 8693, section 4.2), or an
/// array.
#[must_use]
pub(crate) fn scopes(claims: &Map<String, Value>) -> Vec<String> {
    match claims.get("scope").or_else(|| claims.get("scp")) {
        Some(Value::String(scopes)) => {
            scopes.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
        }
        Some(Value::Array(scopes)) => {
            scopes.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(object) = value else { panic!("{value}") };
        object
    }

    /// A function sees the same text for a claim as behind the real gateway.
    #[test]
    fn claims_become_text_as_on_aws() {
        let claims = object(json!({
            "sub": "alice", "auth_time": 1_787_992_402, "email_verified": true,
            "cognito:groups": ["admin", "poweruser"], "aud": ["app"], "levels": [1, true],
            "nickname": null, "address": {"country": "NO"}, "empty": [],
        }));
        let expected = [
            ("address", r#"{"country":"NO"}"#),
            ("aud", "[app]"),
            ("auth_time", "1787992402"),
            ("cognito:groups", "[admin poweruser]"),
            ("email_verified", "true"),
            ("empty", "[]"),
            ("levels", "[1 true]"),
            ("sub", "alice"),
        ];
        let expected = expected.map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(as_text(&claims), BTreeMap::from(expected));
    }

    /// Scopes are read from either claim, in either form.
    #[test]
    fn scopes_are_read_in_any_form() {
        assert_eq!(scopes(&object(json!({"scope": "a  b"}))), ["a", "b"]);
        assert_eq!(scopes(&object(json!({"scp": ["a", "b"]}))), ["a", "b"]);
        let other_spaces = json!({"scope": "a\tb a\u{a0}b"});
        assert_eq!(scopes(&object(other_spaces)), ["a\tb", "a\u{a0}b"]);
        assert_eq!(scopes(&object(json!({"scope": "a", "scp": "b"}))), ["a"]);
        assert!(scopes(&object(json!({"scope": 7}))).is_empty());
        assert!(scopes(&object(json!({}))).is_empty());
    }
}
