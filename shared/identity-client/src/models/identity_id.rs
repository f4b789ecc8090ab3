//! Ids of ACS identities.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

const PREFIX: &str = "8:acs:";
const MAX_BYTES: usize = 256;

/// The id of an ACS identity: `8:acs:<resource guid>_<guid>`, or with more parts for identities of
/// other origin (<https://learn.microsoft.com/azure/communication-services/concepts/identifiers>).
///
/// Parsing checks what every id has in common: the prefix, then letters, digits, `_` and `-`, at
/// most 256 bytes in all.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(into = "String", try_from = "String")]
pub struct IdentityId(String);

/// A text is not the id of an ACS identity.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("an identity id is 8:acs: followed by letters, digits, _ and -, at most 256 bytes in all")]
pub struct IdentityIdError;

impl TryFrom<String> for IdentityId {
    type Error = IdentityIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_id_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let rest = text.strip_prefix(PREFIX).ok_or(IdentityIdError)?;
        if rest.is_empty() || !rest.bytes().all(is_id_byte) || text.len() > MAX_BYTES {
            return Err(IdentityIdError);
        }
        Ok(Self(text))
    }
}

impl FromStr for IdentityId {
    type Err = IdentityIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl From<IdentityId> for String {
    fn from(id: IdentityId) -> Self {
        id.0
    }
}

impl AsRef<str> for IdentityId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdentityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ids of every origin are accepted and kept as they are.
    #[test]
    fn ids_of_every_origin_are_accepted() {
        for text in [
            "8:acs:11111111-2222-3333-4444-555555555555_0000000a-0b0c-0d0e-0f10-111213141516",
            "8:acs:11111111-2222-3333-4444-555555555555_wf_c70d068c-0000_b27b64b9-0000",
            "8:acs:a",
        ] {
            assert_eq!(text.parse::<IdentityId>().unwrap().to_string(), text);
        }
    }

    /// A text that is not an id is refused, above all one that could change a path.
    #[test]
    fn texts_that_change_paths_are_refused() {
        let too_long = format!("8:acs:{}", "a".repeat(251));
        for text in [
            "",
            "8:acs:",
            "a",
            "8:orgid:a",
            "8:acs:a/b",
            "8:acs:a?b",
            "8:acs:..",
            "8:acs:é",
            &too_long,
        ] {
            assert_eq!(text.parse::<IdentityId>(), Err(IdentityIdError), "{text}");
        }
    }

    /// A stored id is checked when it is read.
    #[test]
    fn deserialized_ids_are_checked() {
        let id: IdentityId = serde_json::from_str(r#""8:acs:a_b""#).unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), r#""8:acs:a_b""#);
        assert!(serde_json::from_str::<IdentityId>(r#""8:acs:a/b""#).is_err());
    }
}
