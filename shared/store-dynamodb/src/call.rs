//! One call of DynamoDB: it ends at its deadline, and its error shows nobody's data.

use std::error::Error;
use std::future::Future;

use acs_broker_core::StoreError;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::RequestId;
use identity_client::Deadline;
use thiserror::Error;
use tokio::time::timeout_at;

/// DynamoDB's codes for throttling: of the table, of the account, of the control plane.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>
const THROTTLED: [&str; 4] = [
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    // Another writer's transaction holds the row for a moment.
    "TransactionConflictException",
];
/// The date of a signature has passed, though the call was signed anew: the clock is wrong, or the
/// function was frozen again. Later it will do.
const EXPIRED: &str = "Signature expired";

/// Why a call failed, for the operator.
///
/// DynamoDB's own message is left out: it may quote the key or the row.
#[derive(Debug, Error)]
enum CallError {
    #[error("{operation}: the request could not be made")]
    NotSent { operation: &'static str },
    #[error("{operation}: no response in time")]
    TimedOut { operation: &'static str },
    #[error("{operation}: no response")]
    NoResponse {
        operation: &'static str,
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    #[error("{operation}: a response that cannot be read, status {status}")]
    Unreadable { operation: &'static str, status: u16 },
    #[error("{operation}: status {status}, {code}, request {request_id}")]
    Refused { operation: &'static str, status: u16, code: String, request_id: String },
}

/// Returns the call's result, or a timeout when the deadline comes first.
pub(crate) async fn until<T, E>(
    deadline: &Deadline,
    call: impl Future<Output = Result<T, SdkError<E>>>,
) -> Result<T, SdkError<E>> {
    match timeout_at(deadline.expires_at(), call).await {
        Ok(result) => result,
        Err(elapsed) => Err(SdkError::timeout_error(elapsed)),
    }
}

/// Returns the failure of `operation` as the store's error.
pub(crate) fn table_error<E>(
    operation: &'static str,
    error: SdkError<E, HttpResponse>,
) -> StoreError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let code = error.code().unwrap_or("no code").to_owned();
    let is_expired = error.message().is_some_and(|message| message.starts_with(EXPIRED));
    let request_id = error.request_id().unwrap_or("without id").to_owned();
    match error {
        SdkError::ConstructionFailure(_) => StoreError::refused(CallError::NotSent { operation }),
        SdkError::TimeoutError(_) => StoreError::unavailable(CallError::TimedOut { operation }),
        SdkError::ResponseError(unreadable) => {
            let status = unreadable.raw().status().as_u16();
            StoreError::unavailable(CallError::Unreadable { operation, status })
        }
        SdkError::ServiceError(response) => {
            let status = response.raw().status();
            let is_throttled = THROTTLED.contains(&code.as_str());
            let failure =
                CallError::Refused { operation, status: status.as_u16(), code, request_id };
            if is_throttled {
                StoreError::throttled(failure)
            } else if status.is_client_error() && !is_expired {
                StoreError::refused(failure)
            } else {
                StoreError::unavailable(failure)
            }
        }
        unsent => {
            let source = unsent.into_source().ok();
            StoreError::unavailable(CallError::NoResponse { operation, source })
        }
    }
}
