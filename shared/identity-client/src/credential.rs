//! What proves to ACS that a request is ours.

use std::{error::Error, fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{
    HeaderValue, Request,
    header::{AUTHORIZATION, HOST},
};
use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{Endpoint, KeyRing, signing};

/// What requests are authorised with.
///
/// Today that is one access key or several. Take `impl Into<Credential>` where you accept one, and other kinds can
/// be added without a change of yours.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Credential {
    /// One of the resource's two access keys.
    AccessKey(AccessKey),
    /// Its keys, of which the one that ACS accepts is used.
    KeyRing(KeyRing),
}

impl From<AccessKey> for Credential {
    fn from(key: AccessKey) -> Self {
        Self::AccessKey(key)
    }
}

impl From<KeyRing> for Credential {
    fn from(keys: KeyRing) -> Self {
        Self::KeyRing(keys)
    }
}

impl AccessKey {
    /// Adds the headers that authorise `request`, including its `Host`, at the time `now`.
    pub(crate) fn authorize(
        &self,
        request: &mut Request<Bytes>,
        endpoint: &Endpoint,
        now: Timestamp,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&now)?;
        let hash = signing::content_hash(request.body());
        let path_and_query = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let text = signing::string_to_sign(
            request.method(),
            path_and_query,
            &date,
            endpoint.host(),
            &hash,
        );
        let mut authorization = HeaderValue::try_from(signing::authorization(self, &text))?;
        authorization.set_sensitive(true);

        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::from_str(endpoint.host())?);
        headers.insert("x-ms-date", HeaderValue::try_from(date)?);
        headers.insert("x-ms-content-sha256", HeaderValue::try_from(hash)?);
        headers.insert(AUTHORIZATION, authorization);
        Ok(())
    }
}

/// An access key of a Communication Services resource, parsed from the base64 text that the portal
/// shows. It cannot be printed, leaves memory when it is dropped, and is compared in constant time.
#[derive(Clone)]
pub struct AccessKey(Hmac<Sha256>);

/// Why a text is not an [`AccessKey`]. Nothing of the text is repeated.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AccessKeyError {
    /// No bytes at all.
    #[error("the access key must not be empty")]
    Empty,
    /// Other characters than those of base64, or wrong padding.
    #[error("the access key must be standard base64, with its padding")]
    NotBase64,
}

impl AccessKey {
    /// A signature that has taken in the key and nothing else yet.
    pub(crate) fn keyed(&self) -> Hmac<Sha256> {
        self.0.clone()
    }
}

/// By what the keys make of an empty text: the bytes of a key are not kept.
impl PartialEq for AccessKey {
    fn eq(&self, other: &Self) -> bool {
        self.keyed().finalize() == other.keyed().finalize()
    }
}

impl Eq for AccessKey {}

impl FromStr for AccessKey {
    type Err = AccessKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The decoder's own error names an offending byte of the key, so it is not kept.
        let bytes = STANDARD.decode(text.trim()).map_err(|_| AccessKeyError::NotBase64)?;
        let bytes = Zeroizing::new(bytes);
        if bytes.is_empty() {
            return Err(AccessKeyError::Empty);
        }
        Hmac::new_from_slice(&bytes).map(Self).map_err(|_| AccessKeyError::Empty)
    }
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    #[test]
    fn debug_does_not_print_the_key() {
        let key: AccessKey = "c2VjcmV0LXNlY3JldA==".parse().unwrap();
        assert_eq!(format!("{:?}", Credential::from(key)), "AccessKey(AccessKey { .. })");
    }

    #[test]
    fn a_key_leaves_memory_when_it_is_dropped() {
        fn assert_wiped<T: zeroize::ZeroizeOnDrop>() {}
        // Hmac keeps the key in two of these, and lacks the marker of its own.
        assert_wiped::<<Sha256 as sha2::digest::block_api::CoreProxy>::Core>();
    }

    #[test]
    fn a_key_that_cannot_sign_is_refused() {
        for (text, error) in [
            ("", AccessKeyError::Empty),
            (" ", AccessKeyError::Empty),
            ("c2VjcmV0LXNlY3JldA", AccessKeyError::NotBase64),
            ("c2VjcmV0LXNlY3JldA==;", AccessKeyError::NotBase64),
            ("c2Vj-_", AccessKeyError::NotBase64),
        ] {
            assert_eq!(text.parse::<AccessKey>().err(), Some(error), "{text:?}");
        }
    }

    #[test]
    fn what_is_signed_is_what_is_sent() {
        let key: AccessKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".parse().unwrap();
        let endpoint: Endpoint = "https://contoso.communication.azure.com/".parse().unwrap();
        let mut request = Request::new(Bytes::new());
        *request.method_mut() = Method::POST;
        *request.uri_mut() =
            endpoint.uri("/identities?api-version=2023-10-01".parse().unwrap()).unwrap();
        let now = "2026-11-23T00:00:00.987Z".parse().unwrap();
        key.authorize(&mut request, &endpoint, now).unwrap();

        let headers = request.headers();
        assert_eq!(headers["host"], "contoso.communication.azure.com");
        assert_eq!(headers["x-ms-date"], "Mon, 23 Nov 2026 00:00:00 GMT");
        assert_eq!(headers["x-ms-content-sha256"], "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        assert_eq!(
            headers["authorization"],
            "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=8zVEQ8HEQvf32yJsvGD/J6MyA/rZJj5zjaKgmK3Epto="
        );
        assert!(!format!("{request:?}").contains("Signature"), "{request:?}");
    }
}
