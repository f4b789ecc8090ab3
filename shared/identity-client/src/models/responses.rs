//! The JSON of successful responses.

use bytes::Bytes;
use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::models::created_identity::{CreatedIdentity, FirstTokenError};
use crate::models::identity_id::IdentityId;
use crate::models::token::AccessToken;
use crate::models::unreadable_response::UnreadableResponseError;

#[derive(Deserialize)]
struct CreatedJson {
    identity: IdentityJson,
}

#[derive(Deserialize)]
struct IdentityJson {
    id: IdentityId,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FirstTokenJson {
    access_token: Option<TokenJson>,
}

struct TokenJson(AccessToken);

impl<'de> Deserialize<'de> for TokenJson {
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

/// Reads the response to the creation of an identity.
pub(crate) fn read_identity(body: &Bytes) -> Result<IdentityId, UnreadableResponseError> {
    let created: CreatedJson = serde_json::from_slice(body)?;
    Ok(created.identity.id)
}

/// Reads the response to the creation of an identity with its first token.
///
/// The identity is read first and by itself: a token that is missing or malformed must not cost
/// its id, which nobody could find again.
pub(crate) fn read_created(body: &Bytes) -> Result<CreatedIdentity, UnreadableResponseError> {
    let identity = read_identity(body)?;
    let token = match serde_json::from_slice(body) {
        Ok(FirstTokenJson { access_token: Some(TokenJson(token)) }) => Ok(token),
        Ok(FirstTokenJson { access_token: None }) => Err(FirstTokenError::Missing),
        Err(error) => Err(FirstTokenError::Unreadable(error.into())),
    };
    Ok(CreatedIdentity { identity, token })
}

/// Reads the response to the issue of a token.
pub(crate) fn read_token(body: &Bytes) -> Result<AccessToken, UnreadableResponseError> {
    let TokenJson(token) = serde_json::from_slice(body)?;
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(json: &str) -> Result<AccessToken, UnreadableResponseError> {
        read_token(&Bytes::copy_from_slice(json.as_bytes()))
    }

    fn created(json: &str) -> Result<CreatedIdentity, UnreadableResponseError> {
        read_created(&Bytes::copy_from_slice(json.as_bytes()))
    }

    /// An expiry is read with any number of decimals.
    #[test]
    fn expiry_may_have_any_decimals() {
        for (text, read) in [
            ("2023-06-28T07:30:12.7039383+00:00", "2023-06-28T07:30:12.7039383Z"),
            ("2020-10-09T20:31:03.448899+00:00", "2020-10-09T20:31:03.448899Z"),
            ("2020-10-09T20:31:03+00:00", "2020-10-09T20:31:03Z"),
            ("2020-10-09T22:31:03+02:00", "2020-10-09T20:31:03Z"),
            ("2020-10-09T20:31:03Z", "2020-10-09T20:31:03Z"),
        ] {
            let json = serde_json::json!({"token": "t", "expiresOn": text});
            assert_eq!(token(&json.to_string()).unwrap().expires_on().to_string(), read);
        }
    }

    /// A token without its text, its expiry or the expiry's time zone is not a token.
    #[test]
    fn incomplete_token_is_refused() {
        for json in [
            r#"{"token":"","expiresOn":"2020-10-09T20:31:03Z"}"#,
            r#"{"token":"t","expiresOn":"2020-10-09T20:31:03"}"#,
            r#"{"token":"t","expiresOn":"soon"}"#,
            r#"{"token":"t"}"#,
            r#"{"expiresOn":"2020-10-09T20:31:03Z"}"#,
            r#"{"token":null,"expiresOn":null}"#,
        ] {
            token(json).unwrap_err();
        }
    }

    /// An identity is read whether or not a usable token comes with it.
    #[test]
    fn identity_survives_bad_first_token() {
        let with = |rest: &str| format!(r#"{{"identity":{{"id":"8:acs:a_b"}}{rest}}}"#);
        for rest in ["", r#","accessToken":null"#, r#","other":1"#] {
            let created = created(&with(rest)).unwrap();
            assert_eq!(created.identity.as_ref(), "8:acs:a_b");
            assert_eq!(created.token, Err(FirstTokenError::Missing), "{rest}");
        }
        for json in [
            "1",
            "[]",
            "{}",
            r#""t""#,
            r#"{"token":"t"}"#,
            r#"{"token":["t"],"expiresOn":"2026-11-27T13:39:53Z"}"#,
            r#"{"token":"t","expiresOn":"2026-11-27T13:39:53"}"#,
        ] {
            let created = created(&with(&format!(r#","accessToken":{json}"#))).unwrap();
            assert_eq!(created.identity.as_ref(), "8:acs:a_b");
            let is_unreadable = matches!(created.token, Err(FirstTokenError::Unreadable(_)));
            assert!(is_unreadable, "{json}");
        }
        created(r#"{"accessToken":{"token":"t","expiresOn":"2026-11-27T13:39:53Z"}}"#).unwrap_err();
    }

    /// The error of an unreadable response does not quote the response.
    #[test]
    fn unreadable_response_is_not_quoted() {
        for body in [r#""eyJsecret""#, r#"{"token":"eyJsecret""#, "eyJsecret"] {
            let error = token(body).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains("column") && !shown.contains("secret"), "{shown}");
        }
    }
}
