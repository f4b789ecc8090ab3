//! The key that signs tokens.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::digest::Key;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize, Serializer, ser};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The key id of the tokens in Microsoft's documentation.
const KEY_ID: &str = "106";

/// The key that signs tokens. Its serde form is base64 of PKCS#8.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct TokenKey(Kind);

#[derive(Clone)]
enum Kind {
    Rsa(Arc<KeyPair>),
    Fast(Hmac<Sha256>),
}

/// A token's header, with the members of the real service in their order.
#[derive(Serialize)]
pub(crate) struct Header {
    alg: &'static str,
    kid: &'static str,
    x5t: String,
    typ: &'static str,
}

/// A key could not be made, read or written.
#[derive(Debug, thiserror::Error)]
pub enum TokenKeyError {
    /// The machine could not make an RSA key.
    #[error("no RSA key could be made")]
    Generate,
    /// The bytes are not a PKCS#8 RSA private key.
    #[error("the token key is not a PKCS#8 RSA private key")]
    Malformed,
    /// A key of [`TokenKey::fast`] cannot be written.
    #[error("a fast token key has no PKCS#8 form")]
    Fast,
}

impl TokenKey {
    /// A new RSA key of 2048 bits. Its tokens have the algorithm RS256, like the service's.
    ///
    /// # Errors
    /// [`TokenKeyError::Generate`] when the machine cannot make one.
    pub fn generate() -> Result<Self, TokenKeyError> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| TokenKeyError::Generate)?;
        Ok(Self(Kind::Rsa(Arc::new(pair))))
    }

    /// The RSA key that [`to_pkcs8`](Self::to_pkcs8) wrote.
    ///
    /// # Errors
    /// [`TokenKeyError::Malformed`] when the bytes are something else.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, TokenKeyError> {
        let pair = KeyPair::from_pkcs8(der).map_err(|_| TokenKeyError::Malformed)?;
        Ok(Self(Kind::Rsa(Arc::new(pair))))
    }

    /// An HS256 key, for simulations that issue millions of tokens. Its tokens cannot be verified
    /// from outside: [`jwks`](Self::jwks) is empty.
    #[must_use]
    pub fn fast(secret: &[u8; 32]) -> Self {
        let mut block = Key::<Hmac<Sha256>>::default();
        block.iter_mut().zip(secret).for_each(|(place, byte)| *place = *byte);
        Self(Kind::Fast(Hmac::new(&block)))
    }

    /// The private key, PKCS#8 DER: a secret.
    ///
    /// # Errors
    /// [`TokenKeyError::Fast`] for a key that is not RSA.
    pub fn to_pkcs8(&self) -> Result<Vec<u8>, TokenKeyError> {
        let Kind::Rsa(pair) = &self.0 else { return Err(TokenKeyError::Fast) };
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| TokenKeyError::Fast)?;
        Ok(der.as_ref().to_vec())
    }

    /// The JSON Web Key Set (RFC 7517) that verifies the tokens.
    #[must_use]
    pub fn jwks(&self) -> Value {
        let Kind::Rsa(pair) = &self.0 else { return json!({ "keys": [] }) };
        let public = pair.public_key();
        json!({ "keys": [{
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID, "x5t": self.thumbprint(),
            "n": URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero()),
            "e": URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero()),
        }] })
    }

    /// The header of its tokens.
    pub(crate) fn header(&self) -> Header {
        let alg = match self.0 {
            Kind::Rsa(_) => "RS256",
            Kind::Fast(_) => "HS256",
        };
        Header { alg, kid: KEY_ID, x5t: self.thumbprint(), typ: "JWT" }
    }

    /// The signature of a token's first two parts, or `None` when the machine cannot sign.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match &self.0 {
            Kind::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).ok()?;
                Some(signature)
            }
            Kind::Fast(mac) => {
                Some(mac.clone().chain_update(message).finalize().into_bytes().to_vec())
            }
        }
    }

    /// 20 bytes in the place of the certificate thumbprint that the service writes. There is no
    /// certificate here: the bytes are the start of the public key's SHA-256.
    fn thumbprint(&self) -> String {
        let hash = match &self.0 {
            Kind::Rsa(pair) => Sha256::digest(pair.public_key()),
            Kind::Fast(_) => Sha256::digest(b"fast"),
        };
        URL_SAFE_NO_PAD.encode(hash.get(..20).unwrap_or_default())
    }
}

impl TryFrom<String> for TokenKey {
    type Error = TokenKeyError;

    fn try_from(text: String) -> Result<Self, TokenKeyError> {
        let der = STANDARD.decode(text).map_err(|_| TokenKeyError::Malformed)?;
        Self::from_pkcs8(&der)
    }
}

impl Serialize for TokenKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let der = self.to_pkcs8().map_err(ser::Error::custom)?;
        serializer.serialize_str(&STANDARD.encode(der))
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key that was read back from a state file signs the same.
    #[test]
    fn written_key_signs_the_same() {
        let key = TokenKey::generate().unwrap();
        let again = TokenKey::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap();

        assert_eq!(key.sign(b"x"), again.sign(b"x"));
        assert_eq!(key.jwks(), again.jwks());
    }

    /// A key never prints itself.
    #[test]
    fn debug_hides_the_key() {
        assert_eq!(format!("{:?}", TokenKey::fast(&[7; 32])), "TokenKey(hidden)");
    }
}
