//! The errors of AWS calls.

use std::error::Error;
use std::fmt;

use acs_broker_config::error_chain;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use thiserror::Error;

/// Tells why an AWS call failed.
#[derive(Debug, Error)]
pub(crate) enum AwsError {
    /// AWS responded with an error.
    #[error("{operation}: {code}: {message}")]
    Refused { operation: &'static str, code: String, message: String },
    /// There are no credentials for the call.
    #[error(
        "{operation}: no AWS credentials: sign in with `aws sso login`, or name a profile with \
         --profile or AWS_PROFILE"
    )]
    NoCredentials { operation: &'static str },
    /// There is no response.
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
    result.map_err(|error| {
        if let Some(refusal) = error.as_service_error() {
            let code = refusal.code().unwrap_or("no code").to_owned();
            let message = refusal.message().unwrap_or("no message").to_owned();
            return AwsError::Refused { operation, code, message };
        }
        let source = error.into_source().ok();
        let text = source.as_ref().map(|source| error_chain(&**source)).unwrap_or_default();
        // The SDK's own text is a chain of the sources that it tried.
        if text.contains("credential") {
            return AwsError::NoCredentials { operation };
        }
        AwsError::NoResponse { operation, source }
    })
}
