//! Answers of success.

use bytes::Bytes;
use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _},
};

use crate::{AccessToken, IdentityId};

#[derive(Deserialize)]
pub(crate) struct Created {
    pub(crate) identity: Identity,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedWithToken {
    pub(crate) identity: Identity,
    pub(crate) access_token: Token,
}

#[derive(Deserialize)]
pub(crate) struct Identity {
    pub(crate) id: IdentityId,
}

pub(crate) struct Token(pub(crate) AccessToken);

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Fields {
            token: String,
            expires_on: String,
        }
        let Fields { token, expires_on } = Fields::deserialize(deserializer)?;
        let expires_on: Timestamp = expires_on.parse().map_err(D::Error::custom)?;
        if token.is_empty() {
            return Err(D::Error::custom("an empty token"));
        }
        Ok(Self(AccessToken::new(token, expires_on)))
    }
}

/// Reads the JSON of an answer of success.
pub(crate) fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Unreadable> {
    serde_json::from_slice(body).map_err(|error| Unreadable {
        category: error.classify(),
        line: error.line(),
        column: error.column(),
    })
}

/// An answer of success that is not what the API promises.
///
/// Where it went wrong is kept, but not the parser's text, which may quote a token.
#[derive(Debug, thiserror::Error)]
#[error("the answer cannot be read ({category:?} error at line {line}, column {column})")]
pub(crate) struct Unreadable {
    category: serde_json::error::Category,
    line: usize,
    column: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiry_is_read_with_any_number_of_decimals() {
        for (text, read) in [
            ("2023-06-28T07:30:12.7039383+00:00", "2023-06-28T07:30:12.7039383Z"),
            ("2020-10-09T20:31:03.448899+00:00", "2020-10-09T20:31:03.448899Z"),
            ("2020-10-09T20:31:03+00:00", "2020-10-09T20:31:03Z"),
            ("2020-10-09T22:31:03+02:00", "2020-10-09T20:31:03Z"),
            ("2020-10-09T20:31:03Z", "2020-10-09T20:31:03Z"),
        ] {
            let json = serde_json::json!({"token": "t", "expiresOn": text});
            let Token(token) = serde_json::from_value(json).unwrap();
            assert_eq!(token.expires_on().to_string(), read);
        }
    }

    #[test]
    fn a_token_without_its_text_or_expiry_is_none() {
        for json in [
            r#"{"token":"","expiresOn":"2020-10-09T20:31:03Z"}"#,
            r#"{"token":"t","expiresOn":"2020-10-09T20:31:03"}"#,
            r#"{"token":"t","expiresOn":"soon"}"#,
            r#"{"token":"t"}"#,
            r#"{"expiresOn":"2020-10-09T20:31:03Z"}"#,
            r#"{"token":null,"expiresOn":null}"#,
        ] {
            assert!(serde_json::from_str::<Token>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn an_unreadable_answer_is_not_quoted() {
        for body in [r#""eyJsecret""#, r#"{"token":"eyJsecret""#, "eyJsecret"] {
            let error = read::<u32>(&Bytes::from_static(body.as_bytes())).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains("column") && !shown.contains("secret"), "{shown}");
        }
    }
}
