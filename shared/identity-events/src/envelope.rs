use acs_broker_store_dynamodb::{InvalidKey, Subject};
use jiff::Timestamp;
use serde_json::error::Category;
use serde_json::{Map, Value};

use crate::json::Strict;
use crate::unusable::Unusable;

/// An `EventBridge` envelope. Its parts are asked for by JSON pointer (RFC 6901), and only when
/// they are needed: the rest of an event, or of one that is ignored, may have any shape. Null
/// counts as left out.
pub(crate) struct Envelope(Value);

const LONGEST_ID: usize = 128;

impl Envelope {
    pub(crate) fn parse(text: &str) -> Result<Self, Unusable> {
        match serde_json::from_str(text) {
            Ok(Strict(value @ Value::Object(_))) => Ok(Self(value)),
            Ok(_) => Err(broken("envelope", "must be a JSON object")),
            Err(error) if error.classify() == Category::Data => {
                Err(broken("envelope", "must not have a member twice"))
            }
            Err(_) => Err(broken("envelope", "must be JSON")),
        }
    }

    pub(crate) fn text(&self, pointer: &'static str) -> Result<&str, Unusable> {
        self.optional_text(pointer)?.ok_or_else(|| broken(pointer, "must be text"))
    }

    pub(crate) fn optional_text(&self, pointer: &'static str) -> Result<Option<&str>, Unusable> {
        self.optional(pointer, "must be text", Value::as_str)
    }

    pub(crate) fn optional_flag(&self, pointer: &'static str) -> Result<Option<bool>, Unusable> {
        self.optional(pointer, "must be true or false", Value::as_bool)
    }

    /// A list; empty when it is left out.
    pub(crate) fn list(&self, pointer: &'static str) -> Result<&[Value], Unusable> {
        let list = self.optional(pointer, "must be a list", Value::as_array)?;
        Ok(list.map_or(&[], Vec::as_slice))
    }

    pub(crate) fn number(&self, pointer: &'static str) -> Result<f64, Unusable> {
        let rule = "must be a number";
        self.optional(pointer, rule, Value::as_f64)?.ok_or_else(|| broken(pointer, rule))
    }

    pub(crate) fn optional_object(
        &self,
        pointer: &'static str,
    ) -> Result<Option<&Map<String, Value>>, Unusable> {
        self.optional(pointer, "must be an object", Value::as_object)
    }

    pub(crate) fn time(&self, pointer: &'static str) -> Result<Timestamp, Unusable> {
        let rule = "must be an RFC 3339 date-time of the years 2000 to 2999";
        let time = self.optional(pointer, rule, |value| date_time(value.as_str()?))?;
        time.ok_or_else(|| broken(pointer, rule))
    }

    /// The provider's own id of the event, else the envelope's.
    pub(crate) fn id(&self, own: &'static str) -> Result<&str, Unusable> {
        for pointer in [own, "/id"] {
            if let Some(id) = self.optional_text(pointer)?.filter(|text| is_id(text)) {
                return Ok(id);
            }
        }
        Err(broken("/id", "must be 1 to 128 letters, digits and . _ -"))
    }

    /// A subject that may be left out, or be empty.
    pub(crate) fn subject(&self, pointer: &'static str) -> Result<Option<Subject>, Unusable> {
        let text = self.optional_text(pointer)?.filter(|text| !text.is_empty());
        text.map(|text| subject(pointer, text)).transpose()
    }

    fn optional<'a, T>(
        &'a self,
        pointer: &'static str,
        rule: &'static str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Unusable> {
        let mut value = &self.0;
        for name in pointer.split('/').skip(1) {
            let Value::Object(members) = value else {
                return Err(broken(pointer, "must be within an object"));
            };
            match members.get(name) {
                None | Some(Value::Null) => return Ok(None),
                Some(member) => value = member,
            }
        }
        read(value).map(Some).ok_or_else(|| broken(pointer, rule))
    }
}

pub(crate) fn subject(pointer: &'static str, text: &str) -> Result<Subject, Unusable> {
    let rule = "must be 1 to 255 characters without control characters";
    text.parse().map_err(|_: InvalidKey| broken(pointer, rule))
}

