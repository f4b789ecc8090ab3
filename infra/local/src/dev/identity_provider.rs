//! A development identity provider: it signs in every user that a request names.
//!
//! It speaks as much OIDC as a JWT authorizer reads: discovery, a key set, RS256 tokens.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::JwkSet;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::dev::provider_faults::{ProviderEffect, SIGN_IN};
use crate::dev::sign_in::{SignIn, SignInRule};
use crate::dev::signing_key::{SigningKey, SigningKeyError};
use crate::faults::Faults;

/// What a session's `aud` says unless the sign-in says otherwise, and what the authorizer expects.
pub(crate) const AUDIENCE: &str = "acs-token-broker";

/// How long a session lasts, in seconds.
const SESSION_SECONDS: i64 = 3600;

/// The development identity provider.
#[derive(Clone, Debug)]
pub(crate) struct IdentityProvider {
    issuer: String,
    key: SigningKey,
    /// The faults in force.
    pub(crate) faults: Arc<Faults<ProviderEffect>>,
}

/// The answer to `POST /dev/sign-in`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Session {
    /// The JWT to send as `Authorization: Bearer`.
    pub token: String,
    /// The token's `exp` claim, in seconds since 1970 unless the sign-in replaced it.
    pub expires_at: Value,
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignInError {
    /// The body is not what the route takes; the text names the field and the rule.
    #[error(transparent)]
    Malformed(#[from] SignInRule),
    /// A fault refuses all users.
    #[error("the identity provider does not respond: a fault asks for this")]
    Unavailable,
    /// The session could not be signed.
    #[error("the session could not be signed")]
    Signing(#[source] SigningKeyError),
}

impl IdentityProvider {
    /// A provider whose tokens say `iss: issuer`; its routes must be reachable below that URL.
    #[must_use]
    pub(crate) fn new(issuer: String, key: SigningKey) -> Self {
        Self { issuer, key, faults: Arc::default() }
    }

    /// The `iss` of its tokens: a URL without a trailing slash.
    #[must_use]
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// `GET /.well-known/openid-configuration`.
    #[must_use]
    pub(crate) fn discovery(&self) -> Value {
        json!({
            "issuer": self.issuer,
            "jwks_uri": format!("{}/.well-known/jwks.json", self.issuer),
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
        })
    }

    /// `GET /.well-known/jwks.json`.
    #[must_use]
    pub(crate) fn key_set(&self) -> JwkSet {
        self.key.key_set()
    }

    /// `POST /dev/sign-in`.
    ///
    /// # Errors
    /// [`SignInError`]: the body breaks a rule, a fault asks for it, or the session cannot be signed.
    pub(crate) fn sign_in(&self, body: &[u8], now: Timestamp) -> Result<Session, SignInError> {
        let request = SignIn::read(body)?;
        let fault = self.faults.take(SIGN_IN).unwrap_or_default();
        if fault.is_unavailable() {
            return Err(SignInError::Unavailable);
        }
        let now = now.saturating_add(SignedDuration::from_secs(fault.clock_seconds.into()));
        let now = now.unwrap_or(Timestamp::MAX);
        let issued_at = request.issued_at.unwrap_or_else(|| now.as_second());
        let mut claims = Map::from_iter([
            ("iss".to_owned(), json!(self.issuer)),
            ("sub".to_owned(), json!(request.subject)),
            ("aud".to_owned(), json!(AUDIENCE)),
            ("iat".to_owned(), json!(issued_at)),
            ("exp".to_owned(), json!(issued_at.saturating_add(SESSION_SECONDS))),
            ("auth_time".to_owned(), json!(request.auth_time.unwrap_or(issued_at))),
        ]);
        claims.extend(request.claims);
        claims.extend(fault.claims);
        claims.retain(|_, value| !value.is_null());
        let token = if fault.other_key {
            other_key().and_then(|key| key.sign(&claims))
        } else {
            self.key.sign(&claims)
        };
        let token = token.map_err(SignInError::Signing)?;
        let expires_at = claims.remove("exp").unwrap_or(Value::Null);
        Ok(Session { token, expires_at })
    }
}

/// Returns a key that no key set has.
fn other_key() -> Result<SigningKey, SigningKeyError> {
    SigningKey::from_pem(&SigningKey::generate_pem()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_700_000_000, 0);

    fn provider() -> IdentityProvider {
        let key = SigningKey::from_pem(&SigningKey::generate_pem().unwrap()).unwrap();
        IdentityProvider::new("http://127.0.0.1:8080".to_owned(), key)
    }

    fn claims_of(body: &Value) -> Value {
        let session = provider().sign_in(body.to_string().as_bytes(), NOW).unwrap();
        jsonwebtoken::dangerous::insecure_decode_claims(session.token).unwrap()
    }

    #[test]
    fn a_plain_sign_in_is_a_session_of_one_hour_that_began_now() {
        assert_eq!(
            claims_of(&json!({"subject": "alice"})),
            json!({
                "iss": "http://127.0.0.1:8080", "sub": "alice", "aud": AUDIENCE,
                "iat": 1_700_000_000, "exp": 1_700_003_600, "auth_time": 1_700_000_000,
            })
        );
    }

    #[test]
    fn a_test_can_back_date_a_session_and_lay_claims_over_it() {
        let claims = claims_of(&json!({
            "subject": "auth0|日本 x/y", "issuedAt": 100, "authTime": 50,
            "claims": {"scope": "acs.admin", "exp": 101, "aud": null},
        }));
        assert_eq!(
            claims,
            json!({
                "iss": "http://127.0.0.1:8080", "sub": "auth0|日本 x/y", "iat": 100, "exp": 101,
                "auth_time": 50, "scope": "acs.admin",
            })
        );
    }

    #[test]
    fn discovery_leads_to_the_key_that_signed() {
        let provider = provider();
        assert_eq!(provider.discovery()["jwks_uri"], "http://127.0.0.1:8080/.well-known/jwks.json");
        let session = provider.sign_in(br#"{"subject":"alice"}"#, NOW).unwrap();
        let key_id = jsonwebtoken::decode_header(session.token).unwrap().kid.unwrap();
        assert!(provider.key_set().find(&key_id).is_some());
    }
}
