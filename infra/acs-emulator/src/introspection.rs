//! What the emulator knows about a token or an identity, and the service never tells.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::access_key::KeySlot;

/// Whether a token would still be accepted by chat and calling.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Introspection {
    /// It would.
    Active(IssuedToken),
    /// It would not.
    Inactive(Inactive),
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Inactive {
    /// This resource never issued it.
    Unknown,
    /// Its lifetime is over.
    Expired,
    /// It was issued before a revocation.
    Revoked,
    /// Its identity was deleted.
    IdentityDeleted,
    /// The access key it was made with was regenerated.
    KeyRegenerated,
}

/// A token as the emulator remembers it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IssuedToken {
    /// The identity it is for.
    pub identity: String,
    /// What it allows.
    pub scopes: Vec<String>,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends by itself.
    pub expires_on: Timestamp,
    /// The access key that signed the request for it.
    pub key: KeySlot,
}

/// An identity as the emulator remembers it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentityState {
    /// Its id, `8:acs:<resource id>_<guid>`.
    pub id: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was deleted, if it was.
    pub deleted_at: Option<Timestamp>,
    /// Tokens issued before this are dead.
    pub tokens_valid_from: Option<Timestamp>,
    /// How many tokens were issued for it.
    pub tokens_issued: u64,
}

impl Introspection {
    /// Whether the token would still be accepted.
    #[must_use]
    pub fn is_active(&self) -> bool {
        matches!(self, Self::Active(_))
    }
}
