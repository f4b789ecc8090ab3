//! The settings of one emulated resource.

use std::time::Duration;

use crate::state::access_key::AccessKey;
use crate::state::random::Random;
use crate::state::resource::{self, Resource, ResourceError};
use crate::state::token_key::TokenKey;

/// The settings of one emulated Communication Services resource.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The resource's id, a GUID. Every identity of it begins with `8:acs:<resource id>_`.
    pub resource_id: String,
    /// The primary and the secondary access key.
    pub access_keys: [AccessKey; 2],
    /// The key that signs tokens.
    pub token_key: TokenKey,
    /// The largest distance between a request's date and the clock, either way.
    pub clock_skew: Duration,
    /// Whether the service's limits per 30 seconds apply.
    pub enforce_quotas: bool,
    /// Whether more signatures of faulty clients are accepted. The crate's README lists them.
    pub lenient_auth: bool,
    /// The source of ids, new access keys, `MS-CV` values and the rates of faults: the same seed
    /// and the same requests give the same responses.
    pub seed: u64,
}

impl Settings {
    /// A resource with the defaults: 15 minutes of clock skew, quotas off, strict authentication.
    #[must_use]
    pub fn new(
        resource_id: String,
        access_keys: [AccessKey; 2],
        token_key: TokenKey,
        seed: u64,
    ) -> Self {
        Self {
            resource_id,
            access_keys,
            token_key,
            clock_skew: Duration::from_mins(15),
            enforce_quotas: false,
            lenient_auth: false,
            seed,
        }
    }

    /// The settings for a generated resource, with a seed from the machine's randomness.
    ///
    /// # Errors
    /// [`ResourceError::Random`] when the machine gives no random bytes.
    pub fn for_resource(resource: &Resource) -> Result<Self, ResourceError> {
        Ok(Self::new(
            resource.resource_id.clone(),
            resource.access_keys.clone(),
            resource.token_key.clone(),
            resource::random_seed()?,
        ))
    }

    /// A resource made from the seed alone, keys included, for simulations. Its tokens are signed
    /// with HS256, which is thousands of times faster than RS256.
    #[must_use]
    pub fn simulated(seed: u64) -> Self {
        let random = Random::new(seed);
        let key = |slot: u64| AccessKey::from_bytes(&random.bytes("access key", slot));
        Self::new(
            random.guid("resource", 0),
            [key(0), key(1)],
            TokenKey::fast(&random.bytes("token key", 0)),
            seed,
        )
    }
}
