//! One change of an emulated resource, as the state file records it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::state::access_key::{AccessKey, KeySlot};
use crate::state::issued_token::IssuedToken;

/// One change of an emulated resource. A replay of all entries in order rebuilds its state.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "change", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum JournalEntry {
    /// An identity was created.
    Created {
        /// Its id.
        identity: String,
        /// The time of the creation.
        at: Timestamp,
    },
    /// A token was issued.
    Issued {
        /// SHA-256 of the token's text, in base64. The text itself is not kept.
        fingerprint: String,
        /// All else about it.
        token: IssuedToken,
    },
    /// Every token that the identity had was revoked.
    Revoked {
        /// The identity.
        identity: String,
        /// The time of the revocation.
        at: Timestamp,
    },
    /// The tokens issued before an instant were revoked (2020-07-20-preview2).
    ValidFrom {
        /// The identity.
        identity: String,
        /// Tokens issued before this are revoked, and so are those that are issued until then.
        instant: Timestamp,
    },
    /// An identity was deleted, and its tokens with it.
    Deleted {
        /// The identity.
        identity: String,
        /// The time of the deletion.
        at: Timestamp,
    },
    /// An access key was replaced. The tokens made with the old one became invalid.
    KeyRegenerated {
        /// The key's place.
        slot: KeySlot,
        /// The new key.
        key: AccessKey,
    },
    /// The resource's clock was put forward.
    ClockAdvanced {
        /// The number of seconds.
        seconds: u32,
    },
    /// The resource's clock was set.
    ClockSet {
        /// Its distance from the wall clock; positive where it is ahead.
        offset_seconds: i64,
    },
    /// Everything was forgotten: identities, tokens, regenerated keys, the clock.
    Reset,
}
