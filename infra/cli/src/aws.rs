//! The errors of AWS calls.

use std::error::Error;
use std::fmt;

use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use thiserror::Error;

/// Tells why an AWS call failed.
#[derive(Debug, Error)]
pub(crate) enum AwsError {
    /// AWS responded with an error.
    #[error("{operation}: {code}: {message}")]
    Refused { operation: &'static str, code: String, message: String },
    /// There is no response, or there are no credentials for the call.
    #[error("{operation}: no response")]
    NoResponse {
        operation: &'static str,
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
}

/// Returns the response to `operation`. An error quotes AWS's own message: none of the operations
/// called here puts a secret into it.
pub(crate) fn response<T, E, R>(
    operation: &'static str,
    result: Result<T, SdkError<E, R>>,
) -> Result<T, AwsError>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: fmt::Debug + Send + Sync + 'static,
{
    result.map_err(|error| match error.as_service_error() {
        Some(refusal) => AwsError::Refused {
            operation,
            code: refusal.code().unwrap_or("no code").to_owned(),
            message: refusal.message().unwrap_or("no message").to_owned(),
        },
        None => AwsError::NoResponse { operation, source: error.into_source().ok() },
    })
}
