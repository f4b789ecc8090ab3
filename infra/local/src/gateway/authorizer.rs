//! What an HTTP API's JWT authorizer does, with its responses.
//!
//! Source: "Control access to HTTP APIs with JWT authorizers" in the API Gateway developer guide.

use std::collections::BTreeMap;

use http::HeaderMap;
use jiff::Timestamp;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value};

use crate::gateway::authorization_error::AuthorizationError;
use crate::gateway::bearer::bearer;
use crate::gateway::claims;
use crate::gateway::token_lifetime;

/// Lets a request through or not, by its bearer token alone.
#[derive(Clone, Debug)]
pub(crate) struct Authorizer {
    issuer: String,
    audience: String,
    keys: JwkSet,
}

/// What a verified token passes on to the function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authorized {
    /// Every claim as text.
    pub claims: BTreeMap<String, String>,
    /// The token's scopes, on a route that requires one; else none are passed on.
    pub scopes: Option<Vec<String>>,
}

impl Authorizer {
    /// Trusts the tokens of `issuer` for `audience` that one of `keys` signed.
    #[must_use]
    pub(crate) fn new(issuer: String, audience: String, keys: JwkSet) -> Self {
        Self { issuer, audience, keys }
    }

    /// Checks the request's token, then that it has one of the route's scopes, if there are any.
    ///
    /// # Errors
    /// [`AuthorizationError`]: how the gateway responds instead of calling the function.
    pub(crate) fn authorize(
        &self,
        headers: &HeaderMap,
        required: &[String],
        now: Timestamp,
    ) -> Result<Authorized, AuthorizationError> {
        let claims = self.verify(bearer(headers)?)?;
        self.check_audience(&claims)?;
        token_lifetime::check(&claims, now)?;
        let scopes = claims::scopes(&claims);
        if !required.is_empty() && !scopes.iter().any(|scope| required.contains(scope)) {
            return Err(AuthorizationError::NoScope(required.to_vec()));
        }
        let scopes = (!required.is_empty()).then_some(scopes);
        Ok(Authorized { claims: claims::as_text(&claims), scopes })
    }

    /// Returns the user whom a token of this issuer names in `claim`, however the request ends. The
    /// gateway's log names the user with it, and nothing else relies on it.
    #[must_use]
    pub(crate) fn signed_subject(&self, headers: &HeaderMap, claim: &str) -> Option<String> {
        let claims = self.verify(bearer(headers).ok()?).ok()?;
        claims::as_text(&claims).remove(claim)
    }

    /// The claims of a token that this issuer signed.
    fn verify(&self, token: &str) -> Result<Map<String, Value>, AuthorizationError> {
        let header = jsonwebtoken::decode_header(token)
            .map_err(|_| AuthorizationError::BadToken("the token header cannot be read"))?;
        if header.alg != Algorithm::RS256 {
            return Err(AuthorizationError::BadToken("the token is not signed with RS256"));
        }
        let key = header
            .kid
            .and_then(|key_id| self.keys.find(&key_id))
            .and_then(|key| DecodingKey::from_jwk(key).ok())
            .ok_or(AuthorizationError::BadToken("the token names no key of the issuer"))?;
        let mut signature_only = Validation::new(Algorithm::RS256);
        signature_only.required_spec_claims.clear();
        signature_only.validate_exp = false;
        signature_only.validate_aud = false;
        let claims = jsonwebtoken::decode::<Map<String, Value>>(token, &key, &signature_only)
            .map_err(|_| AuthorizationError::BadToken("the token signature is not valid"))?
            .claims;
        if claims.get("iss").and_then(Value::as_str) != Some(&self.issuer) {
            return Err(AuthorizationError::BadToken("the token does not have a valid issuer"));
        }
        Ok(claims)
    }

