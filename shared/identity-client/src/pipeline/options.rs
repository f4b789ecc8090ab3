//! The options of a client.

use std::time::Duration;

use crate::models::api_version::ApiVersion;

/// How a client behaves.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// The version of the Identity API that requests name; `2023-10-01` by default.
    pub api_version: ApiVersion,
    /// The longest time that one attempt may take; 5 seconds by default. The call's deadline may
    /// end it earlier.
    pub attempt_timeout: Duration,
    /// How often a request is sent at most; 3 by default. One attempt is always made. The attempts
    /// that follow a refused signature do not count.
    pub max_attempts: u32,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            api_version: ApiVersion::default(),
            attempt_timeout: Duration::from_secs(5),
            max_attempts: 3,
        }
    }
}
