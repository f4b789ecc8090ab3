//! What a user gets.

use identity_client::UserToken;

/// A token that is handed out.
#[derive(Debug)]
pub struct Issued {
    /// The token and its identity.
    pub token: UserToken,
    /// Where it comes from.
    pub source: TokenSource,
}

/// Where a token comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenSource {
    /// ACS has minted it for a new identity.
    Created,
    /// ACS has minted it.
    Minted,
    /// ACS minted it within the last minute, for an earlier request of the same user.
    Reused,
}

impl Issued {
    /// Returns whether the user's identity was created for the token.
    #[must_use]
    pub fn created(&self) -> bool {
        self.source == TokenSource::Created
    }
}

impl TokenSource {
    /// Returns the name in logs: `created`, `minted` or `reused`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Minted => "minted",
            Self::Reused => "reused",
        }
    }
}
