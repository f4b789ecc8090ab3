//! Access keys of a Communication Services resource.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// An access key of a Communication Services resource, parsed from the base64 text that the portal
/// shows. It cannot be printed, leaves memory when it is dropped, and is compared in constant time.
#[derive(Clone)]
pub struct AccessKey(Hmac<Sha256>);

/// Why a text is not an [`AccessKey`]. The error repeats nothing of the text.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AccessKeyError {
    /// The text has no bytes.
    #[error("the access key must not be empty")]
    Empty,
    /// The text has characters that base64 does not have, or wrong padding.
    #[error("the access key must be standard base64, with its padding")]
    NotBase64,
}

impl AccessKey {
    /// Returns a signature that has taken in the key and nothing else yet.
    pub(crate) fn keyed(&self) -> Hmac<Sha256> {
        self.0.clone()
    }
}

/// Compares the signatures of an empty text: the bytes of a key are not kept.
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
    use super::*;

    /// A key leaves memory when it is dropped.
    #[test]
    fn dropped_key_is_wiped() {
        fn assert_wiped<T: zeroize::ZeroizeOnDrop>() {}
        // Hmac keeps the key in two of these, and lacks the marker of its own.
        assert_wiped::<<Sha256 as sha2::digest::block_api::CoreProxy>::Core>();
    }

    /// A key that cannot sign is refused.
    #[test]
    fn unusable_keys_are_refused() {
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

    /// Keys are equal when they sign alike.
    #[test]
    fn keys_that_sign_alike_are_equal() {
        let key = |text: &str| text.parse::<AccessKey>().unwrap();
        assert_eq!(key("Zmlyc3Q="), key(" Zmlyc3Q= "));
        assert_ne!(key("Zmlyc3Q="), key("c2Vjb25k"));
    }
}