pub(crate) fn broken(field: &'static str, rule: &'static str) -> Unusable {
    Unusable::NotAnEvent { field, rule }
}

fn is_id(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=LONGEST_ID).contains(&text.len()) && text.bytes().all(is_part)
}

/// RFC 3339, section 5.6, in capitals, without leap seconds, to the nanosecond. Jiff takes more: a
/// space for the `T`, the name of a zone, offsets of a whole day.
fn date_time(text: &str) -> Option<Timestamp> {
    let (moment, rest) = text.split_at_checked(19)?;
    let (fraction, offset) = rest.split_at_checked(rest.find(['Z', '+', '-'])?)?;
    let is_moment = shape(moment) == "0000-00-00T00:00:00"
        && moment.starts_with('2')
        && !moment.ends_with("60");
    let is_fraction = match fraction.strip_prefix('.') {
        Some(digits) => {
            (1..=9).contains(&digits.len()) && digits.bytes().all(|d| d.is_ascii_digit())
        }
        None => fraction.is_empty(),
    };
    let is_offset = match offset.strip_prefix(['+', '-']) {
        Some(hours) => shape(hours) == "00:00" && hours < "24",
        None => offset == "Z",
    };
    if is_moment && is_fraction && is_offset { text.parse().ok() } else { None }
}

fn shape(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule<T>(result: &Result<T, Unusable>) -> Option<(&'static str, &'static str)> {
        match result {
            Err(Unusable::NotAnEvent { field, rule }) => Some((*field, *rule)),
            _ => None,
        }
    }

    fn envelope(text: &str) -> Envelope {
        Envelope::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn a_text_that_is_no_envelope_is_told_which_rule_it_breaks() {
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

    #[test]
    fn a_part_of_the_wrong_type_is_an_error_and_not_a_part_left_out() {
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
        for left_out in ["/a/null", "/a/null/x", "/c", "/c/d"] {
            assert_eq!(read.optional_text(left_out), Ok(None), "{left_out}");
        }
    }

    #[test]
    fn the_envelopes_id_stands_in_for_one_that_is_no_id() {
        let id = |text: &str| envelope(text).id("/own").map(str::to_owned);
        assert_eq!(id(r#"{"id": "e-1", "own": "o_1.a"}"#).as_deref(), Ok("o_1.a"));
        for own in ["", "a b", "alice@example.com", &"x".repeat(129)] {
            let text = format!(r#"{{"id": "e-1", "own": "{own}"}}"#);
            assert_eq!(id(&text).as_deref(), Ok("e-1"), "{own}");
        }
        assert_eq!(rule(&id("{}")).unwrap().0, "/id");
    }

    #[test]
    fn only_a_date_time_of_rfc_3339_is_a_time() {
        for (text, second) in [
            ("2026-11-20T12:00:00Z", 1_795_176_000),
            ("2026-11-20T12:00:00.999999999Z", 1_795_176_000),
            ("2026-11-20T13:30:00+01:30", 1_795_176_000),
            ("2026-11-19T12:01:00-23:59", 1_795_176_000),
        ] {
            let read = envelope(&format!(r#"{{"at": "{text}"}}"#));
            assert_eq!(read.time("/at").map(Timestamp::as_second), Ok(second), "{text}");
        }
        for text in [
            "",
            "soon",
            "1795176000",
            "2026-11-20",
            "2026-11-20T12:00:00",
            "2026-11-20 12:00:00Z",
            "2026-11-20t12:00:00z",
            "2026-11-20T12:00Z",
            "2026-11-20T12:00:60Z",
            "2026-02-30T12:00:00Z",
            "2026-11-20T24:00:00Z",
            "2026-11-20T12:00:00.Z",
            "2026-11-20T12:00:00.1234567891Z",
            "2026-11-20T12:00:00+24:00",
            "2026-11-20T12:00:00+0100",
            "2026-11-20T12:00:00Z[UTC]",
            "1999-12-31T23:59:59Z",
            "+002026-11-20T12:00:00Z",
            "２026-11-20T12:00:00Z",
        ] {
            let read = envelope(&format!(r#"{{"at": "{text}"}}"#));
            assert_eq!(rule(&read.time("/at")).map(|(field, _)| field), Some("/at"), "{text}");
        }
    }
}
