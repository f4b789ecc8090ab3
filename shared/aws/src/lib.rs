//! The AWS SDKs' clients: how they are set up, over the process's one HTTP client.

mod http_client;
mod retry;

use std::time::Duration;

use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::{ReconnectMode, RetryConfig};
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;

pub use crate::http_client::http_client;
pub use crate::retry::RetryStaleSignatures;
pub use aws_credential_types::Credentials;
pub use aws_credential_types::provider::SharedCredentialsProvider;

/// An AWS service: where it is, and the credentials of its caller.
#[derive(Clone, Debug)]
pub struct Access {
    /// The AWS region, for instance `eu-central-1`.
    pub region: String,
    /// The source of the credentials. It is asked again whenever what it gave expires; a Lambda
    /// function's own credentials live as long as the function.
    pub credentials: SharedCredentialsProvider,
    /// The endpoint that replaces the region's own, for a local stack.
    pub endpoint_url: Option<String>,
}

/// How long an attempt may take, and how long a client waits between two.
#[derive(Clone, Copy, Debug)]
pub struct Attempts {
    /// The limit of one attempt. Connecting counts, and so does reading the response.
    pub timeout: Duration,
    /// Before the second attempt a random part of this passes, before the third of twice this.
    pub initial_backoff: Duration,
}

/// The first try and two more.
const MAX_ATTEMPTS: u32 = 3;

/// Returns what the client of any service is made from. A client makes three attempts at most; how
/// long a call may take in all is each call's own deadline.
///
/// It is built by hand: `aws-config` would bring STS, SSO and a second HTTP stack into a function.
#[must_use]
pub fn sdk_config(access: Access, http: reqwest::Client, attempts: Attempts) -> SdkConfig {
    let retries = RetryConfig::standard()
        .with_max_attempts(MAX_ATTEMPTS)
        .with_initial_backoff(attempts.initial_backoff)
        // Connections belong to the HTTP client; the SDK sees none that it could close.
        .with_reconnect_mode(ReconnectMode::ReuseAllConnections);
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(attempts.timeout).build();
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(access.region))
        .credentials_provider(access.credentials)
        .http_client(http_client(http))
        .retry_config(retries)
        .timeout_config(timeouts)
        // Bodies arrive whole and within the attempt's time, so there is no stream to watch.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    config.set_endpoint_url(access.endpoint_url);
    config.build()
}
