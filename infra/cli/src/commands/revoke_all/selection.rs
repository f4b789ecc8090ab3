//! The users whose tokens a revocation of all users has left.

use acs_broker_core::{EpochSeconds, Record, RecordKey, StoreError, UserStore};

use crate::error::CliError;
use crate::records::{Records, Scanned, instant};
use crate::text_table::when;
use crate::unreadable::UnreadableRow;

/// Holds the users whose tokens are to be revoked, and the number of those who need nothing.
pub(super) struct Selection {
    pub(super) users: Vec<RecordKey>,
    pub(super) already_revoked: usize,
    pub(super) unreadable: Vec<UnreadableRow>,
}

/// Selects the users who have an identity, or are about to get one, with tokens from before the
/// cutoff.
pub(super) async fn select<T: UserStore>(
    cutoff: EpochSeconds,
    records: &Records<T>,
) -> Result<Selection, StoreError> {
    let mut already_revoked = 0;
    let pick = |key: RecordKey, record: Record| {
        let is_user = matches!(key, RecordKey::User(..));
        if !is_user || (record.bound().is_none() && record.lease().is_none()) {
            return None;
        }
        // A user's own cutoff is only ever raised together with a revocation. If that is not
        // pending any more, ACS has revoked the tokens.
        if record.sessions_valid_after >= Some(cutoff) && record.pending().is_none() {
            already_revoked += 1;
            return None;
        }
        Some(key)
    };
    let Scanned { picked: users, unreadable } = records.scan(pick).await?;
    Ok(Selection { users, already_revoked, unreadable })
}

impl Selection {
    /// Returns an error if nothing is left of the revocation of all users at this cutoff. The
    /// revocation that the operator means may be a later one, which did not begin.
    pub(super) fn must_be_unfinished<T: UserStore>(
        &self,
        cutoff: EpochSeconds,
        records: &Records<T>,
    ) -> Result<(), CliError> {
        if !self.users.is_empty() || !self.unreadable.is_empty() {
            return Ok(());
        }
        let began = when(instant(cutoff), records.deadline().now());
        Err(CliError::Usage(format!(
            "there is nothing to resume: the last revocation of all users ({began}) is complete; \
             run revoke-all without --resume to end the sessions that began since"
        )))
    }
}
