//! The names of users in logs.

use std::fmt;
use std::str::FromStr;

use acs_broker_core::RecordKey;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The key under which users appear in logs.
#[derive(Clone)]
pub struct UserHashKey(Hmac<Sha256>);

/// 128 bits in hexadecimal.
const MIN_CHARS: usize = 32;
/// Half of a hash tells all users of a product apart, and is short enough to copy.
const HASH_BYTES: usize = 8;

impl UserHashKey {
    /// Returns the name of a user in logs: 16 hexadecimal digits of HMAC-SHA256 over the row's key.
    #[must_use]
    pub fn hash(&self, user: &RecordKey) -> String {
        let hash = self.0.clone().chain_update(user.to_text()).finalize().into_bytes();
        let digits = hash.iter().take(HASH_BYTES).flat_map(|byte| [byte >> 4, byte & 0xf]);
        digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
    }
}

/// Compares the hashes of an empty text: the bytes of a key are not kept.
impl PartialEq for UserHashKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.clone().finalize() == other.0.clone().finalize()
    }
}

impl Eq for UserHashKey {}

impl FromStr for UserHashKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim().chars().count() < MIN_CHARS {
            return Err(format!("must have at least {MIN_CHARS} characters"));
        }
        // An HMAC takes keys of any length.
        Hmac::new_from_slice(text.as_bytes()).map(Self).map_err(|error| error.to_string())
    }
}

/// Hidden: with the key, hashes in logs can be compared with known users.
impl fmt::Debug for UserHashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserHashKey(..)")
    }
}
