//! The service's limits, per resource and 30 seconds (Microsoft Learn, "Service limits").

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::service::error::ServiceError;
use crate::service::route::Operation;

/// The time over which a quota counts requests.
const QUOTA_WINDOW: Duration = Duration::from_secs(30);

/// A kind of request with a limit of its own.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Quota {
    Create,
    CreateWithToken,
    Issue,
    Revoke,
    Delete,
}

/// The times of the latest requests, per quota.
#[derive(Debug, Default)]
pub(crate) struct Quotas {
    /// Whether requests above a limit are refused.
    pub(crate) are_enforced: bool,
    /// At most as many requests per quota as its limit allows.
    recent: BTreeMap<Quota, VecDeque<Timestamp>>,
}

/// How much of a quota is used.
#[derive(Debug, Serialize)]
pub(crate) struct Usage {
    limit: usize,
    /// The requests of the last 30 seconds, counted up to the limit.
    used: usize,
}

impl Quota {
    /// The quota that a request counts against.
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

impl Quota {
    const ALL: [Self; 5] =
        [Self::Create, Self::CreateWithToken, Self::Issue, Self::Revoke, Self::Delete];
}

impl Quotas {
    /// Returns quotas of which nothing is used.
    pub(crate) fn new(are_enforced: bool) -> Self {
        Self { are_enforced, recent: BTreeMap::new() }
    }

    /// Returns how much of each quota is used at `now`.
    pub(crate) fn usage(&self, now: Timestamp) -> BTreeMap<Quota, Usage> {
        let is_recent = |at: &&Timestamp| now.duration_since(**at).unsigned_abs() < QUOTA_WINDOW;
        let usage = |quota: Quota| {
            let recent = self.recent.get(&quota);
            let used = recent.map_or(0, |recent| recent.iter().filter(is_recent).count());
            (quota, Usage { limit: quota.limit(), used })
        };
        Quota::ALL.into_iter().map(usage).collect()
    }

    /// Counts a request, refused or not ("all requests accrue against your usage limits"), and
    /// refuses it if the quota is used up.
    pub(crate) fn admit(&mut self, quota: Quota, now: Timestamp) -> Result<(), ServiceError> {
        let recent = self.recent.entry(quota).or_default();
        let oldest = if recent.len() == quota.limit() { recent.pop_front() } else { None };
        recent.push_back(now);
        let age = oldest.map(|oldest| now.duration_since(oldest).unsigned_abs());
        match age.and_then(|age| QUOTA_WINDOW.checked_sub(age)).filter(|left| !left.is_zero()) {
            Some(left) if self.are_enforced => {
                let retry_after = left.as_secs() + u64::from(left.subsec_nanos() > 0);
                Err(ServiceError::TooManyRequests { retry_after })
            }
            Some(_) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// The request after the limit is refused until the window has passed.
    #[test]
    fn used_up_quota_recovers_after_window() {
        let mut quotas = Quotas::new(true);
        for _ in 0..500 {
            quotas.admit(Quota::Revoke, at(0)).unwrap();
        }

        let error = quotas.admit(Quota::Revoke, at(12)).unwrap_err();
        assert_eq!(error, ServiceError::TooManyRequests { retry_after: 18 });
        assert_eq!(quotas.admit(Quota::Delete, at(12)), Ok(()));
        assert_eq!(quotas.admit(Quota::Revoke, at(30)), Ok(()));
    }

    /// Requests that are refused keep the quota used up.
    #[test]
    fn refused_requests_keep_counting() {
        let mut quotas = Quotas::new(true);
        for second in [0, 20] {
            for _ in 0..500 {
                let _ = quotas.admit(Quota::Revoke, at(second));
            }
        }

        let error = quotas.admit(Quota::Revoke, at(31)).unwrap_err();
        assert_eq!(error, ServiceError::TooManyRequests { retry_after: 19 });
    }
}
