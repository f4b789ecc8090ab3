//! Whether an answer is one that `infra/aws/openapi.yaml` promises.

use std::sync::LazyLock;

use http::Method;
use http::header::CONTENT_TYPE;
use jsonschema::Draft;
use serde_json::{Map, Value, json};

use crate::answer::Answer;

/// The contract.
pub static OPENAPI: LazyLock<Value> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a test cannot go on without the contract")]
    serde_saphyr::from_str(include_str!("../../infra/aws/openapi.yaml"))
        .expect("openapi.yaml is YAML")
});

/// Checks an answer: status, media type, body and headers must be documented for the operation,
/// and a body that the contract does not allow must not have been granted. An answer to a request
/// that is no operation of the contract is not checked.
///
/// # Errors
/// What is not as documented.
pub fn check(method: &Method, path: &str, sent: &[u8], answer: &Answer) -> Result<(), String> {
    let Some(operation) = operation(method, path) else { return Ok(()) };
    let status = answer.status.as_str();
    let documented = operation.get("responses").and_then(|responses| responses.get(status));
    let documented = resolved(documented.ok_or_else(|| format!("{status} is not documented"))?);
    check_headers(documented, answer)?;
    check_body(documented, answer)?;
    if answer.status.is_success() && !sent.is_empty() {
        check_sent(operation, sent)?;
    }
    Ok(())
}

fn check_headers(documented: &Value, answer: &Answer) -> Result<(), String> {
    for (name, header) in members(documented.get("headers")) {
        let Some(value) = answer.headers.get(name) else { continue };
        let text = value.to_str().map_err(|error| format!("{name}: {error}"))?;
        let schema = resolved(header).get("schema").cloned().unwrap_or_default();
        let is_number = schema.get("type") == Some(&json!("integer"));
        let value =
            if is_number { serde_json::from_str(text).unwrap_or_default() } else { json!(text) };
        fits(&schema, &value).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}

fn check_body(documented: &Value, answer: &Answer) -> Result<(), String> {
    let content: Vec<_> = members(documented.get("content")).collect();
    if content.is_empty() {
        let is_empty = answer.text.is_empty() && !answer.headers.contains_key(CONTENT_TYPE);
        return if is_empty { Ok(()) } else { Err("there must be no body".to_owned()) };
    }
    let media_type = answer.header(CONTENT_TYPE.as_str());
    let (_, documented) = content
        .into_iter()
        .find(|(name, _)| *name == media_type)
        .ok_or_else(|| format!("`{media_type}` is no documented media type"))?;
    let body = serde_json::from_str(&answer.text).map_err(|error| error.to_string())?;
    fits(documented.get("schema").unwrap_or(&Value::Null), &body)
}

fn check_sent(operation: &Value, sent: &[u8]) -> Result<(), String> {
    let schema = operation
        .pointer("/requestBody/content/application~1json/schema")
        .ok_or("a request body is not documented")?;
    let sent = serde_json::from_slice(sent).map_err(|error| error.to_string())?;
    fits(schema, &sent).map_err(|error| format!("it granted a body that breaks a rule: {error}"))
}

/// The operation of a request, by its path as it was sent.
fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let given: Vec<_> = path.split('/').collect();
    let is_this = |template: &str| {
        let template: Vec<_> = template.split('/').collect();
        let mut pairs = template.iter().zip(&given);
        template.len() == given.len()
            && pairs.all(|(template, given)| template.starts_with('{') || template == given)
    };
    let (_, item) = members(OPENAPI.get("paths")).find(|(template, _)| is_this(template))?;
    item.get(method.as_str().to_ascii_lowercase())
}

/// `{"$ref": "#/…"}` followed, anything else as it is.
fn resolved(value: &'static Value) -> &'static Value {
    let target = value.get("$ref").and_then(Value::as_str);
    let target = target.and_then(|target| OPENAPI.pointer(target.trim_start_matches('#')));
    target.unwrap_or(value)
}

fn members(object: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    let object: Option<&Map<String, Value>> = object.and_then(Value::as_object);
    object.into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

/// Whether a value fits a schema of the contract. OpenAPI 3.0 writes schemas much as draft 4 of
/// JSON Schema does, and the contract uses nothing in which they differ.
fn fits(schema: &Value, value: &Value) -> Result<(), String> {
    let whole = json!({ "allOf": [schema], "components": OPENAPI.get("components") });
    let validator = jsonschema::options()
        .with_draft(Draft::Draft4)
        .should_validate_formats(true)
        .build(&whole)
        .map_err(|error| format!("no schema: {error}"))?;
    let breaches: Vec<_> = validator
        .iter_errors(value)
        .map(|error| format!("{} {error}", error.instance_path()))
        .collect();
    if breaches.is_empty() { Ok(()) } else { Err(breaches.join("; ")) }
}
