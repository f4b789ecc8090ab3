//! The names of users in logs.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use acs_broker_core::RecordKey;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The key under which users appear in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct UserHashKey(String);

const MIN_CHARS: usize = 16;
/// Half of a hash tells all users of a product apart, and is short enough to copy.
const HASH_BYTES: usize = 8;

impl UserHashKey {
    /// Returns the name of a user in logs: 16 hexadecimal digits of HMAC-SHA256 over the row's key.
    #[must_use]
    pub fn hash(&self, user: &RecordKey) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()) else {
            return String::new(); // an HMAC takes keys of any length
        };
        mac.update(user.to_text().as_bytes());
        mac.finalize().into_bytes().iter().take(HASH_BYTES).fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

impl FromStr for UserHashKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.chars().count() < MIN_CHARS {
            return Err(format!("must have at least {MIN_CHARS} characters"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// Hidden: with the key, hashes in logs can be compared with known users.
impl fmt::Debug for UserHashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserHashKey(..)")
    }
}
