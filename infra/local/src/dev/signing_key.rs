//! The RSA key that the development identity provider signs sessions with.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Map, Value};

const PEM_LINE: usize = 64;

/// An RS256 key and its public half, whose id is its RFC 7638 thumbprint.
#[derive(Clone)]
pub(crate) struct SigningKey {
    private: EncodingKey,
    public: Jwk,
    key_id: String,
}

/// A signing key could not be made, read or used.
#[derive(Debug, thiserror::Error)]
pub enum SigningKeyError {
    /// The machine could not make an RSA key.
    #[error("no RSA key could be made")]
    Generate,
    /// The text holds no RSA private key.
    #[error("the signing key is no PEM of an RSA private key")]
    Malformed(#[source] jsonwebtoken::errors::Error),
    /// The claims could not be signed.
    #[error("the claims could not be signed")]
    Sign(#[source] jsonwebtoken::errors::Error),
}

impl SigningKey {
    /// The PKCS#8 PEM of a new RSA key of 2048 bits.
    ///
    /// # Errors
    /// [`SigningKeyError::Generate`] when the machine cannot make one.
    pub(crate) fn generate_pem() -> Result<String, SigningKeyError> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| SigningKeyError::Generate)?;
        let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(|_| SigningKeyError::Generate)?;
        let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
        for (at, character) in STANDARD.encode(der.as_ref()).chars().enumerate() {
            if at > 0 && at % PEM_LINE == 0 {
                pem.push('\n');
            }
            pem.push(character);
        }
        pem.push_str("\n-----END PRIVATE KEY-----\n");
        Ok(pem)
    }

    /// Reads what [`SigningKey::generate_pem`] made.
    ///
    /// # Errors
    /// [`SigningKeyError::Malformed`] when the text is no RSA key.
    pub(crate) fn from_pem(pem: &str) -> Result<Self, SigningKeyError> {
        let private =
            EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(SigningKeyError::Malformed)?;
        let mut public = Jwk::from_encoding_key(&private, Algorithm::RS256)
            .map_err(SigningKeyError::Malformed)?;
        let key_id =
            public.thumbprint(ThumbprintHash::SHA256).map_err(SigningKeyError::Malformed)?;
        public.common.key_id = Some(key_id.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { private, public, key_id })
    }

    /// The public half, as `jwks_uri` serves it.
    #[must_use]
    pub(crate) fn key_set(&self) -> JwkSet {
        JwkSet { keys: vec![self.public.clone()] }
    }

    /// The claims as an RS256 JWT.
    ///
    /// # Errors
    /// [`SigningKeyError::Sign`] when the key cannot sign.
    pub(crate) fn sign(&self, claims: &Map<String, Value>) -> Result<String, SigningKeyError> {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(self.key_id.clone());
        jsonwebtoken::encode(&header, claims, &self.private).map_err(SigningKeyError::Sign)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SigningKey").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_read_back_keeps_its_id_so_sessions_survive_a_restart() {
        let pem = SigningKey::generate_pem().unwrap();
        let first = SigningKey::from_pem(&pem).unwrap();
        let second = SigningKey::from_pem(&pem).unwrap();
        assert_eq!(first.key_id, second.key_id);
        assert_eq!(first.key_set(), second.key_set());
    }

    #[test]
    fn the_private_half_is_in_neither_the_key_set_nor_the_debug_text() {
        let pem = SigningKey::generate_pem().unwrap();
        let key = SigningKey::from_pem(&pem).unwrap();
        let served = serde_json::to_value(key.key_set()).unwrap();
        let names: Vec<_> = served["keys"][0].as_object().unwrap().keys().cloned().collect();
        for name in &names {
            assert!(["alg", "e", "kid", "kty", "n", "use"].contains(&name.as_str()), "{name}");
        }
        assert_eq!(format!("{key:?}"), format!("SigningKey {{ key_id: {:?}, .. }}", key.key_id));
    }

    #[test]
    fn a_damaged_key_file_is_refused() {
        assert!(matches!(SigningKey::from_pem("not a key"), Err(SigningKeyError::Malformed(_))));
    }
}
