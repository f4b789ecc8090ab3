use std::error::Error;
use std::fmt;

use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use thiserror::Error;

/// Why AWS did not do what it was asked for.
#[derive(Debug, Error)]
pub(crate) enum AwsError {
    /// AWS answered and said why not.
    #[error("{operation}: {code}: {message}")]
    Refused { operation: &'static str, code: String, message: String },
    /// There is no answer, or no credentials to ask with.
    #[error("{operation}: no answer")]
    NoAnswer {
        operation: &'static str,
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
}

/// What AWS answered to `operation`, its own words included: none of the operations that are called
/// here quotes a secret.
pub(crate) fn answered<T, E, R>(
    operation: &'static str,
    answer: Result<T, SdkError<E, R>>,
) -> Result<T, AwsError>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: fmt::Debug + Send + Sync + 'static,
{
    answer.map_err(|error| match error.as_service_error() {
        Some(refusal) => AwsError::Refused {
            operation,
            code: refusal.code().unwrap_or("no code").to_owned(),
            message: refusal.message().unwrap_or("no message").to_owned(),
        },
        None => AwsError::NoAnswer { operation, source: error.into_source().ok() },
    })
}
