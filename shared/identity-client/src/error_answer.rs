//! Answers of error, from ACS or whatever stands before it.

use std::{error::Error, fmt, time::Duration};

use bytes::Bytes;
use http::{Response, StatusCode, header::RETRY_AFTER};
use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};
use serde_json::Value;

use crate::key_ring::RenewalError;

/// Longest delay that is passed on.
const LONGEST_DELAY: Duration = Duration::from_hours(24);
/// Longest code or message that is kept, in characters.
const LONGEST_TEXT: usize = 300;

/// An answer with any other status than success.
#[derive(Debug)]
pub(crate) struct ErrorAnswer {
    status: StatusCode,
    retry_after: Option<Duration>,
    code: Option<String>,
    message: Option<String>,
    is_json: bool,
    no_fresh_keys: Option<RenewalError>,
}

impl ErrorAnswer {
    /// Makes the best of any answer; `now` turns a `Retry-After` date into a delay.
    pub(crate) fn new(answer: &Response<Bytes>, now: Timestamp) -> Self {
        // ACS's errors are {"error":{"code","message"}}; in outages other shapes were seen, and pages
        // of HTML from the front door.
        let body: Option<Value> = if answer.body().trim_ascii().is_empty() {
            Some(Value::Null)
        } else {
            serde_json::from_slice(answer.body()).ok()
        };
        let is_json = body.is_some();
        let body = body.unwrap_or_default();
        let error = body.get("error").unwrap_or(&body);
        let code = error.get("code").and_then(text);
        let message = error.get("message").or(Some(error)).and_then(text);
        let retry_after = answer.headers().get(RETRY_AFTER).and_then(|value| {
            delay(value.to_str().ok()?.trim(), now).map(|delay| delay.min(LONGEST_DELAY))
        });
        let status = answer.status();
        Self { status, retry_after, code, message, is_json, no_fresh_keys: None }
    }

    /// The refusal of a key, with the reason why there is no other to try.
    pub(crate) fn without_fresh_keys(self, why: RenewalError) -> Self {
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

    /// Recorded from live sessions: 401 with this code.
    pub(crate) fn says_not_owned(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED && self.code() == Some("IdentityNotOwned")
    }

    /// ACS does not accept the key, or cannot tell whose it is; another key may do. Not after 403, the
    /// answer to a key that is known and may not do this: all keys of a resource may do the same.
    pub(crate) fn refuses_the_key(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
            && !self.says_not_owned()
            && !self.says_no_such_identity()
    }

    /// The message is known from users' reports
    /// (<https://github.com/Azure/azure-sdk-for-js/issues/19849>), the code is inferred. A 404 that says
    /// neither is none: whatever stands at a wrong address answers so about every identity.
    pub(crate) fn says_no_such_identity(&self) -> bool {
        let said = |text: &str| text.contains("identity doesn't exist");
        self.message().is_some_and(said) || self.code() == Some("IdentityNotFound")
    }
}

impl fmt::Display for ErrorAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the answer was {}", self.status.as_u16())?;
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

impl Error for ErrorAnswer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.no_fresh_keys.as_ref().map(|why| why as &(dyn Error + 'static))
    }
}

/// A text or number, on one line and cut to what a log line bears.
fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    let text = without_ids(&text);
    (!text.is_empty()).then(|| text.chars().take(LONGEST_TEXT).map(printable).collect())
}

/// Identities name users, and have no place in a log.
fn without_ids(text: &str) -> String {
    let mut parts = text.split("8:acs:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let is_of_id = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        text + "8:acs:…" + part.trim_start_matches(is_of_id)
    })
}

/// `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3).
fn delay(value: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTimeParser::new().parse_timestamp(value).ok()?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn answer(status: u16, body: impl Into<Bytes>) -> Response<Bytes> {
        let mut answer = Response::new(body.into());
        *answer.status_mut() = StatusCode::from_u16(status).unwrap();
        answer
    }

    #[test]
    fn every_body_gives_a_clear_error() {
        for (body, shown) in [
            (
                r#"{"error":{"code":"ValidationError","message":"Scopes: The Scopes field is required.","target":"Scopes"}}"#,
                "the answer was 400 ValidationError: Scopes: The Scopes field is required.",
            ),
            (r#"{"error":{"code":7509,"message":"failed"}}"#, "the answer was 400 7509: failed"),
            (r#"{"error":{"code":"","message":null}}"#, "the answer was 400"),
            (r#"{"error":{}}"#, "the answer was 400"),
            (r#"{"error":null}"#, "the answer was 400"),
            (r#"{"error":"no object"}"#, "the answer was 400: no object"),
            (r#"{"message":"at the top"}"#, "the answer was 400: at the top"),
            (r#"{"code":"C","message":"at the top"}"#, "the answer was 400 C: at the top"),
            (r#"{"error":{"message":"two\r\nlines"}}"#, "the answer was 400: two  lines"),
            (r#""only text""#, "the answer was 400: only text"),
            ("{}", "the answer was 400"),
            ("", "the answer was 400"),
            (" \r\n", "the answer was 400"),
            ("null", "the answer was 400"),
            ("[]", "the answer was 400"),
            (r#"[{"code":"C"}]"#, "the answer was 400"),
            (r#"{"error":{"code":"Ident"#, "the answer was 400, not in JSON"),
            ("<!DOCTYPE html><h1>Bad Gateway</h1>", "the answer was 400, not in JSON"),
            ("\u{feff}{}", "the answer was 400, not in JSON"),
        ] {
            let error = ErrorAnswer::new(&answer(400, body), Timestamp::UNIX_EPOCH);
            assert_eq!(error.to_string(), shown, "{body}");
        }
        let error = ErrorAnswer::new(&answer(400, &b"\xff\xfe"[..]), Timestamp::UNIX_EPOCH);
        assert_eq!(error.to_string(), "the answer was 400, not in JSON");
    }

    #[test]
    fn a_long_message_does_not_flood_the_log() {
        let body = serde_json::json!({"error": {"message": "é".repeat(5000)}}).to_string();
        let error = ErrorAnswer::new(&answer(500, body), Timestamp::UNIX_EPOCH);
        assert_eq!(error.message().unwrap().chars().count(), LONGEST_TEXT);
    }

    #[test]
    fn a_delay_is_seconds_or_a_date_and_never_longer_than_a_day() {
        let now = "2026-11-23T12:00:00Z".parse().unwrap();
        for (value, seconds) in [
            ("5", Some(5)),
            ("0", Some(0)),
            ("Mon, 23 Nov 2026 12:00:30 GMT", Some(30)),
            ("Mon, 23 Nov 2026 11:59:30 GMT", Some(0)),
            ("18446744073709551615", Some(86_400)),
            ("18446744073709551616", None),
            ("-5", None),
            ("1.5", None),
            ("", None),
        ] {
            let mut answer = answer(429, "");
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_str(value).unwrap());
            let delay = ErrorAnswer::new(&answer, now).retry_after();
            assert_eq!(delay, seconds.map(Duration::from_secs), "{value:?}");
        }
    }
}
