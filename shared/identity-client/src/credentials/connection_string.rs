//! Connection strings, as the Azure portal shows them.

use std::fmt;
use std::str::FromStr;

use crate::credentials::access_key::{AccessKey, AccessKeyError};
use crate::models::endpoint::{Endpoint, EndpointError};

/// `endpoint=https://….communication.azure.com/;accesskey=…`, taken apart.
///
/// The two parts may come in any order, their names in any case, with white space around them and
/// a `;` at the end. Parsing accepts `https` only; [`ConnectionString::parse_insecure`] accepts
/// `http` too.
#[derive(Clone, Debug)]
pub struct ConnectionString {
    /// The address of the resource.
    pub endpoint: Endpoint,
    /// The key that signs requests to it.
    pub access_key: AccessKey,
}

/// The name of a part of a [`ConnectionString`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ConnectionStringPart {
    /// `endpoint`
    Endpoint,
    /// `accesskey`
    AccessKey,
}

/// Why a text is not a connection string. The error repeats nothing of the text: a misplaced `;` or
/// `=` makes a piece of the key look like a part's name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionStringError {
    /// A part is missing.
    #[error("the connection string has no {0}")]
    Missing(ConnectionStringPart),
    /// A part is there twice.
    #[error("the connection string has more than one {0}")]
    Duplicate(ConnectionStringPart),
    /// A part has no value.
    #[error("the connection string's {0} is empty")]
    Empty(ConnectionStringPart),
    /// A part, counted from 1, is neither of the two.
    #[error("part {0} of the connection string is neither endpoint=… nor accesskey=…")]
    Unknown(usize),
    /// The endpoint's value is wrong.
    #[error("the connection string's endpoint is wrong")]
    Endpoint(#[source] EndpointError),
    /// The access key's value is wrong.
    #[error("the connection string's accesskey is wrong")]
    AccessKey(#[source] AccessKeyError),
}

impl ConnectionString {
    /// Parses a connection string whose endpoint may be plain `http`: for emulators on the same
    /// machine.
    ///
    /// # Errors
    /// When a part is missing, empty, unknown, wrong, or there twice.
    pub fn parse_insecure(text: &str) -> Result<Self, ConnectionStringError> {
        Self::parse(text, Endpoint::insecure)
    }

    fn parse(
        text: &str,
        parse_endpoint: impl FnOnce(&str) -> Result<Endpoint, EndpointError>,
    ) -> Result<Self, ConnectionStringError> {
        let (mut endpoint, mut access_key) = (None, None);
        let text = text.trim();
        let text = text.strip_suffix(';').unwrap_or(text);
        let parts = text.split(';').enumerate().filter(|_| !text.is_empty());
        for (index, part) in parts {
            // At the first `=`, because base64 ends in some.
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (part, slot) = match name.trim().to_ascii_lowercase().as_str() {
                "endpoint" => (ConnectionStringPart::Endpoint, &mut endpoint),
                "accesskey" => (ConnectionStringPart::AccessKey, &mut access_key),
                _ => return Err(ConnectionStringError::Unknown(index + 1)),
            };
            let value = value.trim();
            if value.is_empty() {
                return Err(ConnectionStringError::Empty(part));
            }
            if slot.replace(value).is_some() {
                return Err(ConnectionStringError::Duplicate(part));
            }
        }
        let endpoint =
            endpoint.ok_or(ConnectionStringError::Missing(ConnectionStringPart::Endpoint))?;
        let access_key =
            access_key.ok_or(ConnectionStringError::Missing(ConnectionStringPart::AccessKey))?;
        Ok(Self {
            endpoint: parse_endpoint(endpoint).map_err(ConnectionStringError::Endpoint)?,
            access_key: access_key.parse().map_err(ConnectionStringError::AccessKey)?,
        })
    }
}

impl FromStr for ConnectionString {
    type Err = ConnectionStringError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text, str::parse)
    }
}

