//! The gateway's responses to requests that the authorizer does not let through.
//!
//! Source: "Troubleshooting issues with HTTP API JWT authorizers" in the API Gateway developer
//! guide, which shows the form of the challenge and one description; the others are ours.

use http::StatusCode;

/// Why a request goes no further.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AuthorizationError {
    /// There is no token.
    #[error("the request carries no token")]
    NoToken,
    /// The token is not good, with the check that failed.
    #[error("{0}")]
    BadToken(&'static str),
    /// The token is good, but has none of the route's scopes.
    #[error("the token has none of the scopes: {}", .0.join(" "))]
    NoScope(Vec<String>),
}

impl AuthorizationError {
    /// 401, or 403 where a good token lacks the scope.
    #[must_use]
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::NoToken | Self::BadToken(_) => StatusCode::UNAUTHORIZED,
            Self::NoScope(_) => StatusCode::FORBIDDEN,
        }
    }

    /// The `www-authenticate` header.
    #[must_use]
    pub(crate) fn challenge(&self) -> String {
        match self {
            Self::NoToken => "Bearer".to_owned(),
            Self::BadToken(reason) => {
                format!(r#"Bearer scope="" error="invalid_token" error_description="{reason}""#)
            }
            Self::NoScope(scopes) => {
                format!(r#"Bearer scope="{}" error="insufficient_scope""#, scopes.join(" "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The challenge has the form that AWS's guide shows.
    #[test]
    fn challenge_has_the_documented_form() {
        assert_eq!(AuthorizationError::NoToken.challenge(), "Bearer");
        assert_eq!(
            AuthorizationError::BadToken("the token does not have a valid audience").challenge(),
            "Bearer scope=\"\" error=\"invalid_token\" \
             error_description=\"the token does not have a valid audience\""
        );
    }
}
