use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::http::HttpResponse;
use aws_sdk_secretsmanager::config::retry::{ReconnectMode, RetryConfig};
use aws_sdk_secretsmanager::config::timeout::TimeoutConfig;
use aws_sdk_secretsmanager::config::{
    BehaviorVersion, Config, Region, StalledStreamProtectionConfig,
};
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use thiserror::Error;

use crate::settings::Aws;

/// A secret of AWS Secrets Manager that holds settings.
pub(crate) struct Secret {
    client: Client,
    id: String,
}

/// The settings that a secret holds.
pub(crate) struct SecretSettings(BTreeMap<String, String>);

/// Why a secret's settings are not known. Nothing of the secret is in the text.
#[derive(Debug, Error)]
pub(crate) enum SecretError {
    #[error("the secret could not be read: Secrets Manager answered {status} {code}: {message}")]
    Refused { status: u16, code: String, message: String },
    #[error("the secret could not be read: Secrets Manager gave no usable answer")]
    NoAnswer(#[source] Option<Box<dyn Error + Send + Sync>>),
    #[error(
        "the secret must be a JSON object of texts with no other members than {}",
        SecretSettings::NAMES.join(", ")
    )]
    Form,
}

/// Longer than for DynamoDB: Secrets Manager has a key service to ask before it answers.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);
/// The first try and two more.
const ATTEMPTS: u32 = 3;
/// Before the second attempt a random part of this passes, before the third of twice this.
const BACKOFF: Duration = Duration::from_millis(50);

impl Secret {
    /// The secret of this name or ARN. Nothing is sent yet.
    pub(crate) fn new(id: String, aws: &Aws) -> Self {
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(aws.region.clone()))
            .credentials_provider(aws.credentials.clone())
            .http_client(acs_broker_aws::shared(aws.http.clone()))
            .retry_config(
                RetryConfig::standard()
                    .with_max_attempts(ATTEMPTS)
                    .with_initial_backoff(BACKOFF)
                    .with_reconnect_mode(ReconnectMode::ReuseAllConnections),
            )
            .timeout_config(
                TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).build(),
            )
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        if let Some(url) = &aws.secrets_endpoint_url {
            config = config.endpoint_url(url);
        }
        Self { client: Client::from_conf(config.build()), id }
    }

    /// Its settings as they are now. All attempts together are over before Lambda gives a start up,
    /// after 10 seconds. <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>
    pub(crate) async fn read(&self) -> Result<SecretSettings, SecretError> {
        let answer = self.client.get_secret_value().secret_id(&self.id).send().await;
        SecretSettings::parse(answer.map_err(failure)?.secret_string().unwrap_or_default())
    }
}

fn failure(error: SdkError<GetSecretValueError, HttpResponse>) -> SecretError {
    let said = |text: Option<&str>| text.unwrap_or("without saying why").to_owned();
    match error {
        SdkError::ServiceError(answer) => SecretError::Refused {
            status: answer.raw().status().as_u16(),
            code: said(answer.err().code()),
            message: said(answer.err().message()),
        },
        error => SecretError::NoAnswer(error.into_source().ok()),
    }
}

impl SecretSettings {
    /// All that a secret may hold; another name is most likely one of these, misspelt.
    pub(crate) const NAMES: [&str; 3] =
        ["ACS_CONNECTION_STRING", "ACS_SECONDARY_CONNECTION_STRING", "USER_HASH_KEY"];

    fn parse(text: &str) -> Result<Self, SecretError> {
        // The parser's own error may quote the text.
        let settings: BTreeMap<String, String> =
            serde_json::from_str(text).map_err(|_| SecretError::Form)?;
        if settings.keys().any(|name| !Self::NAMES.contains(&name.as_str())) {
            return Err(SecretError::Form);
        }
        Ok(Self(settings))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&String> {
        self.0.get(name)
    }
}

#[cfg(test)]
mod tests;