    /// `aud` decides where there is one, else `client_id`.
    fn check_audience(&self, claims: &Map<String, Value>) -> Result<(), AuthorizationError> {
        let is_ours = |value: &Value| value.as_str() == Some(&self.audience);
        let accepted = match claims.get("aud") {
            Some(Value::Array(audiences)) => audiences.iter().any(is_ours),
            Some(audience) => is_ours(audience),
            None => claims.get("client_id").is_some_and(is_ours),
        };
        if accepted {
            Ok(())
        } else {
            Err(AuthorizationError::BadToken("the token does not have a valid audience"))
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use http::header::AUTHORIZATION;
    use http::{HeaderValue, StatusCode};
    use jsonwebtoken::{EncodingKey, Header};
    use serde_json::json;

    use super::*;
    use crate::dev::identity_provider::{AUDIENCE, IdentityProvider};
    use crate::dev::signing_key::SigningKey;

    const NOW: Timestamp = Timestamp::constant(1_700_000_000, 0);
    const ISSUER: &str = "http://127.0.0.1:8080";

    struct World {
        provider: IdentityProvider,
        authorizer: Authorizer,
    }

    fn world() -> World {
        let key = SigningKey::from_pem(&SigningKey::generate_pem().unwrap()).unwrap();
        let authorizer = Authorizer::new(ISSUER.to_owned(), AUDIENCE.to_owned(), key.key_set());
        World { provider: IdentityProvider::new(ISSUER.to_owned(), key), authorizer }
    }

    impl World {
        fn token(&self, claims: &Value) -> String {
            let body = json!({"subject": "alice", "claims": claims}).to_string();
            self.provider.sign_in(body.as_bytes(), NOW).unwrap().token
        }

        fn try_header(
            &self,
            value: &str,
            required: &[&str],
        ) -> Result<Authorized, AuthorizationError> {
            let headers =
                HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(value).unwrap())]);
            let required: Vec<_> = required.iter().map(|&scope| scope.to_owned()).collect();
            self.authorizer.authorize(&headers, &required, NOW)
        }

