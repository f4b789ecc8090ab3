//! Which failures are followed by another attempt, and after how long.
//!
//! | after | issue, revoke, delete | create |
//! | --- | --- | --- |
//! | no connection: the request was not sent | again | again |
//! | 429: refused before any effect | again | again |
//! | timeout, reset, truncated answer | again | – |
//! | 408, 500, 502, 503, 504 | again | – |
//! | anything else | – | – |

use std::time::Duration;

use crate::{Error, cause::Cause, operation::Operation};

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// The time to wait after attempt number `attempt` (from 1) has failed, or none when it must not be
/// repeated.
///
/// The wait doubles, without jitter: callers are spread by their users' arrival already, there are few
/// attempts, and where ACS says how long to wait, that decides.
pub(crate) fn wait_before_repeat(error: &Error, attempt: u32) -> Option<Duration> {
    if !may_repeat(error.operation(), error.cause()) {
        return None;
    }
    let wait = match error.cause() {
        // Most often a kept connection that died while the function was frozen: the next one is new.
        Cause::Transport(_) if attempt == 1 => Duration::ZERO,
        _ => FIRST_WAIT.saturating_mul(1 << (attempt - 1).min(8)).min(LONGEST_WAIT),
    };
    Some(wait.max(error.retry_after().unwrap_or_default()))
}

fn may_repeat(operation: Operation, cause: &Cause) -> bool {
    match cause {
        Cause::Transport(error) => {
            error.is_not_sent() || (operation.is_safe_to_repeat() && !error.is_too_large())
        }
        Cause::Answer(answer) => match answer.status().as_u16() {
            429 => true,
            408 | 500 | 502 | 503 | 504 => operation.is_safe_to_repeat(),
            _ => false,
        },
        Cause::Unreadable(_) | Cause::NotAsked(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::*;
    use crate::TransportError;

    proptest! {
        #[test]
        fn no_wait_is_longer_than_the_longest(attempt in 1_u32..) {
            let cause = Cause::Transport(TransportError::not_sent("refused"));
            let wait = wait_before_repeat(&Error::new(Operation::CreateUser, cause), attempt);
            prop_assert!(wait.unwrap() <= LONGEST_WAIT);
        }
    }
}
