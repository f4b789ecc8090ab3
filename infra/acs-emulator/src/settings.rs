//! What an emulated resource is made of.

use std::time::Duration;

use crate::access_key::AccessKey;
use crate::random::Random;
use crate::token_key::TokenKey;

/// One emulated Communication Services resource.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The resource's id, a GUID; every identity of it begins with `8:acs:<resource id>_`.
    pub resource_id: String,
    /// The primary and the secondary access key.
    pub access_keys: [AccessKey; 2],
    /// What tokens are signed with.
    pub token_key: TokenKey,
    /// How far a request's date may be from the clock, either way.
    pub clock_skew: Duration,
    /// Whether the service's limits per 30 seconds apply.
    pub enforce_quotas: bool,
    /// Whether more of what broken clients sign is accepted; the crate's README lists what.
    pub lenient_auth: bool,
    /// Where ids, new access keys, `MS-CV` values and fault dice come from: the same seed and the
    /// same requests give the same answers.
    pub seed: u64,
}

impl Settings {
    /// A resource with the defaults: 15 minutes of clock skew, no quotas, strict authentication.
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

    /// A resource made from the seed alone, keys included, for simulations: its tokens are signed
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
