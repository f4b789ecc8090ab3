//! When a token may be used.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::gateway::authorization_error::AuthorizationError;

/// `exp` must lie ahead of `now`; `nbf` and `iat`, where present, must not.
///
/// # Errors
/// [`AuthorizationError::BadToken`]: it is too late or too early, or a time is not a number.
pub(crate) fn check(claims: &Map<String, Value>, now: Timestamp) -> Result<(), AuthorizationError> {
    let now = now.as_second();
    match seconds(claims, "exp")? {
        Some(expiry) if expiry > now => {}
        _ => return Err(AuthorizationError::BadToken("the token has expired")),
    }
    for name in ["nbf", "iat"] {
        if seconds(claims, name)?.is_some_and(|from| from > now) {
            return Err(AuthorizationError::BadToken("the token is not valid yet"));
        }
    }
    Ok(())
}

fn seconds(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>, AuthorizationError> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    #[expect(clippy::cast_possible_truncation, reason = "a NumericDate may have a fraction")]
    let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64));
    seconds.map(Some).ok_or(AuthorizationError::BadToken("a time in the token is not a number"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check_at_100(claims: &Value) -> Result<(), AuthorizationError> {
        check(claims.as_object().unwrap(), Timestamp::constant(100, 999_999_999))
    }

    /// A session is refused after its end and before its beginning.
    #[test]
    fn sessions_out_of_time_are_refused() {
        for (claims, reason) in [
            (json!({"exp": 100}), "the token has expired"),
            (json!({}), "the token has expired"),
            (json!({"exp": "soon"}), "a time in the token is not a number"),
            (json!({"exp": 200, "nbf": null}), "a time in the token is not a number"),
            (json!({"exp": 200, "nbf": 101}), "the token is not valid yet"),
            (json!({"exp": 200, "iat": 101}), "the token is not valid yet"),
        ] {
            assert_eq!(
                check_at_100(&claims),
                Err(AuthorizationError::BadToken(reason)),
                "{claims}"
            );
        }
    }

    /// A session may be used from the second it begins until the one it ends.
    #[test]
    fn first_and_last_second_count() {
        assert_eq!(check_at_100(&json!({"exp": 101, "nbf": 100, "iat": 100})), Ok(()));
        assert_eq!(check_at_100(&json!({"exp": 101.5, "iat": 100.9})), Ok(()));
    }
}
