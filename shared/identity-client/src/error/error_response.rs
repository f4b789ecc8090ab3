//! Responses of error, from ACS or a front door before it.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use jiff::Timestamp;
use serde_json::Value;

use crate::credentials::key_ring::RefreshError;
use crate::error::retry_after::read_retry_after;

/// The longest code or message that is kept, in characters.
const MAX_TEXT_CHARS: usize = 300;

/// A response with any other status than success.
#[derive(Debug)]
pub(crate) struct ErrorResponse {
    status: StatusCode,
    retry_after: Option<Duration>,
    code: Option<String>,
    message: Option<String>,
    is_json: bool,
    no_fresh_keys: Option<RefreshError>,
}

impl ErrorResponse {
    /// Reads what there is to read in any response; `now` turns a `Retry-After` date into a delay.
    pub(crate) fn new(response: &Response<Bytes>, now: Timestamp) -> Self {
        // ACS's errors are {"error":{"code","message"}}; in outages other shapes were seen, and
        // pages of HTML from the front door.
        let body: Option<Value> = if response.body().trim_ascii().is_empty() {
            Some(Value::Null)
        } else {
            serde_json::from_slice(response.body()).ok()
        };
        let is_json = body.is_some();
        let body = body.unwrap_or_default();
        let error = body.get("error").unwrap_or(&body);
        let code = error.get("code").and_then(text);
        let message = error.get("message").or(Some(error)).and_then(text);
        let retry_after = read_retry_after(response.headers(), now);
        let status = response.status();
        Self { status, retry_after, code, message, is_json, no_fresh_keys: None }
    }

    /// Returns the refusal of a key with the reason why there is no other key to try.
    pub(crate) fn without_fresh_keys(self, why: RefreshError) -> Self {
        Self { no_fresh_keys: Some(why), ..self }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    pub(crate) fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    pub(crate) fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// Returns whether the identity belongs to another resource. Recorded from live sessions: 401
    /// with this code.
    pub(crate) fn is_not_owned(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED && self.code() == Some("IdentityNotOwned")
    }

    /// Returns whether ACS refuses the signature: its key or its date. Another signature may be
    /// accepted. That is not so after 403, which refuses a key that is known: all keys of a
    /// resource have the same rights.
    pub(crate) fn is_signature_refusal(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
            && !self.is_not_owned()
            && !self.is_no_such_identity()
    }

    /// Returns whether the identity does not exist.
    ///
    /// The message is known from users' reports
    /// (<https://github.com/Azure/azure-sdk-for-js/issues/19849>), the code is inferred. A 404 with
    /// neither is not one: a wrong address responds so about every identity.
    pub(crate) fn is_no_such_identity(&self) -> bool {
        let is_known = |text: &str| text.contains("identity doesn't exist");
        self.message().is_some_and(is_known) || self.code() == Some("IdentityNotFound")
    }
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the response was {}", self.status.as_u16())?;
        if let Some(code) = &self.code {
            write!(f, " {code}")?;
        }
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        if !self.is_json {
            f.write_str(", not in JSON")?;
        }
        Ok(())
    }
}

impl Error for ErrorResponse {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.no_fresh_keys.as_ref().map(|why| why as &(dyn Error + 'static))
    }
}

/// Returns a text or number on one line, cut to what a log line bears.
fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    let text = without_ids(&text);
    (!text.is_empty()).then(|| text.chars().take(MAX_TEXT_CHARS).map(printable).collect())
}

/// Removes the ids of identities: they stand for users, and have no place in a log.
fn without_ids(text: &str) -> String {
    let mut parts = text.split("8:acs:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let is_of_id = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        text + "8:acs:…" + part.trim_start_matches(is_of_id)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_response(status: u16, body: impl Into<Bytes>) -> ErrorResponse {
        let mut response = Response::new(body.into());
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        ErrorResponse::new(&response, Timestamp::UNIX_EPOCH)
    }

    /// Every body makes a clear error.
    #[test]
    fn every_body_makes_clear_error() {
        for (body, shown) in [
            (
                r#"{"error":{"code":"ValidationError","message":"No scopes.","target":"Scopes"}}"#,
                "the response was 400 ValidationError: No scopes.",
            ),
            (r#"{"error":{"code":7509,"message":"failed"}}"#, "the response was 400 7509: failed"),
            (r#"{"error":{"code":"","message":null}}"#, "the response was 400"),
            (r#"{"error":{}}"#, "the response was 400"),
            (r#"{"error":null}"#, "the response was 400"),
            (r#"{"error":"no object"}"#, "the response was 400: no object"),
            (r#"{"message":"at the top"}"#, "the response was 400: at the top"),
            (r#"{"code":"C","message":"at the top"}"#, "the response was 400 C: at the top"),
            (r#"{"error":{"message":"two\r\nlines"}}"#, "the response was 400: two  lines"),
            (r#""only text""#, "the response was 400: only text"),
            ("{}", "the response was 400"),
            ("", "the response was 400"),
            (" \r\n", "the response was 400"),
            ("null", "the response was 400"),
            ("[]", "the response was 400"),
            (r#"[{"code":"C"}]"#, "the response was 400"),
            (r#"{"error":{"code":"Ident"#, "the response was 400, not in JSON"),
            ("<!DOCTYPE html><h1>Bad Gateway</h1>", "the response was 400, not in JSON"),
            ("\u{feff}{}", "the response was 400, not in JSON"),
        ] {
            assert_eq!(error_response(400, body).to_string(), shown, "{body}");
        }
        let error = error_response(400, &b"\xff\xfe"[..]);
        assert_eq!(error.to_string(), "the response was 400, not in JSON");
    }

    /// A long message is cut, so that it does not flood the log.
    #[test]
    fn long_message_is_cut() {
        let body = serde_json::json!({"error": {"message": "é".repeat(5000)}}).to_string();
        assert_eq!(error_response(500, body).message().unwrap().chars().count(), MAX_TEXT_CHARS);
    }
}
