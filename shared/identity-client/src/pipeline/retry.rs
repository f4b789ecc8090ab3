//! Which failures are followed by another attempt, and after which time.
//!
//! | after | issue, revoke, delete | create |
//! | --- | --- | --- |
//! | no connection: the request was not sent | again | again |
//! | 429: refused before any effect | again | again |
//! | timeout, reset, truncated response | again | – |
//! | 408, 500, 502, 503, 504 | again | – |
//! | anything else | – | – |

use std::time::Duration;

use crate::error::Error;
use crate::error::cause::Cause;
use crate::models::operation::Operation;

const MIN_WAIT: Duration = Duration::from_millis(100);
const MAX_WAIT: Duration = Duration::from_secs(2);

/// Returns the time to wait after attempt number `attempt` (from 1) has failed, or none when it
/// must not be repeated.
///
/// The wait doubles, without jitter: callers are spread by their users' arrival already, there are
/// few attempts, and where ACS says how long to wait, that decides.
pub(crate) fn wait_before_retry(error: &Error, attempt: u32) -> Option<Duration> {
    if !is_retryable(error.operation(), error.cause()) {
        return None;
    }
    let wait = match error.cause() {
        // Most often a kept connection that died while the function was frozen: the next one is
        // new.
        Cause::Transport(_) if attempt == 1 => Duration::ZERO,
        _ => MIN_WAIT.saturating_mul(1 << (attempt - 1).min(8)).min(MAX_WAIT),
    };
    Some(wait.max(error.retry_after().unwrap_or_default()))
}

fn is_retryable(operation: Operation, cause: &Cause) -> bool {
    match cause {
        Cause::Transport(error) => {
            error.is_not_sent() || (operation.is_safe_to_repeat() && !error.is_too_large())
        }
        Cause::Response(response) => match response.status().as_u16() {
            429 => true,
            408 | 500 | 502 | 503 | 504 => operation.is_safe_to_repeat(),
            _ => false,
        },
        Cause::Unreadable(_) | Cause::NotSent(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::*;
    use crate::transport::TransportError;

    proptest! {
        /// The wait after any number of attempts is at most the longest.
        #[test]
        fn wait_has_a_maximum(attempt in 1_u32..) {
            let cause = Cause::Transport(TransportError::not_sent("refused"));
            let wait = wait_before_retry(&Error::new(Operation::CreateUser, cause), attempt);
            prop_assert!(wait.unwrap() <= MAX_WAIT);
        }
    }
}
