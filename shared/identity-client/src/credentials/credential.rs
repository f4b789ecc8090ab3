//! The kinds of credential that a client accepts.

use crate::credentials::access_key::AccessKey;
use crate::credentials::key_ring::KeyRing;

/// What requests are authorized with.
///
/// Today that is one access key or several. Take `impl Into<Credential>` where you accept one, and
/// other kinds can be added without a change of yours.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Credential {
    /// One of the resource's two access keys.
    AccessKey(AccessKey),
    /// The resource's keys, of which the one that ACS accepts is used.
    KeyRing(KeyRing),
}

impl Credential {
    /// Returns the keys that sign.
    pub(crate) fn into_key_ring(self) -> KeyRing {
        match self {
            Self::AccessKey(key) => KeyRing::new(key, Vec::new()),
            Self::KeyRing(keys) => keys,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// `Debug` of a credential does not print the key.
    #[test]
    fn debug_hides_the_key() {
        let key: AccessKey = "c2VjcmV0LXNlY3JldA==".parse().unwrap();
        assert_eq!(format!("{:?}", Credential::from(key)), "AccessKey(AccessKey { .. })");
    }
}
