//! The body of `POST /dev/sign-in`, and what is wrong with it in the words of HTTP.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

/// Who is signed in, and since when.
#[derive(Debug)]
pub(crate) struct SignIn {
    /// The user's name.
    pub subject: String,
    /// Laid over the standard claims; `null` leaves a claim out.
    pub claims: Map<String, Value>,
    /// Seconds since 1970; the present when absent.
    pub issued_at: Option<i64>,
    /// Seconds since 1970; `issuedAt` when absent.
    pub auth_time: Option<i64>,
}

/// The rule that a body breaks, with the field's name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct SignInRule(String);

/// A JSON object's members as they stand there, doubles included.
struct Members(Vec<(String, Value)>);

impl SignIn {
    /// Reads a body.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub(crate) fn read(body: &[u8]) -> Result<Self, SignInRule> {
        let mut fields = Map::new();
        for (name, value) in members(body)? {
            if !["subject", "claims", "issuedAt", "authTime"].contains(&name.as_str()) {
                let known = "the fields are subject, claims, issuedAt and authTime";
                return Err(SignInRule(format!("{name} is not a field: {known}")));
            }
            if fields.contains_key(&name) {
                return Err(SignInRule(format!("{name} must not be given twice")));
            }
            fields.insert(name, value);
        }
        Ok(Self {
            subject: subject(fields.remove("subject"))?,
            claims: match fields.remove("claims") {
                None => Map::new(),
                Some(Value::Object(claims)) => claims,
                Some(_) => return Err(SignInRule("claims must be a JSON object".to_owned())),
            },
            issued_at: seconds("issuedAt", fields.remove("issuedAt"))?,
            auth_time: seconds("authTime", fields.remove("authTime"))?,
        })
    }
}

fn members(body: &[u8]) -> Result<Vec<(String, Value)>, SignInRule> {
    if body.trim_ascii().is_empty() {
        return Err(SignInRule(r#"the body is empty: it must be {"subject":"…"}"#.to_owned()));
    }
    let members = serde_json::from_slice::<Members>(body).map_err(|error| {
        SignInRule(if error.is_data() {
            r#"the body must be a JSON object: {"subject":"…"}"#.to_owned()
        } else {
            format!("the body is not JSON at line {}, column {}", error.line(), error.column())
        })
    })?;
    Ok(members.0)
}

fn subject(value: Option<Value>) -> Result<String, SignInRule> {
    match value {
        Some(Value::String(subject)) if !subject.is_empty() => Ok(subject),
        Some(Value::String(_)) => Err(SignInRule("subject must not be empty".to_owned())),
        Some(_) => Err(SignInRule("subject must be a string".to_owned())),
        None => Err(SignInRule("subject is missing".to_owned())),
    }
}

fn seconds(name: &str, value: Option<Value>) -> Result<Option<i64>, SignInRule> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(None) };
    let rule = || SignInRule(format!("{name} must be a whole number of seconds since 1970"));
    value.as_i64().map(Some).ok_or_else(rule)
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    mod sign_in {
        use super::super::*;

        /// A developer learns the field and the rule, whatever language the gateway is written in.
        #[test]
        fn names_field_and_rule() {
            for (body, rule) in [
                ("", r#"the body is empty: it must be {"subject":"…"}"#),
                (" \n", r#"the body is empty: it must be {"subject":"…"}"#),
                ("alice", "the body is not JSON at line 1, column 1"),
                (r#"{"subject":"alice""#, "the body is not JSON at line 1, column 18"),
                (r#"{"subject":"alice"} x"#, "the body is not JSON at line 1, column 21"),
                ("[]", r#"the body must be a JSON object: {"subject":"…"}"#),
                (r#""alice""#, r#"the body must be a JSON object: {"subject":"…"}"#),
                ("{}", "subject is missing"),
                (r#"{"subject":""}"#, "subject must not be empty"),
                (r#"{"subject":7}"#, "subject must be a string"),
                (r#"{"subject":"a","subject":"b"}"#, "subject must not be given twice"),
                (r#"{"subject":"a","claims":[]}"#, "claims must be a JSON object"),
                (
                    r#"{"subject":"a","authTime":"now"}"#,
                    "authTime must be a whole number of seconds since 1970",
                ),
                (
                    r#"{"subject":"a","issued_at":1}"#,
                    "issued_at is not a field: the fields are subject, claims, issuedAt and authTime",
                ),
            ] {
                let refused = SignIn::read(body.as_bytes()).unwrap_err();
                assert_eq!(refused.to_string(), rule, "{body}");
            }
        }

        /// A program may send `null` for a time that it does not choose.
        #[test]
        fn takes_null_as_the_present() {
            let read = SignIn::read(br#"{"subject":"a","issuedAt":null,"authTime":5}"#).unwrap();
            assert_eq!((read.issued_at, read.auth_time), (None, Some(5)));
        }
    }
}
