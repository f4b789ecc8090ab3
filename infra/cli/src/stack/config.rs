//! The secret of a stack, and the AWS clients of an operator.

use std::time::Duration;

use acs_broker_aws::{Credentials, SharedCredentialsProvider};
use acs_broker_config::{RandomnessError, SettingsError};
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_secretsmanager::Client as SecretsManager;
use thiserror::Error;

use crate::aws::{AwsError, response};

/// The functions' default of the setting `TOMBSTONE_DAYS`.
pub(super) const DEFAULT_TOMBSTONE_DAYS: &str = "400";
/// An operator may be on another continent, where a function never is.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// Tells which setting is unusable. No value is repeated.
#[derive(Debug, Error)]
pub(crate) enum ConfigError {
    /// AWS has no region to go to.
    #[error("no AWS region: give --region, or set AWS_REGION or the profile's region")]
    NoRegion,
    /// Secrets Manager does not return the secret with the ACS key.
    #[error("the stack's secret cannot be read")]
    Secret(#[source] AwsError),
    /// The settings lead to no ACS resource.
    #[error("the ACS resource is not known")]
    Acs(#[from] SettingsError),
    /// The system has no randomness.
    #[error(transparent)]
    Randomness(#[from] RandomnessError),
}

/// Reads the stack's secret.
pub(crate) async fn read_secret(client: &SecretsManager, arn: &str) -> Result<String, ConfigError> {
    let secret = client.get_secret_value().secret_id(arn).send().await;
    let secret = response("GetSecretValue", secret).map_err(ConfigError::Secret)?;
    Ok(secret.secret_string().unwrap_or_default().to_owned())
}

/// Returns the client configuration for AWS: the credentials, region and endpoints of the
/// environment and the profile, found as the AWS command line finds them.
pub(crate) async fn aws_config(
    region: Option<&str>,
    profile: Option<&str>,
    http: reqwest::Client,
) -> Result<SdkConfig, ConfigError> {
    let http = acs_broker_aws::http_client(http);
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http.clone())
        .retry_config(RetryConfig::standard())
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).build())
        // Bodies arrive whole, so there is no stream to watch.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    let config = loader.load().await;
    let Some(region) = config.region().cloned() else { return Err(ConfigError::NoRegion) };
    let Some(profile) = profile else { return Ok(config) };
    // The SDK by itself would prefer credentials in the environment, and they may be of another
    // account; the AWS command line takes the profile that was named.
    let surroundings =
        ProviderConfig::without_region().with_region(Some(region)).with_http_client(http);
    let credentials =
        ProfileFileCredentialsProvider::builder().configure(&surroundings).profile_name(profile);
    let credentials = SharedCredentialsProvider::new(credentials.build());
    Ok(config.into_builder().credentials_provider(credentials).build())
}

/// Describes how to reach the table of a local stack.
pub(super) struct LocalAws {
    pub(super) key_id: String,
    pub(super) secret_key: String,
    pub(super) region: String,
    pub(super) dynamodb_url: String,
}

impl LocalAws {
    /// Returns the client configuration for a local stack. It reads nothing of the environment.
    pub(super) fn config(self, http: reqwest::Client) -> SdkConfig {
        let credentials = Credentials::new(self.key_id, self.secret_key, None, None, "local stack");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(self.region))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(self.dynamodb_url)
            .http_client(acs_broker_aws::http_client(http))
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build()
    }
}

#[cfg(test)]
mod tests;
