//! Finds the operation that a request is for.

use http::Method;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use crate::service::error::ServiceError;
use crate::service::versions::Surface;

/// One operation of the service.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Operation {
    /// Create an identity, with a token or without.
    Create,
    /// Issue a token.
    Issue,
    /// Revoke tokens.
    Revoke,
    /// Delete an identity.
    Delete,
}

/// The operation and the identity of a request's method and path.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Route {
    pub(crate) operation: Operation,
    /// The identity in the path, decoded. Empty for [`Operation::Create`].
    pub(crate) identity: String,
    /// The only surface that has this path, or `None` if both have it.
    pub(crate) surface: Option<Surface>,
}

impl Route {
    /// The route of a request.
    pub(crate) fn of(method: &Method, path: &str) -> Result<Self, ServiceError> {
        let decode = |segment| percent_decode_str(segment).decode_utf8();
        let segments: Vec<_> = path
            .split('/')
            .skip(1)
            .map(decode)
            .collect::<Result<_, _>>()
            .map_err(|_| ServiceError::NoRoute)?;
        let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        let (operation, identity, surface) = match (method.as_str(), segments.as_slice()) {
            ("POST", ["identities"]) => (Operation::Create, "", None),
            ("DELETE", ["identities", id]) => (Operation::Delete, *id, None),
            ("PATCH", ["identities", id]) => (Operation::Revoke, *id, Some(Surface::Preview2)),
            ("POST", ["identities", id, action]) => match *action {
                "token" => (Operation::Issue, *id, Some(Surface::Preview2)),
                ":issueAccessToken" => (Operation::Issue, *id, Some(Surface::Current)),
                ":revokeAccessTokens" => (Operation::Revoke, *id, Some(Surface::Current)),
                _ => return Err(ServiceError::NoRoute),
            },
            (
                _,
                ["identities"]
                | ["identities", _]
                | ["identities", _, "token" | ":issueAccessToken" | ":revokeAccessTokens"],
            ) => return Err(ServiceError::MethodNotAllowed),
            _ => return Err(ServiceError::NoRoute),
        };
        Ok(Self { operation, identity: identity.to_owned(), surface })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An identity in a path may be percent-encoded or plain.
    #[test]
    fn identity_is_percent_decoded() {
        for path in ["/identities/8%3Aacs%3Aa_b", "/identities/8:acs:a_b"] {
            assert_eq!(Route::of(&Method::DELETE, path).unwrap().identity, "8:acs:a_b");
        }
    }

    /// An unknown path is 404. A known path with another method is 405.
    #[test]
    fn unknown_path_differs_from_unknown_method() {
        let error = |method, path| Route::of(&method, path).unwrap_err();

        assert_eq!(error(Method::GET, "/identities/8:acs:a_b"), ServiceError::MethodNotAllowed);
        assert_eq!(error(Method::GET, "/identities"), ServiceError::MethodNotAllowed);
        assert_eq!(error(Method::POST, "/identities/x/:exchange"), ServiceError::NoRoute);
        let teams = "/teamsUser/:exchangeAccessToken";
        assert_eq!(error(Method::POST, teams), ServiceError::NoRoute);
        assert_eq!(error(Method::POST, "/identities/%ff/token"), ServiceError::NoRoute);
    }
}
