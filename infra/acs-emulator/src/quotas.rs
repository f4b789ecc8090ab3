//! The service's limits, per resource and 30 seconds (Microsoft Learn, "Service limits").

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;

use crate::refusal::Refusal;
use crate::route::Operation;

const WINDOW: Duration = Duration::from_secs(30);

/// What is counted by itself.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Quota {
    Create,
    CreateWithToken,
    Issue,
    Revoke,
    Delete,
}

/// When the last requests came in.
#[derive(Debug, Default)]
pub(crate) struct Quotas {
    /// Per quota the latest requests, as many as its limit at most.
    recent: BTreeMap<Quota, VecDeque<Timestamp>>,
}

impl Quota {
    pub(crate) fn of(operation: Operation, with_token: bool) -> Self {
        match operation {
            Operation::Create if with_token => Self::CreateWithToken,
            Operation::Create => Self::Create,
            Operation::Issue => Self::Issue,
            Operation::Revoke => Self::Revoke,
            Operation::Delete => Self::Delete,
        }
    }

    fn limit(self) -> usize {
        match self {
            Self::Create | Self::CreateWithToken | Self::Issue => 1000,
            Self::Revoke | Self::Delete => 500,
        }
    }
}

impl Quotas {
    /// Counts a request, refused or not ("all requests accrue against your usage limits").
    pub(crate) fn admit(&mut self, quota: Quota, now: Timestamp) -> Result<(), Refusal> {
        let recent = self.recent.entry(quota).or_default();
        let oldest = if recent.len() == quota.limit() { recent.pop_front() } else { None };
        recent.push_back(now);
        let age = oldest.map(|oldest| now.duration_since(oldest).unsigned_abs());
        match age.and_then(|age| WINDOW.checked_sub(age)).filter(|left| !left.is_zero()) {
            Some(left) => {
                let retry_after = left.as_secs() + u64::from(left.subsec_nanos() > 0);
                Err(Refusal::TooManyRequests { retry_after })
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_request_after_the_limit_is_refused_until_the_window_has_passed() {
        let mut quotas = Quotas::default();
        for _ in 0..500 {
            quotas.admit(Quota::Revoke, at(0)).unwrap();
        }

        let refusal = quotas.admit(Quota::Revoke, at(12)).unwrap_err();
        assert_eq!(refusal, Refusal::TooManyRequests { retry_after: 18 });
        assert_eq!(quotas.admit(Quota::Delete, at(12)), Ok(()));
        assert_eq!(quotas.admit(Quota::Revoke, at(30)), Ok(()));
    }

    #[test]
    fn hammering_while_refused_keeps_the_quota_used_up() {
        let mut quotas = Quotas::default();
        for second in [0, 20] {
            for _ in 0..500 {
                let _ = quotas.admit(Quota::Revoke, at(second));
            }
        }

        let refusal = quotas.admit(Quota::Revoke, at(31)).unwrap_err();
        assert_eq!(refusal, Refusal::TooManyRequests { retry_after: 19 });
    }
}
