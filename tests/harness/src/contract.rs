//! Checks responses against `infra/aws/openapi.yaml`.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use http::Method;
use http::header::CONTENT_TYPE;
use jsonschema::{Draft, Validator};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use crate::response::Response;

/// The contract.
pub static OPENAPI: LazyLock<Value> = LazyLock::new(|| {
    serde_saphyr::from_str(include_str!("../../../infra/aws/openapi.yaml"))
        .expect("openapi.yaml is YAML")
});

/// The headers of each response of a function: not to be stored, not to be sniffed, https only.
const ALWAYS: [(&str, &str); 3] = [
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("strict-transport-security", "max-age=63072000; includeSubDomains"),
];

/// Checks a response: status, media type and body must be documented for the operation, the headers
/// documented for the status must be there, and a body that the contract does not allow must not
/// have been granted. A response to a request outside the contract is not checked.
///
/// # Errors
/// The first deviation from the contract.
pub fn check(method: &Method, path: &str, sent: &[u8], response: &Response) -> Result<(), String> {
    let Some(operation) = operation(method, path) else { return Ok(()) };
    let status = response.status.as_str();
    let documented = operation.get("responses").and_then(|responses| responses.get(status));
    let documented = resolved(documented.ok_or_else(|| format!("{status} is not documented"))?);
    check_headers(documented, response)?;
    check_body(documented, response)?;
    if response.status.is_success() && !sent.is_empty() {
        check_sent(operation, sent)?;
    }
    Ok(())
}

fn check_headers(documented: &'static Value, response: &Response) -> Result<(), String> {
    let is_gateways_own = response.json().get("message").is_some();
    for (name, value) in ALWAYS {
        if !is_gateways_own && response.header(name) != value {
            return Err(format!("{name} is not `{value}`"));
        }
    }
    for (name, header) in members(documented.get("headers")) {
        let value = response.headers.get(name).ok_or_else(|| format!("{name} is missing"))?;
        let text = value.to_str().map_err(|error| format!("{name}: {error}"))?;
        let schema = resolved(header).get("schema").cloned().unwrap_or_default();
        let is_number = schema.get("type") == Some(&json!("integer"));
        let number = || serde_json::from_str(text).unwrap_or_default();
        let value = if is_number { number() } else { json!(text) };
        fits(&schema, &value).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}

fn check_body(documented: &Value, response: &Response) -> Result<(), String> {
    let content: Vec<_> = members(documented.get("content")).collect();
    if content.is_empty() {
        let is_empty = response.text.is_empty() && !response.headers.contains_key(CONTENT_TYPE);
        return if is_empty { Ok(()) } else { Err("there must be no body".to_owned()) };
    }
    let media_type = response.header(CONTENT_TYPE.as_str());
    let (_, documented) = content
        .into_iter()
        .find(|(name, _)| *name == media_type)
        .ok_or_else(|| format!("`{media_type}` is no documented media type"))?;
    let body = serde_json::from_str(&response.text).map_err(|error| error.to_string())?;
    fits(documented.get("schema").unwrap_or(&Value::Null), &body)
}

fn check_sent(operation: &'static Value, sent: &[u8]) -> Result<(), String> {
    let documented = operation.get("requestBody").map(resolved);
    let schema = documented
        .and_then(|body| body.pointer("/content/application~1json/schema"))
        .ok_or("a request body is not documented")?;
    let sent = serde_json::from_slice(sent).map_err(|error| error.to_string())?;
    fits(schema, &sent).map_err(|error| format!("it granted a body that breaks a rule: {error}"))
}

/// The operation of a request. The gateway decodes the path before it looks for one.
fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let path = percent_decode_str(path).decode_utf8_lossy();
    let given: Vec<_> = path.split('/').collect();
    let is_this = |template: &str| {
        let template: Vec<_> = template.split('/').collect();
        let mut pairs = template.iter().zip(&given);
        template.len() == given.len()
            && pairs.all(|(template, given)| {
                let fits_any = template.starts_with('{') && !given.is_empty();
                fits_any || template == given
            })
    };
    let (_, item) = members(OPENAPI.get("paths")).find(|(template, _)| is_this(template))?;
    item.get(method.as_str().to_ascii_lowercase())
}

/// The target of `{"$ref": "#/…"}`, or the value itself if it is not a reference.
fn resolved(value: &'static Value) -> &'static Value {
    let target = value.get("$ref").and_then(Value::as_str);
    let target = target.and_then(|target| OPENAPI.pointer(target.trim_start_matches('#')));
    target.unwrap_or(value)
}

fn members(object: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    let object: Option<&Map<String, Value>> = object.and_then(Value::as_object);
    object.into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

/// Whether a value fits a schema of the contract.
fn fits(schema: &Value, value: &Value) -> Result<(), String> {
    let breaches: Vec<_> = validator(schema)?
        .iter_errors(value)
        .map(|error| format!("{} {error}", error.instance_path()))
        .collect();
    if breaches.is_empty() { Ok(()) } else { Err(breaches.join("; ")) }
}

/// The validator of a schema, built at its first use. OpenAPI 3.0 writes schemas as draft 4 of JSON
/// Schema does, but for `nullable`.
fn validator(schema: &Value) -> Result<Arc<Validator>, String> {
    static MADE: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(validator) = made.get(&schema.to_string()) {
        return Ok(Arc::clone(validator));
    }
    let mut whole = json!({ "allOf": [schema], "components": OPENAPI.get("components") });
    spell_nullable_out(&mut whole);
    let options = jsonschema::options().with_draft(Draft::Draft4).should_validate_formats(true);
    let validator = options.build(&whole).map_err(|error| format!("no schema: {error}"))?;
    let validator = Arc::new(validator);
    made.insert(schema.to_string(), Arc::clone(&validator));
    Ok(validator)
}

/// `{"type": "integer", "nullable": true}` as JSON Schema writes it: `{"type": ["integer",
/// "null"]}`.
fn spell_nullable_out(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.values_mut().for_each(spell_nullable_out);
            if members.get("nullable") == Some(&Value::Bool(true))
                && let Some(kind) = members.get_mut("type")
            {
                *kind = json!([kind.take(), "null"]);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(spell_nullable_out),
        _ => {}
    }
}
