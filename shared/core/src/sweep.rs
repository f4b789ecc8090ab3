use std::time::Duration;

use acs_broker_store_dynamodb::{Pending, Record, RecordKey, Stored, TableError, UserTable, Work};
use futures_util::{StreamExt, stream};
use serde::Serialize;

use crate::broker::TokenBroker;
use crate::call::{Call, Happening};
use crate::error::WorkError;
use crate::rules;

/// What one pass of `sweep` found and did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Swept {
    /// Revocations finished.
    pub revoked: u32,
    /// Deletions finished, those of orphans included.
    pub deleted: u32,
    /// Leases whose holder died; each may have cost an identity nobody knows.
    pub leases_ended: u32,
    /// Work that failed once more and waits.
    pub postponed: u32,
    /// Records that could not be read or written; they stay due.
    pub failed: u32,
    /// Whether the pass stopped before everything due was looked at.
    pub unfinished: bool,
}

enum Outcome {
    Finished(Work),
    LeaseEnded,
    /// Somebody else had been there.
    Nothing,
    Postponed {
        throttled: bool,
    },
    /// The table failed.
    Failed,
}

const PAGE: usize = 100;
/// How many records are worked on at once. A revocation takes ACS about a quarter of a second, so this
/// leaves requests half of its 500 in 30 seconds.
const AT_ONCE: usize = 2;
/// With less time than this left no further page is begun.
const LEAST_FOR_PAGE: Duration = Duration::from_secs(5);

impl<T: UserTable> TokenBroker<T> {
    /// Finishes what requests have left half done: pending revocations and deletions, orphans, and
    /// leases whose holder died. Two sweeps at once do no harm.
    ///
    /// # Errors
    /// The table cannot say what is due. A record that cannot be finished does not stop the others.
    pub async fn sweep(&self, call: &Call<'_>) -> Result<Swept, TableError> {
        let mut swept = Swept::default();
        loop {
            let keys = self.table.due(PAGE, &call.deadline).await?;
            let is_last_page = keys.len() < PAGE;
            let mut outcomes = stream::iter(keys)
                .map(|key| async move { self.sweep_record(&key, call).await })
                .buffer_unordered(AT_ONCE);
            let mut progress = false;
            while let Some(outcome) = outcomes.next().await {
                progress |= !matches!(outcome, Outcome::Nothing | Outcome::Failed);
                swept.count(&outcome);
                if matches!(outcome, Outcome::Postponed { throttled: true }) {
                    return Ok(Swept { unfinished: true, ..swept });
                }
            }
            if is_last_page {
                return Ok(swept);
            }
            if !progress || call.deadline.remaining() < LEAST_FOR_PAGE {
                return Ok(Swept { unfinished: true, ..swept });
            }
        }
    }

    async fn sweep_record(&self, key: &RecordKey, call: &Call<'_>) -> Outcome {
        let stored = match self.read(key, call).await {
            Ok(stored) => stored,
            Err(error) => return failed(key, error, call),
        };
        match stored.record.pending {
            Some(work) if work.retry_at <= call.deadline.now() => {
                self.sweep_work(key, stored, work, call).await
            }
            Some(_) => Outcome::Nothing,
            None => self.sweep_lease(key, stored, call).await,
        }
    }

    async fn sweep_work(
        &self,
        key: &RecordKey,
        stored: Stored,
        work: Pending,
        call: &Call<'_>,
    ) -> Outcome {
        let Err(error) = self.finish(key, stored.clone(), call).await else {
            return Outcome::Finished(work.work);
        };
        call.postponed(key, &error);
        let now = call.deadline.now();
        let rule = |record: &Record| rules::postponed(record, work, now);
        // Should this fail too, the work stays due, which is no worse.
        let postponed = self.apply(key, stored, call, rule).await;
        drop(postponed);
        let throttled = matches!(&error, WorkError::Acs(error) if error.is_throttled());
        Outcome::Postponed { throttled }
    }

    async fn sweep_lease(&self, key: &RecordKey, stored: Stored, call: &Call<'_>) -> Outcome {
        let retention = self.settings.tombstone_retention;
        let now = call.deadline.now();
        let rule = |record: &Record| rules::lease_ended(record, retention, now);
        match self.apply(key, stored, call, rule).await {
            Ok(applied) if applied.before.is_some() => {
                call.saw(Happening::IdentityPossiblyLost);
                Outcome::LeaseEnded
            }
            Ok(_) => Outcome::Nothing,
            Err(error) => failed(key, error, call),
        }
    }
}

fn failed(key: &RecordKey, error: TableError, call: &Call<'_>) -> Outcome {
    call.postponed(key, &error.into());
    Outcome::Failed
}

impl Swept {
    fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Finished(Work::Revoke) => self.revoked += 1,
            Outcome::Finished(Work::Delete) => self.deleted += 1,
            Outcome::LeaseEnded => self.leases_ended += 1,
            Outcome::Postponed { .. } => self.postponed += 1,
            Outcome::Failed => self.failed += 1,
            Outcome::Nothing => {}
        }
    }
}
