//! The operations of the Identity API, and which of them may be repeated.

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
    /// Returns the one status that means success
    /// (<https://learn.microsoft.com/rest/api/communication/identity/communication-identity>).
    pub(crate) fn success_status(self) -> StatusCode {
        match self {
            Self::CreateUser | Self::CreateUserWithToken => StatusCode::CREATED,
            Self::IssueToken => StatusCode::OK,
            Self::RevokeTokens | Self::DeleteUser => StatusCode::NO_CONTENT,
        }
    }

    /// Returns whether the operation is about an identity that exists already.
    pub(crate) fn has_identity(self) -> bool {
        match self {
            Self::CreateUser | Self::CreateUserWithToken => false,
            Self::IssueToken | Self::RevokeTokens | Self::DeleteUser => true,
        }
    }

    /// Returns whether two attempts leave no more behind than one.
    ///
    /// A *create* is the exception: ACS has no list of identities and takes no idempotency key, so
    /// an identity whose id never reached the caller is lost for good.
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
