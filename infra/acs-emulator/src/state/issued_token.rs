//! A token as the emulator remembers it: all about it except its text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::state::access_key::KeySlot;

/// A token as the emulator remembers it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IssuedToken {
    /// The identity it is for.
    pub identity: String,
    /// The permissions it gives.
    pub scopes: Vec<String>,
    /// The time of its issue.
    pub issued_at: Timestamp,
    /// The time at which it expires.
    pub expires_on: Timestamp,
    /// The access key that signed the request for it.
    pub key: KeySlot,
}

/// The key under which a token is remembered: SHA-256 of its text, in base64.
pub(crate) fn fingerprint(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text))
}
