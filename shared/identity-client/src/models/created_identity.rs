//! The result of creating an identity together with its first token.

use crate::models::identity_id::IdentityId;
use crate::models::token::AccessToken;
use crate::models::unreadable_response::UnreadableResponseError;

/// An identity that ACS has created, and the token that came with it.
///
/// The identity exists whether or not there is a usable token. Keep its id or delete it: ACS has
/// no list of identities.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CreatedIdentity {
    /// The id of the identity.
    pub identity: IdentityId,
    /// Its first token. Without one, [`issue_token`](crate::IdentityClient::issue_token) issues
    /// another.
    pub token: Result<AccessToken, FirstTokenError>,
}

/// Why an identity was created without a usable token.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FirstTokenError {
    /// The response has none: the API makes it optional.
    #[error("the response contains no access token")]
    Missing,
    /// The response has one, but its text or its expiry cannot be read.
    #[error("the access token cannot be read")]
    Unreadable(#[source] UnreadableResponseError),
}
