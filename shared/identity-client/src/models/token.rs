//! Access tokens, and which identity they belong to.

use std::fmt;

use jiff::Timestamp;

use crate::models::identity_id::IdentityId;

/// An access token of an ACS identity. Its text is shown by nothing but [`AccessToken::secret`].
#[derive(Clone, Eq, PartialEq)]
pub struct AccessToken {
    secret: String,
    expires_on: Timestamp,
}

impl AccessToken {
    pub(crate) fn new(secret: String, expires_on: Timestamp) -> Self {
        Self { secret, expires_on }
    }

    /// Returns the token's text. It is for the user whom the token stands for, and nobody else.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Returns the token's text, without a copy.
    #[must_use]
    pub fn into_secret(self) -> String {
        self.secret
    }

    /// Returns when the token expires.
    #[must_use]
    pub fn expires_on(&self) -> Timestamp {
        self.expires_on
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("expires_on", &self.expires_on).finish_non_exhaustive()
    }
}

/// A token and the identity it belongs to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UserToken {
    /// The identity that the token is for.
    pub identity: IdentityId,
    /// The token.
    pub token: AccessToken,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Debug` does not print the token.
    #[test]
    fn debug_hides_the_token() {
        let token = AccessToken::new("eyJsecret".to_owned(), Timestamp::UNIX_EPOCH);
        let identity = "8:acs:a_b".parse().unwrap();
        let shown = format!("{:?}", UserToken { identity, token });
        assert!(shown.contains("1970-01-01T00:00:00Z") && !shown.contains("secret"), "{shown}");
    }
}