impl fmt::Display for ConnectionStringPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Endpoint => "endpoint",
            Self::AccessKey => "accesskey",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::*;

    const KEY: &str = "c2VjcmV0LXNlY3JldA==";

    /// The order and case of the parts, white space and the last semicolon do not matter.
    #[test]
    fn order_case_and_spacing_are_free() {
        for text in [
            format!("endpoint=https://contoso.example/;accesskey={KEY}"),
            format!("endpoint=https://contoso.example;accesskey={KEY};"),
            format!("AccessKey={KEY};Endpoint=https://contoso.example/"),
            format!(" ENDPOINT = https://contoso.example/ ; ACCESSKEY = {KEY} ; \n"),
        ] {
            let parsed: ConnectionString = text.parse().unwrap();
            assert_eq!(parsed.endpoint.to_string(), "https://contoso.example", "{text}");
            assert_eq!(parsed.access_key, KEY.parse().unwrap());
        }
    }

    /// The error names the part that is wrong.
    #[test]
    fn error_names_the_wrong_part() {
        use ConnectionStringError::{
            AccessKey as WrongKey, Duplicate, Empty, Endpoint as WrongEndpoint, Missing, Unknown,
        };
        let endpoint = "endpoint=https://contoso.example";
        let key = format!("accesskey={KEY}");
        for (text, error) in [
            (String::new(), Missing(ConnectionStringPart::Endpoint)),
            (";".to_owned(), Missing(ConnectionStringPart::Endpoint)),
            (key.clone(), Missing(ConnectionStringPart::Endpoint)),
            (endpoint.to_owned(), Missing(ConnectionStringPart::AccessKey)),
            (format!("{endpoint};{key};{key}"), Duplicate(ConnectionStringPart::AccessKey)),
            (format!("{endpoint};{key};{endpoint}"), Duplicate(ConnectionStringPart::Endpoint)),
            (format!("endpoint=;{key}"), Empty(ConnectionStringPart::Endpoint)),
            (format!("endpoint;{key}"), Empty(ConnectionStringPart::Endpoint)),
            (format!("{endpoint};accesskey= "), Empty(ConnectionStringPart::AccessKey)),
            (format!("{endpoint};key={KEY}"), Unknown(2)),
            (format!("{endpoint};{KEY}"), Unknown(2)),
            (format!("{endpoint};;{key}"), Unknown(2)),
            (format!("{endpoint};{key};;"), Unknown(3)),
            (format!("endpoint=contoso.example;{key}"), WrongEndpoint(EndpointError::NotAUrl)),
            (format!("endpoint=http://localhost;{key}"), WrongEndpoint(EndpointError::NotHttps)),
            (format!("{endpoint};accesskey=c2Vj-"), WrongKey(AccessKeyError::NotBase64)),
            (format!("{endpoint};accesskey===="), WrongKey(AccessKeyError::NotBase64)),
        ] {
            assert_eq!(text.parse::<ConnectionString>().err(), Some(error), "{text}");
        }
    }

    /// A plain `http` endpoint is accepted by `parse_insecure` only.
    #[test]
    fn plain_http_needs_parse_insecure() {
        let text = format!("endpoint=http://localhost:8080/;accesskey={KEY}");
        let parsed = ConnectionString::parse_insecure(&text).unwrap();
        assert_eq!(parsed.endpoint.to_string(), "http://localhost:8080");
    }

    proptest! {
        /// Neither an error nor `Debug` shows the key.
        #[test]
        fn errors_and_debug_hide_the_key(
            before in "[ -~]{0,12}",
            between in "[ -~]{0,12}",
            after in "[ -~]{0,12}",
        ) {
            let text = format!("{before}endpoint=https://h{between}accesskey=TOPSECRET+/w={after}");
            let shown = match text.parse::<ConnectionString>() {
                Ok(parsed) => format!("{parsed:?}"),
                Err(error) => format!("{error} {error:?} {:?}", error.source()),
            };
            prop_assert!(!shown.contains("SECRET"), "{}", shown);
        }

        /// The parts are found with any spacing, in any order.
        #[test]
        fn parts_are_found_with_any_spacing(
            spaces in proptest::collection::vec(" {0,3}", 8),
            port in 1_u16..,
            key in proptest::collection::vec(proptest::num::u8::ANY, 1..80),
            key_first in proptest::bool::ANY,
            last in ";?",
        ) {
            use base64::Engine as _;
            use base64::engine::general_purpose::STANDARD;
            let [a, b, c, d, e, f, g, h] = spaces.try_into().unwrap();
            let endpoint = format!("{a}eNdPoint{b}={c}https://localhost:{port}/{d}");
            let key = format!("{e}accessKEY{f}={g}{}{h}", STANDARD.encode(key));
            let (first, second) = if key_first { (key, endpoint) } else { (endpoint, key) };
            let parsed: ConnectionString = format!("{first};{second}{last}").parse().unwrap();
            let host = if port == 443 {
                "localhost".to_owned()
            } else {
                format!("localhost:{port}")
            };
            prop_assert_eq!(parsed.endpoint.host(), host);
        }
    }
}
