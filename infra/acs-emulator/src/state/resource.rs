//! The secrets and the id of a resource: generated once, then read from the state file.

use aws_lc_rs::rand;
use serde::{Deserialize, Serialize};

use crate::state::access_key::AccessKey;
use crate::state::certificate_authority::{CertificateAuthority, CertificateError};
use crate::state::random::Random;
use crate::state::token_key::{TokenKey, TokenKeyError};

/// The first line of a state file. It holds every secret of the emulated resource.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resource {
    /// The resource's id, a GUID.
    pub resource_id: String,
    /// The access keys it was made with. A [`JournalEntry`](crate::JournalEntry) holds a
    /// regenerated one.
    pub access_keys: [AccessKey; 2],
    /// The key that signs tokens.
    pub token_key: TokenKey,
    /// The authority that signs the https certificate.
    pub authority: CertificateAuthority,
}

/// A resource could not be generated.
#[derive(Debug, thiserror::Error)]
pub enum ResourceError {
    /// The machine gives no random bytes.
    #[error("the machine gives no random bytes")]
    Random,
    /// The token key could not be made.
    #[error("the token key could not be made")]
    TokenKey(#[source] TokenKeyError),
    /// The certificate authority could not be made.
    #[error("the certificate authority could not be made")]
    Authority(#[source] CertificateError),
}

impl Resource {
    /// Generates a resource. The machine's randomness supplies the values that are not given.
    ///
    /// # Errors
    /// [`ResourceError`] names the part that could not be made.
    pub fn generate(
        resource_id: Option<String>,
        [primary, secondary]: [Option<AccessKey>; 2],
    ) -> Result<Self, ResourceError> {
        let guid = Random::new(random_seed()?).guid("resource", 0);
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
}

/// A seed from the machine's randomness.
pub(crate) fn random_seed() -> Result<u64, ResourceError> {
    let mut bytes = [0; 8];
    rand::fill(&mut bytes).map_err(|_| ResourceError::Random)?;
    Ok(u64::from_be_bytes(bytes))
}

fn random_key() -> Result<AccessKey, ResourceError> {
    let mut bytes = [0; 64];
    rand::fill(&mut bytes).map_err(|_| ResourceError::Random)?;
    Ok(AccessKey::from_bytes(&bytes))
}
