//! What a resource keeps for life: made once, then read from the state file.

use aws_lc_rs::rand;
use serde::{Deserialize, Serialize};

use crate::access_key::AccessKey;
use crate::random::Random;
use crate::settings::Settings;
use crate::tls::{CertificateAuthority, TlsError};
use crate::token_key::{TokenKey, TokenKeyError};

/// The first line of a state file. It holds every secret of the emulated resource.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resource {
    /// The resource's id, a GUID.
    pub resource_id: String,
    /// The access keys it was made with; a regenerated one is a [`Change`](crate::Change).
    pub access_keys: [AccessKey; 2],
    /// What tokens are signed with.
    pub token_key: TokenKey,
    /// What the https certificate is signed with.
    pub authority: CertificateAuthority,
}

/// A resource could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ResourceError {
    /// No random bytes.
    #[error("the machine gives no random bytes")]
    Random,
    /// No token key.
    #[error("the token key could not be made")]
    TokenKey(#[source] TokenKeyError),
    /// No certificate authority.
    #[error("the certificate authority could not be made")]
    Authority(#[source] TlsError),
}

impl Resource {
    /// Makes a resource; what is not given is drawn from the machine's randomness.
    ///
    /// # Errors
    /// [`ResourceError`] says what could not be made.
    pub fn generate(
        resource_id: Option<String>,
        [primary, secondary]: [Option<AccessKey>; 2],
    ) -> Result<Self, ResourceError> {
        let guid = Random::new(random_number()?).guid("resource", 0);
        Ok(Self {
            resource_id: resource_id.unwrap_or(guid),
            access_keys: [
                primary.map_or_else(random_key, Ok)?,
                secondary.map_or_else(random_key, Ok)?,
            ],
            token_key: TokenKey::generate().map_err(ResourceError::TokenKey)?,
            authority: CertificateAuthority::generate().map_err(ResourceError::Authority)?,
        })
    }

    /// The settings of an emulator of this resource, with a seed drawn from the machine's
    /// randomness.
    ///
    /// # Errors
    /// [`ResourceError::Random`] when there is none.
    pub fn settings(&self) -> Result<Settings, ResourceError> {
        Ok(Settings::new(
            self.resource_id.clone(),
            self.access_keys.clone(),
            self.token_key.clone(),
            random_number()?,
        ))
    }
}

fn random_number() -> Result<u64, ResourceError> {
    let mut bytes = [0; 8];
    rand::fill(&mut bytes).map_err(|_| ResourceError::Random)?;
    Ok(u64::from_be_bytes(bytes))
}

fn random_key() -> Result<AccessKey, ResourceError> {
    let mut bytes = [0; 64];
    rand::fill(&mut bytes).map_err(|_| ResourceError::Random)?;
    Ok(AccessKey::from_bytes(&bytes))
}
