//! Where a request carries its token.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::gateway::authorization_error::AuthorizationError;

/// Returns the token, with or without `Bearer `, which the service takes in this spelling only.
///
/// # Errors
/// [`AuthorizationError`]: there is not one token.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<&str, AuthorizationError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(AuthorizationError::NoToken)?;
    if values.next().is_some() {
        return Err(AuthorizationError::BadToken("there is more than one authorization header"));
    }
    let value = value
        .to_str()
        .map_err(|_| AuthorizationError::BadToken("the authorization header is not ASCII"))?;
    match value.strip_prefix("Bearer ").unwrap_or(value) {
        "" => Err(AuthorizationError::NoToken),
        token => Ok(token),
    }
}
