//! An EventBridge envelope: its parts, each checked when it is asked for.

use acs_broker_core::{KeyError, Subject};
use jiff::Timestamp;
use serde_json::error::Category;
use serde_json::{Map, Value};

use crate::date_time;
use crate::error::EventError;
use crate::json::Strict;

/// An EventBridge envelope. Its parts are asked for by JSON pointer (RFC 6901), and only when they
/// are needed: the rest of an event, or of one that is skipped, may have any shape. Null counts as
/// absent.
pub(crate) struct Envelope(Value);

const MAX_ID_LENGTH: usize = 128;

impl Envelope {
    /// Returns the envelope in a text.
    pub(crate) fn parse(text: &str) -> Result<Self, EventError> {
        match serde_json::from_str(text) {
            Ok(Strict(value @ Value::Object(_))) => Ok(Self(value)),
            Ok(_) => Err(EventError::malformed("envelope", "must be a JSON object")),
            // Only `Strict` itself raises an error of this category.
            Err(error) if error.classify() == Category::Data => {
                Err(EventError::malformed("envelope", "must not have a member twice"))
            }
            Err(_) => Err(EventError::malformed("envelope", "must be JSON")),
        }
    }

    /// Returns a text that must be there.
    pub(crate) fn text(&self, pointer: &'static str) -> Result<&str, EventError> {
        let text = self.optional_text(pointer)?;
        text.ok_or_else(|| EventError::malformed(pointer, "must be text"))
    }

    /// Returns a text that may be absent.
    pub(crate) fn optional_text(&self, pointer: &'static str) -> Result<Option<&str>, EventError> {
        self.optional(pointer, "must be text", Value::as_str)
    }

    /// Returns a flag that may be absent.
    pub(crate) fn optional_flag(&self, pointer: &'static str) -> Result<Option<bool>, EventError> {
        self.optional(pointer, "must be true or false", Value::as_bool)
    }

    /// Returns a list; empty when it is absent.
    pub(crate) fn list(&self, pointer: &'static str) -> Result<&[Value], EventError> {
        let list = self.optional(pointer, "must be a list", Value::as_array)?;
        Ok(list.map_or(&[], Vec::as_slice))
    }

    /// Returns a number that must be there.
    pub(crate) fn number(&self, pointer: &'static str) -> Result<f64, EventError> {
        let rule = "must be a number";
        let number = self.optional(pointer, rule, Value::as_f64)?;
        number.ok_or_else(|| EventError::malformed(pointer, rule))
    }

    /// Returns an object that may be absent.
    pub(crate) fn optional_object(
        &self,
        pointer: &'static str,
    ) -> Result<Option<&Map<String, Value>>, EventError> {
        self.optional(pointer, "must be an object", Value::as_object)
    }

    /// Returns a time that must be there.
    pub(crate) fn time(&self, pointer: &'static str) -> Result<Timestamp, EventError> {
        let rule = "must be an RFC 3339 date-time of the years 2000 to 2999";
        let time = self.optional(pointer, rule, |value| date_time::parse(value.as_str()?))?;
        time.ok_or_else(|| EventError::malformed(pointer, rule))
    }

    /// Returns the provider's own id of the event, else the envelope's.
    pub(crate) fn id(&self, own: &'static str) -> Result<String, EventError> {
        for pointer in [own, "/id"] {
            if let Some(id) = self.optional_text(pointer)?.filter(|text| is_id(text)) {
                return Ok(id.to_owned());
            }
        }
        Err(EventError::malformed("/id", "must be 1 to 128 letters, digits and . _ -"))
    }

    /// Returns a subject that may be absent or empty.
    pub(crate) fn subject(&self, pointer: &'static str) -> Result<Option<Subject>, EventError> {
        let text = self.optional_text(pointer)?.filter(|text| !text.is_empty());
        text.map(|text| subject(pointer, text)).transpose()
    }

