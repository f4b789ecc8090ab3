//! The two access keys of a resource.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// One access key. Clients sign their requests with it.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccessKey(Vec<u8>);

/// One of the two access keys.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum KeySlot {
    /// The key of [`Emulator::connection_string`](crate::Emulator::connection_string).
    Primary,
    /// The other key. With it clients change keys without an interruption.
    Secondary,
}

/// The text is not an access key.
#[derive(Debug, thiserror::Error)]
#[error("an access key is base64 of at least one byte")]
pub struct AccessKeyError;

impl AccessKey {
    /// The key of these bytes.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// The key as a connection string has it, in base64: a secret.
    #[must_use]
    pub fn secret(&self) -> String {
        STANDARD.encode(&self.0)
    }

    /// Whether `signature` (base64) is this key's HMAC-SHA256 of `text`.
    pub(crate) fn has_signed(&self, text: &str, signature: &str) -> bool {
        let Ok(signature) = STANDARD.decode(signature) else { return false };
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return false };
        mac.update(text.as_bytes());
        mac.verify_slice(&signature).is_ok()
    }
}

impl FromStr for AccessKey {
    type Err = AccessKeyError;

    fn from_str(text: &str) -> Result<Self, AccessKeyError> {
        match STANDARD.decode(text) {
            Ok(bytes) if !bytes.is_empty() => Ok(Self(bytes)),
            _ => Err(AccessKeyError),
        }
    }
}

impl TryFrom<String> for AccessKey {
    type Error = AccessKeyError;

    fn try_from(text: String) -> Result<Self, AccessKeyError> {
        text.parse()
    }
}

impl From<AccessKey> for String {
    fn from(key: AccessKey) -> Self {
        key.secret()
    }
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessKey(hidden)")
    }
}
