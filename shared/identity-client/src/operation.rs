//! What can be asked of ACS.

use std::fmt;

use http::StatusCode;

/// An operation of the Identity API, as errors and logs name it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Operation {
    CreateUser,
    CreateUserWithToken,
    IssueToken,
    RevokeTokens,
    DeleteUser,
}

impl Operation {
    /// The one status that means that it is done
    /// (<https://learn.microsoft.com/rest/api/communication/identity/communication-identity>).
    pub(crate) fn success(self) -> StatusCode {
        match self {
            Self::CreateUser | Self::CreateUserWithToken => StatusCode::CREATED,
            Self::IssueToken => StatusCode::OK,
            Self::RevokeTokens | Self::DeleteUser => StatusCode::NO_CONTENT,
        }
    }

    /// Whether it is done to an identity that exists already.
    pub(crate) fn is_about_an_identity(self) -> bool {
        match self {
            Self::CreateUser | Self::CreateUserWithToken => false,
            Self::IssueToken | Self::RevokeTokens | Self::DeleteUser => true,
        }
    }

    /// Whether doing it twice leaves no more behind than doing it once.
    ///
    /// A *create* is the exception: ACS has no list of identities and takes no idempotency key, so an
    /// identity whose id never reached the caller is lost for good.
    pub(crate) fn is_safe_to_repeat(self) -> bool {
        match self {
            Self::CreateUser | Self::CreateUserWithToken => false,
            Self::IssueToken | Self::RevokeTokens | Self::DeleteUser => true,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CreateUser => "create a user",
            Self::CreateUserWithToken => "create a user with a token",
            Self::IssueToken => "issue a token",
            Self::RevokeTokens => "revoke a user's tokens",
            Self::DeleteUser => "delete a user",
        })
    }
}
