//! Which refusals of AWS a client repeats beside those that its SDK does.

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};

/// Repeats a call whose signature had expired, and one that met a transaction.
///
/// A function that was frozen between signing and sending sends a date that has passed. The next
/// attempt is signed anew, with the present time. A conflict with a transaction is over in a
/// moment.
#[derive(Clone, Copy, Debug)]
pub struct RetryStaleSignatures;

/// The error codes, as they stand in a response's body. An expired signature has the code of any
/// wrong signature, and says so in its message.
const EXPIRED: [(&str, &str); 3] = [
    ("InvalidSignatureException", "Signature expired"),
    ("SignatureDoesNotMatch", "Signature expired"),
    ("RequestTimeTooSkewed", ""),
];
const CONFLICT: &str = "TransactionConflictException";

impl ClassifyRetry for RetryStaleSignatures {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let body = context.response().and_then(|response| response.body().bytes());
        let body = body.map(String::from_utf8_lossy).unwrap_or_default();
        if EXPIRED.iter().any(|(code, message)| body.contains(code) && body.contains(message)) {
            return RetryAction::transient_error();
        }
        if body.contains(CONFLICT) {
            return RetryAction::throttling_error();
        }
        RetryAction::NoActionIndicated
    }

    fn name(&self) -> &'static str {
        "stale signatures"
    }
}
