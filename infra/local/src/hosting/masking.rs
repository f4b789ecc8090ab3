//! Bodies as people may see them: without tokens and keys, and not too long.

use serde_json::Value;

/// The longest text that is shown of one body, in characters.
const MAX_CHARS: usize = 2_000;
/// The members that hold a secret, in lower case.
const SECRETS: [&str; 4] = ["token", "accesskey", "authorization", "secret"];
/// How many characters of a secret are shown, its last ones.
const SHOWN: usize = 8;

/// Returns a body as JSON without secrets, as a text if it is too long or none; `null` if there is
/// none.
pub(crate) fn body(bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    let Ok(mut json) = serde_json::from_slice::<Value>(bytes) else {
        return Value::String(shortened(&String::from_utf8_lossy(bytes)));
    };
    mask(&mut json);
    let text = json.to_string();
    if text.chars().nth(MAX_CHARS).is_some() { Value::String(shortened(&text)) } else { json }
}

fn mask(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(mask),
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if is_secret(name, text) => *text = masked(text),
                    member => mask(member),
                }
            }
        }
        Value::String(text) if is_jwt(text) => *text = masked(text),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn is_secret(name: &str, text: &str) -> bool {
    SECRETS.contains(&name.to_lowercase().as_str()) || is_jwt(text)
}

fn is_jwt(text: &str) -> bool {
    text.starts_with("eyJ") && text.matches('.').count() == 2
}

fn masked(text: &str) -> String {
    let hidden = text.chars().count().saturating_sub(SHOWN);
    format!("…{}", text.chars().skip(hidden.max(SHOWN)).collect::<String>())
}

fn shortened(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_CHARS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    mod body {
        use super::*;

        /// A screenshot of a step gives no token away, wherever the token stands.
        #[test]
        fn hides_tokens_and_keys() {
            let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl";
            let given = json!({"accessToken": {"token": jwt, "expiresOn": "2026"}, "list": [jwt]});
            let shown = body(given.to_string().as_bytes());
            assert_eq!(shown["accessToken"]["token"], "…bmF0dXJl");
            assert_eq!(shown["accessToken"]["expiresOn"], "2026");
            assert_eq!(shown["list"][0], "…bmF0dXJl");
            assert_eq!(body(br#"{"accessKey":"short"}"#), json!({"accessKey": "…"}));
        }

        /// A long body is cut, and one that is not JSON is a text.
        #[test]
        fn is_cut_and_never_fails() {
            let long = format!("\"{}\"", "x".repeat(MAX_CHARS));
            assert!(body(long.as_bytes()).as_str().unwrap().ends_with('…'));
            assert_eq!(body(b"<html>"), json!("<html>"));
            assert_eq!(body(b""), Value::Null);
        }
    }
}
