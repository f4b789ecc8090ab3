//! Finishes what requests have left incomplete: pending operations, orphans, and leases whose
//! holder died.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use serde::Serialize;
use tokio::time::sleep;

use crate::broker::TokenBroker;
use crate::call_context::CallContext;
use crate::error::BrokerError;
use crate::event::BrokerEvent;
use crate::record::{PendingKind, PendingOperation, Record, RecordKey};
use crate::store::{Stored, UserStore};
use crate::store_error::StoreError;

/// What one pass of `sweep` found and did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SweepReport {
    /// Revocations completed.
    pub revoked: u32,
    /// Deletions completed, those of orphans included.
    pub deleted: u32,
    /// Leases whose holder died; each may have cost an identity whose id is unknown.
    pub leases_expired: u32,
    /// Operations that failed once more and are scheduled again.
    pub rescheduled: u32,
    /// Records that could not be read or written; they stay due.
    pub failed: u32,
    /// Whether the pass stopped before everything due was looked at.
    pub unfinished: bool,
}

/// How one record ended.
enum Outcome {
    Completed(PendingKind),
    LeaseExpired,
    /// Another request was first.
    NothingDue,
    Rescheduled {
        throttled: bool,
    },
    /// ACS is out of service and was not asked. The operation stays due.
    OutOfService,
    /// The store failed.
    Failed,
}

const PAGE_SIZE: usize = 100;
/// How many pages one pass reads at most; 10,000 records take ACS longer than a pass lasts.
const MAX_PAGES: usize = 100;
/// How many records are worked on at once. A revocation takes ACS about a quarter of a second, so
/// this leaves requests half of its 500 in 30 seconds.
const CONCURRENCY: usize = 2;
/// With less time than this no further page begins.
const MIN_PAGE_BUDGET: Duration = Duration::from_secs(5);

impl<S: UserStore> TokenBroker<S> {
    /// Completes what is due. Two sweeps at once do no harm.
    ///
    /// # Errors
    /// The store cannot say what is due. A record that fails does not stop the others.
    pub async fn sweep(&self, ctx: &CallContext<'_>) -> Result<SweepReport, StoreError> {
        let mut report = SweepReport::default();
        for _ in 0..MAX_PAGES {
            let keys = self.store.due(PAGE_SIZE, &ctx.deadline).await?;
            let is_last_page = keys.len() < PAGE_SIZE;
            let mut outcomes = stream::iter(keys)
                .map(|key| async move { self.sweep_record(&key, ctx).await })
                .buffer_unordered(CONCURRENCY);
            let mut progress = false;
            while let Some(outcome) = outcomes.next().await {
                progress |= !matches!(
                    outcome,
                    Outcome::NothingDue | Outcome::Failed | Outcome::OutOfService
                );
                report.count(&outcome);
                // The rest would only fail too, and take the quota from requests.
                if matches!(
                    outcome,
                    Outcome::Rescheduled { throttled: true } | Outcome::OutOfService
                ) {
                    return Ok(SweepReport { unfinished: true, ..report });
                }
            }
            if is_last_page {
                return Ok(report);
            }
            // Without progress the next page would be the same one.
            if !progress || ctx.deadline.remaining() < MIN_PAGE_BUDGET {
                break;
            }
        }
        Ok(SweepReport { unfinished: true, ..report })
    }

    async fn sweep_record(&self, key: &RecordKey, ctx: &CallContext<'_>) -> Outcome {
        let stored = match self.read(key, ctx).await {
            Ok(stored) => stored,
            Err(error) => return failed(key, error, ctx),
        };
        match stored.record.pending() {
            Some(operation) if operation.retry_at <= ctx.deadline.now() => {
                self.sweep_pending(key, stored, operation, ctx).await
            }
            Some(_) => Outcome::NothingDue,
            None => self.sweep_lease(key, stored, ctx).await,
        }
    }

    async fn sweep_pending(
        &self,
        key: &RecordKey,
        stored: Stored,
        operation: PendingOperation,
        ctx: &CallContext<'_>,
    ) -> Outcome {
        let mut completed = self.complete(key, stored.clone(), ctx).await;
        // One other call asks whether ACS is back.
        if let Some(wait) = outage(&completed) {
            sleep(wait.min(ctx.deadline.remaining())).await;
            completed = self.complete(key, stored.clone(), ctx).await;
        }
        let error = match completed {
            Ok(_) => return Outcome::Completed(operation.kind),
            Err(_) if outage(&completed).is_some() => return Outcome::OutOfService,
            Err(error) => error,
        };
        ctx.observer.on_retry_scheduled(key, &error);
        // If this write fails, the operation stays due, and the next pass tries it.
        let now = ctx.deadline.now();
        let change = |record: &Record| record.reschedule(operation, now);
        self.commit_optional("reschedule", key, stored, ctx, change).await;
        let throttled = matches!(&error, BrokerError::Acs(error) if error.is_throttled());
        Outcome::Rescheduled { throttled }
    }

    async fn sweep_lease(&self, key: &RecordKey, stored: Stored, ctx: &CallContext<'_>) -> Outcome {
        let retention = self.settings.tombstone_retention;
        let now = ctx.deadline.now();
        // The count of the unknown identity is in the same write: a sweep that dies between two
        // writes would lose it.
        let change = |record: &Record| record.expire_lease(retention, now);
        match self.commit(key, stored, ctx, change).await {
            Ok(committed) if committed.before.is_some() => {
                ctx.emit(BrokerEvent::IdentityUnconfirmed);
                Outcome::LeaseExpired
            }
            Ok(_) => Outcome::NothingDue,
            Err(error) => failed(key, error, ctx),
        }
    }
}

/// Returns how long to wait where ACS was not asked, because it is out of service.
fn outage<T>(completed: &Result<T, BrokerError>) -> Option<Duration> {
    match completed {
        Err(BrokerError::Acs(error)) if error.is_outage() => error.retry_after(),
        _ => None,
    }
}

fn failed(key: &RecordKey, error: StoreError, ctx: &CallContext<'_>) -> Outcome {
    ctx.observer.on_retry_scheduled(key, &error.into());
    Outcome::Failed
}

impl SweepReport {
    fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Completed(PendingKind::Revoke) => self.revoked += 1,
            Outcome::Completed(PendingKind::Delete) => self.deleted += 1,
            Outcome::LeaseExpired => self.leases_expired += 1,
            Outcome::Rescheduled { .. } => self.rescheduled += 1,
            Outcome::Failed => self.failed += 1,
            Outcome::NothingDue | Outcome::OutOfService => {}
        }
    }
}
