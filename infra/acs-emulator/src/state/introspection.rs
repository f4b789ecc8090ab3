//! Reports about tokens and identities that the real service never gives.

use jiff::Timestamp;
use serde::Serialize;

use crate::state::issued_token::IssuedToken;

/// Whether chat and calling would still accept a token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Introspection {
    /// They would.
    Active(IssuedToken),
    /// They would not.
    Inactive(InactiveReason),
}

/// The reason why a token is not accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum InactiveReason {
    /// This resource never issued it.
    Unknown,
    /// Its lifetime is over.
    Expired,
    /// It was issued before a revocation.
    Revoked,
    /// Its identity was deleted.
    IdentityDeleted,
    /// The access key that signed the request for it was regenerated.
    KeyRegenerated,
}

/// A token of an identity as the emulator remembers it, and whether it would be accepted.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenState {
    /// SHA-256 of the token's text, in base64. The text itself is not kept.
    pub fingerprint: String,
    /// All else about it.
    #[serde(flatten)]
    pub token: IssuedToken,
    /// Whether chat and calling would still accept it.
    pub active: bool,
    /// The reason why they would not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<InactiveReason>,
}

/// An identity as the emulator remembers it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentityState {
    /// Its id, `8:acs:<resource id>_<guid>`.
    pub id: String,
    /// The time of its creation.
    pub created_at: Timestamp,
    /// The time of its deletion, if it is deleted.
    pub deleted_at: Option<Timestamp>,
    /// Tokens issued before this time are revoked.
    pub tokens_valid_from: Option<Timestamp>,
    /// The number of tokens issued for it.
    pub tokens_issued: u64,
}

impl Introspection {
    /// Whether the token would still be accepted.
    #[must_use]
    pub fn is_active(&self) -> bool {
        matches!(self, Self::Active(_))
    }
}
