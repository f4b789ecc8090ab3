//! Revoke everybody: the mark first, then the tokens, row by row.

use std::future::Future;

use acs_broker_core::{Call, TokenBroker};
use acs_broker_store_dynamodb::{EpochSeconds, Record, RecordKey, TableError, UserTable};
use identity_client::Timestamp;
use serde::Serialize;

use crate::failure::Failure;
use crate::outcome::{Outcome, Quiet};
use crate::pace::{self, PAUSE};
use crate::progress::Progress;
use crate::records::{Records, instant};

/// What there is that is faster, for who is in a hurry.
pub(crate) const FASTER: &str = "Faster: once the sessions have ended, regenerate both access keys \
of the ACS resource. Every token made with a key dies with it, at once.";

/// How far it got.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Walked {
    /// Sessions that signed in at or before this have ended, for every user.
    pub(crate) watermark: Timestamp,
    pub(crate) resumed: bool,
    /// Users whose tokens are dead.
    pub(crate) done: usize,
    /// Users who needed nothing: their tokens had died before.
    pub(crate) done_before: usize,
    /// Users whose order is written down, and ACS has yet to carry it out.
    pub(crate) left_to_sweep: usize,
    /// Users of whom the walk did not get to speak: it was interrupted.
    pub(crate) not_tried: usize,
    pub(crate) failed: Vec<Failed>,
    #[serde(skip)]
    pub(crate) outcomes: Vec<Outcome>,
}

/// A user whose tokens may be alive.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Failed {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) why: String,
}

/// What would be done.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Plan {
    pub(crate) dry_run: bool,
    /// Up to when sessions would end, or have ended where a revocation is resumed.
    pub(crate) watermark: Timestamp,
    pub(crate) resumed: bool,
    /// Users whose tokens would be withdrawn.
    pub(crate) users: usize,
    pub(crate) done_before: usize,
    /// How long that takes at least.
    pub(crate) seconds: u64,
}

/// Whose tokens a walk has to withdraw, and how many users need nothing.
#[derive(Debug)]
struct Walk {
    users: Vec<RecordKey>,
    done_before: usize,
}

/// Ends every session, then withdraws every token. With `resume` the mark of an earlier revocation
/// counts on, and the users it got to are skipped. When `stop` resolves no further one is begun.
pub(crate) async fn run<T: UserTable>(
    broker: &TokenBroker<T>,
    records: &Records<T>,
    resume: bool,
    progress: Progress,
    stop: impl Future<Output = ()>,
) -> Result<Walked, Failure> {
    let mark = if resume {
        mark(records).await?
    } else {
        broker.revoke_everybody(&Call::new(records.deadline(), &Quiet)).await?
    };
    // Only rows read after the mark was written tell whom it is about.
    let Walk { users, done_before } = walk(records, mark).await?;
    let bar = progress.bar(users.len());
    let order = |user: RecordKey| async move {
        let deadline = records.deadline();
        let call = Call::new(deadline, &Quiet);
        let revoked = broker.revoke_until(&user, mark, &call).await;
        Outcome::of(revoked, &records.table, &user, &deadline).await
    };
    let mut outcomes = pace::each(users.clone(), &bar, stop, order).await;
    outcomes.resize(users.len(), Outcome::NotTried);
    let count = |wanted: fn(&Outcome) -> bool| outcomes.iter().filter(|o| wanted(o)).count();
    Ok(Walked {
        watermark: instant(mark),
        resumed: resume,
        done: count(|outcome| *outcome == Outcome::Done),
        done_before,
        left_to_sweep: count(|outcome| matches!(outcome, Outcome::LeftToSweep(_))),
        not_tried: count(|outcome| *outcome == Outcome::NotTried),
        failed: users.iter().zip(&outcomes).filter_map(failed).collect(),
        outcomes,
    })
}

/// Counts the users whose tokens would be withdrawn. Writes nothing.
pub(crate) async fn plan<T: UserTable>(
    records: &Records<T>,
    resume: bool,
) -> Result<Plan, Failure> {
    let mark = if resume { mark(records).await? } else { records.deadline().now().into() };
    let Walk { users, done_before } = walk(records, mark).await?;
    let tenths = PAUSE.saturating_mul(u32::try_from(users.len()).unwrap_or(u32::MAX));
    Ok(Plan {
        dry_run: true,
        watermark: instant(mark),
        resumed: resume,
        users: users.len(),
        done_before,
        seconds: tenths.as_secs(),
    })
}

/// The mark of the last revocation of everybody.
async fn mark<T: UserTable>(records: &Records<T>) -> Result<EpochSeconds, Failure> {
    let stored = records.table.read(&RecordKey::Everybody, &records.deadline()).await?;
    stored.record.sign_in_not_before.ok_or_else(|| {
        Failure::Usage("there is nothing to resume: everybody was never revoked".to_owned())
    })
}

async fn walk<T: UserTable>(records: &Records<T>, mark: EpochSeconds) -> Result<Walk, TableError> {
    let mut done_before = 0;
    let pick = |key: RecordKey, record: Record| {
        let is_user = matches!(key, RecordKey::User(..));
        if !is_user || (record.binding.is_none() && record.lease.is_none()) {
            return None;
        }
        // Whoever raised the watermark so far has ordered ACS to revoke, in the same write.
        if record.sign_in_not_before >= Some(mark) && record.pending.is_none() {
            done_before += 1;
            return None;
        }
        Some(key)
    };
    let users = records.walk(pick).await?;
    Ok(Walk { users, done_before })
}

fn failed((user, outcome): (&RecordKey, &Outcome)) -> Option<Failed> {
    let (RecordKey::User(issuer, subject), Outcome::Failed(why)) = (user, outcome) else {
        return None;
    };
    Some(Failed {
        issuer: issuer.as_str().to_owned(),
        subject: subject.as_str().to_owned(),
        why: why.clone(),
    })
}

#[cfg(test)]
mod tests;
