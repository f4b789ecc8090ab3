//! The secret of AWS Secrets Manager that holds settings.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use acs_broker_aws::{Access, Attempts, RetryStaleSignatures, sdk_config};
use aws_sdk_secretsmanager::config::http::HttpResponse;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use aws_sdk_secretsmanager::{Client, config};
use thiserror::Error;

use crate::reader::SECRET_NAMES;

/// A secret of AWS Secrets Manager that holds settings.
pub(crate) struct Secret {
    client: Client,
    id: String,
}

/// Why a secret's settings are not known. The text shows nothing of the secret.
#[derive(Debug, Error)]
pub(crate) enum SecretError {
    #[error("the secret could not be read: Secrets Manager responded {status} {code}: {message}")]
    Refused { status: u16, code: String, message: String },
    #[error("the secret could not be read: Secrets Manager gave no usable response")]
    NoResponse(#[source] Option<Box<dyn Error + Send + Sync>>),
    #[error(
        "the secret must be a JSON object of texts with no other members than {}",
        SECRET_NAMES.join(", ")
    )]
    Form,
}

/// The timeout is longer than for DynamoDB: Secrets Manager asks a key service before it responds.
const ATTEMPTS: Attempts =
    Attempts { timeout: Duration::from_secs(2), initial_backoff: Duration::from_millis(50) };

impl Secret {
    /// Returns the secret of this name or ARN. Nothing is sent yet.
    pub(crate) fn new(id: String, access: Access, http: reqwest::Client) -> Self {
        let config = config::Builder::from(&sdk_config(access, http, ATTEMPTS));
        Self {
            client: Client::from_conf(config.retry_classifier(RetryStaleSignatures).build()),
            id,
        }
    }

    /// Returns its settings as they are now. All attempts together end before Lambda gives a start
    /// up, after 10 seconds.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>
    pub(crate) async fn read(&self) -> Result<BTreeMap<String, String>, SecretError> {
        let reply = self.client.get_secret_value().secret_id(&self.id).send().await;
        parse_secret(reply.map_err(read_error)?.secret_string().unwrap_or_default())
    }
}

fn read_error(error: SdkError<GetSecretValueError, HttpResponse>) -> SecretError {
    let text = |text: Option<&str>| text.unwrap_or("without a reason").to_owned();
    match error {
        SdkError::ServiceError(response) => SecretError::Refused {
            status: response.raw().status().as_u16(),
            code: text(response.err().code()),
            message: text(response.err().message()),
        },
        error => SecretError::NoResponse(error.into_source().ok()),
    }
}

/// Returns the settings in the text of a secret.
pub(crate) fn parse_secret(text: &str) -> Result<BTreeMap<String, String>, SecretError> {
    // The parser's own error may quote the text.
    let settings: BTreeMap<String, String> =
        serde_json::from_str(text).map_err(|_| SecretError::Form)?;
    if settings.keys().any(|name| !SECRET_NAMES.contains(&name.as_str())) {
        return Err(SecretError::Form);
    }
    Ok(settings)
}

#[cfg(test)]
mod tests;
