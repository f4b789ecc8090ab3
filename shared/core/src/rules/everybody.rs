//! What everybody's watermark means for a record; see [`crate::everybody`].

use std::time::Duration;

use acs_broker_store_dynamodb::{EpochSeconds, Record};
use identity_client::Timestamp;

use super::{changed, settled};

/// Everybody's record with its watermark raised to the present. What was minted before stays alive
/// until each user's own revocation.
pub(crate) fn everybody_revoked(
    record: &Record,
    retention: Duration,
    now: Timestamp,
) -> Option<Record> {
    let watermark = record.sign_in_not_before.max(Some(now.into()));
    let next = Record { sign_in_not_before: watermark, ..record.clone() };
    changed(record, settled(next, retention, now))
}

/// Everybody's watermark, if this user's tokens from before it may still be alive. It comes before a
/// new token: carried out later, it would kill that one too.
pub(crate) fn not_carried_out(
    record: &Record,
    everybody: Option<EpochSeconds>,
) -> Option<EpochSeconds> {
    everybody.filter(|mark| record.binding.is_some() && record.sign_in_not_before < Some(*mark))
}
