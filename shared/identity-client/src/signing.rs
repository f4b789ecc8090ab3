//! Access key signatures (HMAC-SHA256), as pure functions: whatever a signature depends on is an argument.
//!
//! The scheme is that of
//! <https://learn.microsoft.com/rest/api/communication/authentication#access-key-authentication>; every
//! Communication Services API that takes access keys uses it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::Mac as _;
use http::Method;
use sha2::{Digest as _, Sha256};

use crate::AccessKey;

/// The value of `x-ms-content-sha256` for a body.
#[must_use]
pub fn content_hash(body: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(body))
}

/// The text that is signed.
///
/// `path_and_query` and `host` (with its port, if it is not the scheme's own) are exactly those that are
/// sent; `date` is the value of `x-ms-date`, such as `Mon, 23 Nov 2026 00:00:00 GMT`.
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

/// The value of `Authorization` for a text made by [`string_to_sign`].
#[must_use]
pub fn authorization(key: &AccessKey, string_to_sign: &str) -> String {
    let signature =
        STANDARD.encode(key.keyed().chain_update(string_to_sign).finalize().into_bytes());
    format!("HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={signature}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "contoso.communication.azure.com";
    const DATE: &str = "Mon, 23 Nov 2026 00:00:00 GMT";
    const EMPTY: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

    /// Compares with what Microsoft's Python package signed, given the same key, date and request.
    fn assert_signature(
        method: &Method,
        path_and_query: &str,
        body: &str,
        canonical: &str,
        signature: &str,
    ) {
        let key: AccessKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".parse().unwrap();
        let text =
            string_to_sign(method, path_and_query, DATE, HOST, &content_hash(body.as_bytes()));
        assert_eq!(text, canonical);
        assert_eq!(
            authorization(&key, &text),
            format!(
                "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={signature}"
            )
        );
    }

    #[test]
    fn the_hash_of_no_body_is_the_documented_one() {
        assert_eq!(content_hash(b""), EMPTY);
    }

    #[test]
    fn a_preview_create_is_signed_as_microsoft_signs_it() {
        assert_signature(
            &Method::POST,
            "/identities?api-version=2020-07-20-preview2",
            "",
            "POST\n/identities?api-version=2020-07-20-preview2\nMon, 23 Nov 2026 00:00:00 GMT;contoso.communication.azure.com;47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "xFt1hMj6ixb79ts5OzpgI0eJLeW3v7oxOATPijq2V4Y=",
        );
    }

    #[test]
    fn a_preview_issue_is_signed_as_microsoft_signs_it() {
        assert_signature(
            &Method::POST,
            "/identities/8%3Aacs%3A11111111-2222-3333-4444-555555555555_0000000a-0b0c-0d0e-0f10-111213141516/token?api-version=2020-07-20-preview2",
            r#"{"scopes": ["chat", "voip"]}"#,
            "POST\n/identities/8%3Aacs%3A11111111-2222-3333-4444-555555555555_0000000a-0b0c-0d0e-0f10-111213141516/token?api-version=2020-07-20-preview2\nMon, 23 Nov 2026 00:00:00 GMT;contoso.communication.azure.com;WYP4yvAjP5V2NE5n/yTwLmL4fFromijo6jdMzH+feLs=",
            "+wIxr9oP7eiZDZwSGMAsVTTWxzleMhWbiZp4Dx0dM5E=",
        );
    }

    #[test]
    fn a_preview_delete_is_signed_as_microsoft_signs_it() {
        assert_signature(
            &Method::DELETE,
            "/identities/8%3Aacs%3A11111111-2222-3333-4444-555555555555_0000000a-0b0c-0d0e-0f10-111213141516?api-version=2020-07-20-preview2",
            "",
            "DELETE\n/identities/8%3Aacs%3A11111111-2222-3333-4444-555555555555_0000000a-0b0c-0d0e-0f10-111213141516?api-version=2020-07-20-preview2\nMon, 23 Nov 2026 00:00:00 GMT;contoso.communication.azure.com;47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "vX13SwZVtwE4QbkAylug+Ll647LVu6CH0U+nmrihZqU=",
        );
    }

    #[test]
    fn a_create_is_signed_as_microsoft_signs_it() {
        assert_signature(
            &Method::POST,
            "/identities?api-version=2023-10-01",
            "",
            "POST\n/identities?api-version=2023-10-01\nMon, 23 Nov 2026 00:00:00 GMT;contoso.communication.azure.com;47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "8zVEQ8HEQvf32yJsvGD/J6MyA/rZJj5zjaKgmK3Epto=",
        );
    }

    #[test]
    fn a_create_with_token_is_signed_as_microsoft_signs_it() {
        assert_signature(
            &Method::POST,
            "/identities?api-version=2023-10-01",
            r#"{"createTokenWithScopes": ["chat"], "expiresInMinutes": 60}"#,
            "POST\n/identities?api-version=2023-10-01\nMon, 23 Nov 2026 00:00:00 GMT;contoso.communication.azure.com;apyRfEbiXMeeaNZWFW9Wexp0u7HcMjIECdv8QSmwPtQ=",
            "VGyuRxg4LCiENAGt2v675coS3QdlCC6uAZmDlR0dWlA=",
        );
    }

    #[test]
    fn a_revoke_is_signed_as_microsoft_signs_it() {
        assert_signature(
            &Method::POST,
            "/identities/8%3Aacs%3A11111111-2222-3333-4444-555555555555_0000000a-0b0c-0d0e-0f10-111213141516/:revokeAccessTokens?api-version=2023-10-01",
            "",
            "POST\n/identities/8%3Aacs%3A11111111-2222-3333-4444-555555555555_0000000a-0b0c-0d0e-0f10-111213141516/:revokeAccessTokens?api-version=2023-10-01\nMon, 23 Nov 2026 00:00:00 GMT;contoso.communication.azure.com;47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "LG/p1JV7NZMSChC1yOaKqL/Djjgh5YHDiiGO02iiwEc=",
        );
    }
}
