//! What a request changed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::access_key::{AccessKey, KeySlot};
use crate::introspection::IssuedToken;

/// One change of an emulated resource. Replaying all of them in order rebuilds its state.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "change", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Change {
    /// An identity came to be.
    Created {
        /// Its id.
        identity: String,
        /// When.
        at: Timestamp,
    },
    /// A token was issued.
    Issued {
        /// SHA-256 of the token's text, in base64. The text itself is kept nowhere.
        fingerprint: String,
        /// All else about it.
        token: IssuedToken,
    },
    /// Every token the identity had was withdrawn.
    Revoked {
        /// The identity.
        identity: String,
        /// When.
        at: Timestamp,
    },
    /// The tokens issued before an instant were withdrawn (2020-07-20-preview2).
    ValidFrom {
        /// The identity.
        identity: String,
        /// Tokens issued earlier than this are dead, and so are those yet to be issued until then.
        instant: Timestamp,
    },
    /// An identity was deleted, its tokens with it.
    Deleted {
        /// The identity.
        identity: String,
        /// When.
        at: Timestamp,
    },
    /// An access key was replaced; the tokens made with the old one died.
    KeyRegenerated {
        /// Which key.
        slot: KeySlot,
        /// The new one.
        key: AccessKey,
    },
    /// The resource's clock was put forward.
    ClockAdvanced {
        /// By how much.
        seconds: u32,
    },
}
