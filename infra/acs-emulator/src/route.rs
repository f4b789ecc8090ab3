//! Which operation a request is for.

use http::Method;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;
use crate::versions::Surface;

/// What the service can do.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Operation {
    /// Create an identity, with a token or without.
    Create,
    /// Issue a token.
    Issue,
    /// Withdraw tokens.
    Revoke,
    /// Delete an identity.
    Delete,
}

/// A request's path and method, understood.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Route {
    pub(crate) operation: Operation,
    /// The identity in the path, decoded; empty for [`Operation::Create`].
    pub(crate) identity: String,
    /// The only surface that has this path, unless both have.
    pub(crate) surface: Option<Surface>,
}

impl Route {
    pub(crate) fn of(method: &Method, path: &str) -> Result<Self, Refusal> {
        let decode = |segment| percent_decode_str(segment).decode_utf8();
        let segments: Vec<_> = path
            .split('/')
            .skip(1)
            .map(decode)
            .collect::<Result<_, _>>()
            .map_err(|_| Refusal::NoRoute)?;
        let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        let (operation, identity, surface) = match (method.as_str(), segments.as_slice()) {
            ("POST", ["identities"]) => (Operation::Create, "", None),
            ("DELETE", ["identities", id]) => (Operation::Delete, *id, None),
            ("PATCH", ["identities", id]) => (Operation::Revoke, *id, Some(Surface::Preview2)),
            ("POST", ["identities", id, action]) => match *action {
                "token" => (Operation::Issue, *id, Some(Surface::Preview2)),
                ":issueAccessToken" => (Operation::Issue, *id, Some(Surface::Current)),
                ":revokeAccessTokens" => (Operation::Revoke, *id, Some(Surface::Current)),
                _ => return Err(Refusal::NoRoute),
            },
            (
                _,
                ["identities"]
                | ["identities", _]
                | ["identities", _, "token" | ":issueAccessToken" | ":revokeAccessTokens"],
            ) => return Err(Refusal::MethodNotAllowed),
            _ => return Err(Refusal::NoRoute),
        };
        Ok(Self { operation, identity: identity.to_owned(), surface })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_read_from_the_path_percent_encoded_or_plain() {
        for path in ["/identities/8%3Aacs%3Aa_b", "/identities/8:acs:a_b"] {
            assert_eq!(Route::of(&Method::DELETE, path).unwrap().identity, "8:acs:a_b");
        }
    }

    #[test]
    fn what_the_service_does_not_have_is_told_from_what_it_has_under_another_method() {
        let refusal = |method, path| Route::of(&method, path).unwrap_err();

        assert_eq!(refusal(Method::GET, "/identities/8:acs:a_b"), Refusal::MethodNotAllowed);
        assert_eq!(refusal(Method::GET, "/identities"), Refusal::MethodNotAllowed);
        assert_eq!(refusal(Method::POST, "/identities/x/:exchange"), Refusal::NoRoute);
        let teams = "/teamsUser/:exchangeAccessToken";
        assert_eq!(refusal(Method::POST, teams), Refusal::NoRoute);
        assert_eq!(refusal(Method::POST, "/identities/%ff/token"), Refusal::NoRoute);
    }
}