        fn try_claims(&self, claims: &Value) -> Result<Authorized, AuthorizationError> {
            self.try_header(&format!("Bearer {}", self.token(claims)), &[])
        }
    }

    fn unsigned(header: &Value, claims: &Value) -> String {
        let [header, claims] =
            [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        format!("{header}.{claims}.")
    }

    /// A good session passes its claims on as text, and no scopes.
    #[test]
    fn good_session_passes_claims_as_text() {
        let authorized = world().try_claims(&json!({"scope": "a b"})).unwrap();
        assert_eq!(authorized.claims["sub"], "alice");
        assert_eq!(authorized.claims["auth_time"], "1700000000");
        assert_eq!(authorized.scopes, None);
    }

    /// A token without the word `Bearer` is accepted, as AWS's guide says.
    #[test]
    fn token_without_bearer_is_accepted() {
        let world = world();
        assert!(world.try_header(&world.token(&json!({})), &[]).is_ok());
    }

    /// The audience may be a list, and `client_id` counts only without it.
    #[test]
    fn audience_comes_before_client_id() {
        let world = world();
        assert!(world.try_claims(&json!({"aud": ["x", AUDIENCE]})).is_ok());
        assert!(world.try_claims(&json!({"aud": null, "client_id": AUDIENCE})).is_ok());
        for wrong in [
            json!({"aud": "x"}),
            json!({"aud": ["x"]}),
            json!({"aud": null}),
            json!({"aud": "x", "client_id": AUDIENCE}),
        ] {
            assert_eq!(
                world.try_claims(&wrong),
                Err(AuthorizationError::BadToken("the token does not have a valid audience")),
                "{wrong}"
            );
        }
    }

    /// A session that has expired is refused.
    #[test]
    fn expired_session_is_refused() {
        let expired = json!({"exp": NOW.as_second()});
        assert_eq!(
            world().try_claims(&expired),
            Err(AuthorizationError::BadToken("the token has expired"))
        );
    }

    /// A token of another issuer is refused, even under our key.
    #[test]
    fn foreign_issuer_is_refused() {
        let refused = world().try_claims(&json!({"iss": "https://evil.example"}));
        assert_eq!(
            refused,
            Err(AuthorizationError::BadToken("the token does not have a valid issuer"))
        );
    }

    /// A forged token is refused by the first check that it fails.
    #[test]
    fn forged_tokens_are_refused() {
        let world = world();
        let claims = json!({"iss": ISSUER, "sub": "root", "aud": AUDIENCE, "exp": 1_800_000_000});
        let key_id = world.provider.key_set().keys[0].common.key_id.clone().unwrap();
        let public_modulus = serde_json::to_string(&world.provider.key_set()).unwrap();
        let mut hs256 = Header::new(Algorithm::HS256);
        hs256.kid = Some(key_id.clone());
        let hs256 = jsonwebtoken::encode(
            &hs256,
            &claims,
            &EncodingKey::from_secret(public_modulus.as_bytes()),
        )
        .unwrap();
        let stranger = SigningKey::from_pem(&SigningKey::generate_pem().unwrap()).unwrap();
        let stranger = stranger.sign(claims.as_object().unwrap()).unwrap();
        let good = world.token(&json!({}));
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let other_claims = URL_SAFE_NO_PAD.encode(claims.to_string());
        let header = signed.split_once('.').unwrap().0;
        for (token, reason) in [
            (unsigned(&json!({"alg": "none"}), &claims), "the token header cannot be read"),
            (hs256, "the token is not signed with RS256"),
            (stranger, "the token names no key of the issuer"),
            (unsigned(&json!({"alg": "RS256"}), &claims), "the token names no key of the issuer"),
            (format!("{header}.{other_claims}.{signature}"), "the token signature is not valid"),
            (format!("{signed}."), "the token signature is not valid"),
            ("garbage".to_owned(), "the token header cannot be read"),
            ("a.b.c".to_owned(), "the token header cannot be read"),
        ] {
            assert_eq!(
                world.try_header(&format!("Bearer {token}"), &[]),
                Err(AuthorizationError::BadToken(reason)),
                "{token}"
            );
        }
    }

    /// An authorization header that is absent, empty, repeated or misspelt is refused.
    #[test]
    fn unusable_header_is_refused() {
        let world = world();
        let token = world.token(&json!({}));
        let mut headers = HeaderMap::new();
        assert_eq!(
            world.authorizer.authorize(&headers, &[], NOW),
            Err(AuthorizationError::NoToken)
        );
        assert_eq!(world.try_header("", &[]), Err(AuthorizationError::NoToken));
        let good = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
        headers.append(AUTHORIZATION, good.clone());
        headers.append(AUTHORIZATION, good);
        let reason = "there is more than one authorization header";
        let refused = world.authorizer.authorize(&headers, &[], NOW);
        assert_eq!(refused, Err(AuthorizationError::BadToken(reason)));
        for misspelt in [format!("bearer {token}"), format!("Basic {token}"), "Bearer  ".to_owned()]
        {
            let refused = world.try_header(&misspelt, &[]).unwrap_err();
            assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{misspelt}");
        }
    }

    /// An operators' route needs one of its scopes, and passes the scopes on.
    #[test]
    fn operator_route_needs_its_scope() {
        let world = world();
        let token = format!("Bearer {}", world.token(&json!({"scope": "openid acs.admin"})));
        let authorized = world.try_header(&token, &["acs.admin", "root"]).unwrap();
        assert_eq!(authorized.scopes.unwrap(), ["openid", "acs.admin"]);
        let token = format!("Bearer {}", world.token(&json!({"scope": "acs.administrator"})));
        let denied = world.try_header(&token, &["acs.admin"]).unwrap_err();
        assert_eq!(denied.status(), StatusCode::FORBIDDEN);
        assert_eq!(denied.challenge(), r#"Bearer scope="acs.admin" error="insufficient_scope""#);
    }
}