    /// Follows the pointer. A part of the wrong type is an error and does not count as absent:
    /// an event that is not understood must not be acted on, nor dropped.
    fn optional<'a, T>(
        &'a self,
        pointer: &'static str,
        rule: &'static str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, EventError> {
        let mut value = &self.0;
        for name in pointer.split('/').skip(1) {
            let Value::Object(members) = value else {
                return Err(EventError::malformed(pointer, "must be within an object"));
            };
            match members.get(name) {
                None | Some(Value::Null) => return Ok(None),
                Some(member) => value = member,
            }
        }
        read(value).map(Some).ok_or_else(|| EventError::malformed(pointer, rule))
    }
}

/// Returns the subject in a text that stands at the pointer.
pub(crate) fn subject(pointer: &'static str, text: &str) -> Result<Subject, EventError> {
    let rule = "must be 1 to 255 characters without control characters";
    text.parse().map_err(|_: KeyError| EventError::malformed(pointer, rule))
}

fn is_id(text: &str) -> bool {
    let is_id_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=MAX_ID_LENGTH).contains(&text.len()) && text.bytes().all(is_id_byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule<T>(result: &Result<T, EventError>) -> Option<(&'static str, &'static str)> {
        match result {
            Err(EventError::Malformed { field, rule }) => Some((*field, *rule)),
            _ => None,
        }
    }

    fn envelope(text: &str) -> Envelope {
        Envelope::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    /// A text that is not an envelope is refused with the rule it breaks.
    #[test]
    fn other_text_breaks_a_named_rule() {
        for (text, breaks) in [
            ("", "must be JSON"),
            ("{", "must be JSON"),
            ("{} {}", "must be JSON"),
            ("\u{feff}{}", "must be JSON"),
            ("[{}]", "must be a JSON object"),
            ("null", "must be a JSON object"),
            (r#"{"source": "a", "source": "b"}"#, "must not have a member twice"),
        ] {
            assert_eq!(rule(&Envelope::parse(text)), Some(("envelope", breaks)), "{text}");
        }
    }

    /// A part of the wrong type is an error and does not count as absent.
    #[test]
    fn wrong_type_is_an_error() {
        let read =
            envelope(r#"{"a": {"text": 1, "flag": "true", "list": {}, "null": null}, "b": 1}"#);
        assert_eq!(rule(&read.optional_text("/a/text")), Some(("/a/text", "must be text")));
        assert_eq!(
            rule(&read.optional_flag("/a/flag")),
            Some(("/a/flag", "must be true or false"))
        );
        assert_eq!(rule(&read.list("/a/list")), Some(("/a/list", "must be a list")));
        assert_eq!(rule(&read.number("/a/flag")), Some(("/a/flag", "must be a number")));
        assert_eq!(rule(&read.optional_object("/b")), Some(("/b", "must be an object")));
        assert_eq!(rule(&read.optional_text("/b/c")), Some(("/b/c", "must be within an object")));
        assert_eq!(rule(&read.text("/a/null")), Some(("/a/null", "must be text")));
        let time = rule(&read.time("/a/text")).unwrap();
        assert_eq!(time, ("/a/text", "must be an RFC 3339 date-time of the years 2000 to 2999"));
        for absent in ["/a/null", "/a/null/x", "/c", "/c/d"] {
            assert_eq!(read.optional_text(absent), Ok(None), "{absent}");
        }
    }

    /// The envelope's id stands in for a provider's id that is not one.
    #[test]
    fn envelope_id_is_the_fallback() {
        let id = |text: &str| envelope(text).id("/own");
        assert_eq!(id(r#"{"id": "e-1", "own": "o_1.a"}"#).as_deref(), Ok("o_1.a"));
        for own in ["", "a b", "alice@example.com", &"x".repeat(129)] {
            let text = format!(r#"{{"id": "e-1", "own": "{own}"}}"#);
            assert_eq!(id(&text).as_deref(), Ok("e-1"), "{own}");
        }
        assert_eq!(rule(&id("{}")).unwrap().0, "/id");
    }
}
