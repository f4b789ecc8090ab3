//! What two imports at once gave to two rows, taken back.
//!
//! Each import reads at its start which row has which identity, so two of them that run at once
//! may give one identity to two rows. Therefore every import scans the table once more, after the
//! last of its writes, with strongly consistent reads, and takes back what it gave to a row while
//! another row has it.
//!
//! At least one of the two sees it. Let A and B write their rows at a and b, and read the other's
//! row at A's and B's scan: sa > a and sb > b. If A does not see B's row, then sa < b, and so
//! a < sa < b < sb: B reads A's row after A wrote it, and A has not taken it back, because it saw
//! nothing. If both see it, both take it back, and the same import again gives it to one.
//!
//! An import that is killed before its scan leaves the two rows. `doctor` finds them.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

use acs_broker_config::error_chain;
use acs_broker_core::{IdentityState, Record, RecordKey, StoreError, UserStore, WriteOutcome};
use identity_client::IdentityId;

use super::line::{ImportedLine, LineOutcome};
use super::run::{BUSY, Import, MAX_CONFLICTS};

const TAKEN_BACK: &str = "identity: another row got it at the same time, so this row gave it back: \
    import again";

/// Knows which row got which identity from an import. It keeps hashes, as `owners` does.
#[derive(Debug, Default)]
pub(super) struct Given {
    hasher: RandomState,
    by_identity: HashMap<u64, Gift>,
}

#[derive(Debug)]
struct Gift {
    row: u64,
    line: u64,
    outcome: LineOutcome,
    /// Whether another row has the identity, too.
    is_shared: bool,
}

impl Given {
    /// Notes a line that may have given an identity to a row.
    pub(super) fn note(
        &mut self,
        identity: &IdentityId,
        row: &RecordKey,
        line: u64,
        outcome: &LineOutcome,
    ) {
        // A write that failed may have happened.
        if matches!(
            outcome,
            LineOutcome::Created
                | LineOutcome::Updated
                | LineOutcome::CarriedOver
                | LineOutcome::Failed(_)
        ) {
            let (row, outcome) = (self.hasher.hash_one(row), outcome.clone());
            let gift = Gift { row, line, outcome, is_shared: false };
            self.by_identity.insert(self.hasher.hash_one(identity), gift);
        }
    }

    /// Notes that a row of the table has an identity.
    fn meet(&mut self, identity: &IdentityId, row: &RecordKey) {
        let row = self.hasher.hash_one(row);
        if let Some(gift) = self.by_identity.get_mut(&self.hasher.hash_one(identity)) {
            gift.is_shared |= gift.row != row;
        }
    }

    /// Returns the gift to this row, if another row has the identity, too.
    fn shared(&self, identity: &IdentityId, row: &RecordKey) -> Option<(u64, LineOutcome)> {
        let gift = self.by_identity.get(&self.hasher.hash_one(identity))?;
        let is_it = gift.is_shared && gift.row == self.hasher.hash_one(row);
        is_it.then(|| (gift.line, gift.outcome.clone()))
    }
}

impl<T: UserStore> Import<'_, T> {
    /// Takes back each given identity that another row has, too.
    ///
    /// # Errors
    /// The scan failed.
    pub(super) async fn take_back(
        &self,
        mut given: Given,
        mut note: impl FnMut(ImportedLine),
    ) -> Result<(), StoreError> {
        if self.dry_run || given.by_identity.is_empty() {
            return Ok(());
        }
        let meet = |key: RecordKey, record: Record| -> Option<()> {
            given.meet(&record.bound()?.id, &key);
            None
        };
        self.records.scan(meet).await?;
        if !given.by_identity.values().any(|gift| gift.is_shared) {
            return Ok(());
        }
        let pick = |key: RecordKey, record: Record| {
            let identity = record.bound()?.id.clone();
            let gift = given.shared(&identity, &key)?;
            Some((key, identity, gift))
        };
        for (key, identity, (line, was)) in self.records.scan(pick).await?.picked {
            let why = match self.remove(&key, &identity).await {
                Ok(why) => why,
                Err(error) => {
                    format!("identity: another row has it, too: {}", error_chain(&error))
                }
            };
            note(ImportedLine {
                line,
                outcome: LineOutcome::TakenBack { was: Box::new(was), why },
            });
        }
        Ok(())
    }

    /// Takes an identity from a row, and revokes the tokens that its user got meanwhile. The cutoff
    /// and the suspension stay: they are never less strict than before.
    async fn remove(&self, key: &RecordKey, identity: &IdentityId) -> Result<String, StoreError> {
        let mut here = self.read(key).await?;
        for _ in 0..MAX_CONFLICTS {
            if here.record.bound().is_none_or(|bound| bound.id != *identity) {
                return Ok(TAKEN_BACK.to_owned());
            }
            let mut next = Record { identity: IdentityState::None, ..here.record };
            if next == Record::default() {
                next.expires_at = Some(self.records.deadline().now().into());
            }
            match self.write(key, here.revision, &next).await? {
                WriteOutcome::Written => {
                    let revoked = self.acs.revoke_tokens(identity, &self.records.deadline()).await;
                    return Ok(match revoked {
                        Ok(()) => TAKEN_BACK.to_owned(),
                        Err(error) => format!(
                            "{TAKEN_BACK}. Tokens of the identity may be alive: {}",
                            error_chain(&error)
                        ),
                    });
                }
                WriteOutcome::Conflict(current) => here = current,
            }
        }
        Ok(format!("identity: another row has it, too; {BUSY}"))
    }
}
