//! Files of users: what `export` writes and `import` reads.
//!
//! An export is NDJSON: a header, a line for each record, and an end with the number of records
//! and the SHA-256 of everything before it. It holds no tokens and no keys.

pub(crate) mod reader;
pub(crate) mod record_line;
pub(crate) mod writer;

use identity_client::{IdentityId, Timestamp};
use serde::{Deserialize, Serialize};

/// Names the format in the header of every export.
pub(crate) const FORMAT: &str = "acs-broker-users";
/// The version of the format that this tool writes, and the only one that it reads.
pub(crate) const VERSION: u32 = 1;

/// Is the first line of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Header {
    pub(crate) format: String,
    pub(crate) version: u32,
    /// The issuer of the stack's users at the time.
    pub(crate) issuer: String,
    /// The id of the ACS resource that has the identities, where the table has one.
    pub(crate) resource: Option<String>,
    pub(crate) table: String,
    pub(crate) exported_at: Timestamp,
    /// The key after which this part begins, in an export that was made in parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
}

/// Is the last line of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct End {
    #[serde(rename = "end")]
    pub(crate) is_last: bool,
    /// The number of records.
    pub(crate) count: u64,
    /// The SHA-256 of all bytes before this line, in hexadecimal.
    pub(crate) sha256: String,
    /// The key after which the next part begins; absent where the export is complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// Returns the id of the ACS resource that has an identity: `8:acs:<resource>_…`.
pub(crate) fn resource_of(identity: &IdentityId) -> &str {
    let text = identity.as_ref();
    let rest = text.strip_prefix("8:acs:").unwrap_or(text);
    rest.split('_').next().unwrap_or(rest)
}
