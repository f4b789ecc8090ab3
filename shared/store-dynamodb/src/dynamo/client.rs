//! The SDK's client, built by hand: `aws-config` would bring STS, SSO and a second HTTP stack.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::{ReconnectMode, RetryConfig};
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Config, Region, SharedCredentialsProvider, StalledStreamProtectionConfig,
};

/// A hundred times what DynamoDB usually takes (single-digit milliseconds), and short enough that
/// all attempts fit into a few seconds. Connecting counts; so does reading the answer.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(1);

/// The first try and two more.
const ATTEMPTS: u32 = 3;

/// Before the second attempt a random part of this passes, before the third of twice this. It is
/// what `aws-config` sets for DynamoDB; the SDK by itself would take a second, and a function that
/// wakes up with dead connections would lose it each time.
const BACKOFF: Duration = Duration::from_millis(25);

/// Where the table is and who asks for it.
#[derive(Clone, Debug)]
pub struct Access {
    /// The AWS region, for instance `eu-central-1`.
    pub region: String,
    /// Asked again whenever what it gave expires. A Lambda function's own credentials never do in its
    /// life.
    pub credentials: SharedCredentialsProvider,
    /// Asked instead of the region's own endpoint, for a local table.
    pub endpoint_url: Option<String>,
}

/// Makes the client; `http` is the process's one HTTP client, whose connections it shares.
///
/// It gives up an attempt after a second and makes three at most. How long a call may take in all is
/// each call's own deadline.
#[must_use]
pub fn client(access: Access, http: reqwest::Client) -> Client {
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(access.region))
        .credentials_provider(access.credentials)
        .http_client(acs_broker_aws::shared(http))
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(ATTEMPTS)
                .with_initial_backoff(BACKOFF)
                // Connections are the HTTP client's affair; the SDK sees none it could close.
                .with_reconnect_mode(ReconnectMode::ReuseAllConnections),
        )
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).build())
        // Bodies arrive whole and within the attempt's time, so there is no stream to watch.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if let Some(url) = access.endpoint_url {
        config = config.endpoint_url(url);
    }
    Client::from_conf(config.build())
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::config::Credentials;

    use super::super::DynamoTable;
    use super::*;

    #[test]
    fn the_credentials_do_not_reach_a_log_through_debug() {
        let token = Some("FQoGZXIvYXdzEBYaD".to_owned());
        let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI", token, None, "test");
        let credentials = SharedCredentialsProvider::new(credentials);
        let region = "eu-central-1".to_owned();
        let access = Access { region, credentials, endpoint_url: None };
        let shown = format!("{access:?}");
        let http = identity_client::http_client(None).unwrap();
        let table = DynamoTable::new(client(access, http), "users");
        for shown in [shown, format!("{table:?}")] {
            assert!(!shown.contains("wJalrXUtnFEMI") && !shown.contains("FQoGZXIvYXdzEBYaD"));
        }
    }
}
