//! The JSON body of a request.

use serde::de::DeserializeOwned;

use crate::http::event::{HttpRequest, RequestBody};
use crate::http::problem::ProblemDetails;
use crate::http::problem_code::ProblemCode;

/// Enough for 25 users of an operator's request with the longest names in any script.
const MAX_BODY_BYTES: usize = 64 * 1024;

impl HttpRequest {
    /// Reads an optional JSON body. Without a body, or with the body `null`, it returns the
    /// default.
    ///
    /// # Errors
    /// The body is too large, is coded, is not UTF-8 JSON, or has a field that is unknown, double
    /// or of the wrong type; the detail names the field.
    pub fn json_body<T: DeserializeOwned + Default>(&self) -> Result<T, ProblemDetails> {
        let body = match &self.body {
            RequestBody::Absent => return Ok(T::default()),
            RequestBody::NotBase64 => {
                return Err(ProblemDetails::invalid("body: must be base64, as the event says"));
            }
            RequestBody::Bytes(bytes) => bytes.as_slice(),
        };
        if body.len() > MAX_BODY_BYTES {
            let detail = format!("body: must be at most {MAX_BODY_BYTES} bytes");
            return Err(ProblemDetails::new(ProblemCode::BodyTooLarge).with_detail(detail));
        }
        if !self.is_uncoded_json() {
            return Err(ProblemDetails::new(ProblemCode::UnsupportedMediaType));
        }
        if body.starts_with("\u{feff}".as_bytes()) {
            return Err(ProblemDetails::invalid("body: must not begin with a byte-order mark"));
        }
        let trimmed = body.trim_ascii();
        // HTTP clients send `null` for a body that was not given.
        if trimmed == b"null" {
            return Ok(T::default());
        }
        // Serde would read an array as the fields of a struct in their order.
        if trimmed.first() != Some(&b'{') {
            return Err(ProblemDetails::invalid("body: must be a JSON object"));
        }
        let mut json = serde_json::Deserializer::from_slice(body);
        let parsed = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let path = error.path().to_string();
            // `.` is the whole, `?` a place before the first field.
            let place = if [".", "?"].contains(&path.as_str()) { "body".to_owned() } else { path };
            ProblemDetails::invalid(format!("{place}: {}", rule_of(error.inner())))
        })?;
        json.end()
            .map_err(|error| ProblemDetails::invalid(format!("body: {}", rule_of(&error))))?;
        Ok(parsed)
    }

    /// Refuses a body on an operation that has none: a parameter that is sent there and silently
    /// ignored would do to a user what the caller did not mean.
    ///
    /// # Errors
    /// There is a body.
    pub fn reject_body(&self) -> Result<(), ProblemDetails> {
        match &self.body {
            RequestBody::Absent => Ok(()),
            RequestBody::NotBase64 | RequestBody::Bytes(_) => {
                Err(ProblemDetails::invalid("body: this operation has none"))
            }
        }
    }

    /// Returns whether the body is declared as JSON in UTF-8 without a content coding (RFC 9110,
    /// sections 8.3 and 8.4).
    fn is_uncoded_json(&self) -> bool {
        let coding = self.header("content-encoding").unwrap_or_else(|| "identity".to_owned());
        let declared = self.header("content-type").unwrap_or_default();
        let mut parts = declared.split(';').map(str::trim);
        let is_json =
            parts.next().is_some_and(|name| name.eq_ignore_ascii_case("application/json"));
        let is_utf8 = parts.all(|parameter| {
            let Some((name, value)) = parameter.split_once('=') else { return true };
            let value = value.trim().trim_matches('"');
            !name.trim().eq_ignore_ascii_case("charset") || value.eq_ignore_ascii_case("utf-8")
        });
        coding.trim().eq_ignore_ascii_case("identity") && is_json && is_utf8
    }
}

/// Returns what a parser says, without the place in the text: the field is named already.
fn rule_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(place) if !error.is_syntax() && !error.is_eof() => text[..place].to_owned(),
        _ => text,
    }
}
