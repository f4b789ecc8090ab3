//! Access key signatures (HMAC-SHA256), as pure functions: everything that a signature depends on
//! is an argument.
//!
//! The scheme is that of
//! <https://learn.microsoft.com/rest/api/communication/authentication#access-key-authentication>;
//! every Communication Services API that accepts access keys uses it.

use std::error::Error;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::Mac as _;
use http::header::{AUTHORIZATION, HOST};
use http::{HeaderValue, Method, Request};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use sha2::{Digest as _, Sha256};

use crate::credentials::access_key::AccessKey;
use crate::models::endpoint::Endpoint;

/// Returns the value of `x-ms-content-sha256` for a body.
#[must_use]
pub fn content_hash(body: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(body))
}

/// Returns the text that is signed.
///
/// `path_and_query` and `host` (with its port, if it is not the scheme's own) are exactly those
/// that are sent; `date` is the value of `x-ms-date`, such as `Mon, 23 Nov 2026 00:00:00 GMT`.
#[must_use]
pub fn string_to_sign(
    method: &Method,
    path_and_query: &str,
    date: &str,
    host: &str,
    content_hash: &str,
) -> String {
    format!("{method}\n{path_and_query}\n{date};{host};{content_hash}")
}

/// Returns the value of `Authorization` for a text made by [`string_to_sign`].
#[must_use]
pub fn authorization(key: &AccessKey, string_to_sign: &str) -> String {
    let signature =
        STANDARD.encode(key.keyed().chain_update(string_to_sign).finalize().into_bytes());
    format!("HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={signature}")
}

/// Adds the headers that authorize `request`, including its `Host`, at the time `now`.
pub(crate) fn sign_request(
    request: &mut Request<Bytes>,
    key: &AccessKey,
    endpoint: &Endpoint,
    now: Timestamp,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&now)?;
    let hash = content_hash(request.body());
    let path_and_query = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let text = string_to_sign(request.method(), path_and_query, &date, endpoint.host(), &hash);
    let mut authorization = HeaderValue::try_from(authorization(key, &text))?;
    authorization.set_sensitive(true);

    let headers = request.headers_mut();
    headers.insert(HOST, HeaderValue::from_str(endpoint.host())?);
    headers.insert("x-ms-date", HeaderValue::try_from(date)?);
    headers.insert("x-ms-content-sha256", HeaderValue::try_from(hash)?);
    headers.insert(AUTHORIZATION, authorization);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const HOST_NAME: &str = "contoso.communication.azure.com";
    const DATE: &str = "Mon, 23 Nov 2026 00:00:00 GMT";
    const HASH_OF_NOTHING: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    /// The path of an identity.
    const IDENTITY: &str = concat!(
        "/identities/8%3Aacs%3A11111111-2222-3333-4444-555555555555",
        "_0000000a-0b0c-0d0e-0f10-111213141516"
    );

    /// Compares with what Microsoft's Python package signed, given the same key, date and request.
    fn assert_signature(method: &Method, target: &str, body: &str, hash: &str, signature: &str) {
        let text = string_to_sign(method, target, DATE, HOST_NAME, &content_hash(body.as_bytes()));
        assert_eq!(text, format!("{method}\n{target}\n{DATE};{HOST_NAME};{hash}"));
        let signed_headers = "SignedHeaders=x-ms-date;host;x-ms-content-sha256";
        assert_eq!(
            authorization(&KEY.parse().unwrap(), &text),
            format!("HMAC-SHA256 {signed_headers}&Signature={signature}")
        );
    }

    /// The hash of an empty body is the documented one.
    #[test]
    fn hash_of_nothing_is_documented() {
        assert_eq!(content_hash(b""), HASH_OF_NOTHING);
    }

    /// Requests of a preview version are signed as Microsoft signs them.
    #[test]
    fn preview_signatures_match_microsoft() {
        assert_signature(
            &Method::POST,
            "/identities?api-version=2020-07-20-preview2",
            "",
            HASH_OF_NOTHING,
            "xFt1hMj6ixb79ts5OzpgI0eJLeW3v7oxOATPijq2V4Y=",
        );
        assert_signature(
            &Method::POST,
            &format!("{IDENTITY}/token?api-version=2020-07-20-preview2"),
            r#"{"scopes": ["chat", "voip"]}"#,
            "WYP4yvAjP5V2NE5n/yTwLmL4fFromijo6jdMzH+feLs=",
            "+wIxr9oP7eiZDZwSGMAsVTTWxzleMhWbiZp4Dx0dM5E=",
        );
        assert_signature(
            &Method::DELETE,
            &format!("{IDENTITY}?api-version=2020-07-20-preview2"),
            "",
            HASH_OF_NOTHING,
            "vX13SwZVtwE4QbkAylug+Ll647LVu6CH0U+nmrihZqU=",
        );
    }

    /// Requests of a generally available version are signed as Microsoft signs them.
    #[test]
    fn ga_signatures_match_microsoft() {
        assert_signature(
            &Method::POST,
            "/identities?api-version=2023-10-01",
            "",
            HASH_OF_NOTHING,
            "8zVEQ8HEQvf32yJsvGD/J6MyA/rZJj5zjaKgmK3Epto=",
        );
        assert_signature(
            &Method::POST,
            "/identities?api-version=2023-10-01",
            r#"{"createTokenWithScopes": ["chat"], "expiresInMinutes": 60}"#,
            "apyRfEbiXMeeaNZWFW9Wexp0u7HcMjIECdv8QSmwPtQ=",
            "VGyuRxg4LCiENAGt2v675coS3QdlCC6uAZmDlR0dWlA=",
        );
        assert_signature(
            &Method::POST,
            &format!("{IDENTITY}/:revokeAccessTokens?api-version=2023-10-01"),
            "",
            HASH_OF_NOTHING,
            "LG/p1JV7NZMSChC1yOaKqL/Djjgh5YHDiiGO02iiwEc=",
        );
    }

    /// The headers of a signed request are those that the signature covers.
    #[test]
    fn signed_headers_are_sent() {
        let endpoint: Endpoint = format!("https://{HOST_NAME}/").parse().unwrap();
        let mut request = Request::new(Bytes::new());
        *request.method_mut() = Method::POST;
        *request.uri_mut() =
            endpoint.uri("/identities?api-version=2023-10-01".parse().unwrap()).unwrap();
        let now = "2026-11-23T00:00:00.987Z".parse().unwrap();
        sign_request(&mut request, &KEY.parse().unwrap(), &endpoint, now).unwrap();

        let headers = request.headers();
        assert_eq!(headers["host"], HOST_NAME);
        assert_eq!(headers["x-ms-date"], DATE);
        assert_eq!(headers["x-ms-content-sha256"], HASH_OF_NOTHING);
        let authorization = headers["authorization"].to_str().unwrap();
        assert_eq!(
            authorization.strip_prefix("HMAC-SHA256 SignedHeaders=").unwrap(),
            "x-ms-date;host;x-ms-content-sha256\
             &Signature=8zVEQ8HEQvf32yJsvGD/J6MyA/rZJj5zjaKgmK3Epto="
        );
        assert!(!format!("{request:?}").contains("Signature"), "{request:?}");
    }
}
