//! One call: over at its deadline, and its failure without a word of anybody's data.

use std::error::Error;
use std::future::Future;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::RequestId;
use identity_client::Deadline;
use thiserror::Error;
use tokio::time::timeout_at;

use crate::error::TableError;

/// DynamoDB's words for "too much": of the table, of the account, of the control plane.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>
const THROTTLED: [&str; 3] =
    ["ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"];

/// What went wrong, for the operator.
///
/// DynamoDB's own message is left out: it may quote the key or the row.
#[derive(Debug, Error)]
enum Failure {
    #[error("{operation}: the request could not be made")]
    NotMade { operation: &'static str },
    #[error("{operation}: no answer in time")]
    TooSlow { operation: &'static str },
    #[error("{operation}: no answer")]
    NoAnswer {
        operation: &'static str,
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    #[error("{operation}: an answer that cannot be read, status {status}")]
    Unreadable { operation: &'static str, status: u16 },
    #[error("{operation}: status {status}, {code}, request {request_id}")]
    Answered { operation: &'static str, status: u16, code: String, request_id: String },
}

/// The call's result, or a timeout when the deadline comes first.
pub(super) async fn until<T, E>(
    deadline: &Deadline,
    call: impl Future<Output = Result<T, SdkError<E>>>,
) -> Result<T, SdkError<E>> {
    match timeout_at(deadline.instant(), call).await {
        Ok(result) => result,
        Err(elapsed) => Err(SdkError::timeout_error(elapsed)),
    }
}

/// The failure of `operation` as the table's error.
pub(super) fn table_error<E>(
    operation: &'static str,
    error: SdkError<E, HttpResponse>,
) -> TableError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let code = error.code().unwrap_or("no code").to_owned();
    let request_id = error.request_id().unwrap_or("without id").to_owned();
    match error {
        SdkError::ConstructionFailure(_) => TableError::refused(Failure::NotMade { operation }),
        SdkError::TimeoutError(_) => TableError::unavailable(Failure::TooSlow { operation }),
        SdkError::ResponseError(unreadable) => {
            let status = unreadable.raw().status().as_u16();
            TableError::unavailable(Failure::Unreadable { operation, status })
        }
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status();
            let is_throttled = THROTTLED.contains(&code.as_str());
            let failure =
                Failure::Answered { operation, status: status.as_u16(), code, request_id };
            if is_throttled {
                TableError::throttled(failure)
            } else if status.is_client_error() {
                TableError::refused(failure)
            } else {
                TableError::unavailable(failure)
            }
        }
        unsent => {
            let source = unsent.into_source().ok();
            TableError::unavailable(Failure::NoAnswer { operation, source })
        }
    }
}
