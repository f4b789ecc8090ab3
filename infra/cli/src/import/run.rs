//! The import itself: row by row, each written only if it is still as it was read.

use std::cell::Cell;
use std::future::Future;
use std::time::Duration;

use acs_broker_config::error_chain;
use acs_broker_core::{
    BoundIdentity, IdentityState, PendingKind, PendingOperation, Record, RecordKey, StoreError,
    Stored, TokenBroker, UniqueId, UserStore, WriteOutcome,
};
use identity_client::IdentityClient;

use super::carry::{IssuerChange, OldRow, left_behind};
use super::decide::{Decision, Rules, decide};
use super::entries::Entries;
use super::entry::Entry;
use super::line::{ImportedLine, LineOutcome, unchanged};
use super::owners::Owners;
use super::resource::ResourceCheck;
use super::shared::Given;
use crate::progress::Meter;
use crate::rate_limited::{self, PAUSE};
use crate::records::Records;

/// The table takes more than ACS; the rest of its rate is for the functions.
const TABLE_PAUSE: Duration = Duration::from_millis(5);
/// So many lines are worked on before the next ones are read.
const CHUNK: usize = 200;
/// Clocks differ by this much; an event may not be further ahead either.
const MAX_AHEAD_SECONDS: i64 = 300;
const AHEAD: &str = "sessionsValidAfter: is more than five minutes ahead, and would keep the users \
    out until then";
/// How often other writes may come first.
pub(super) const MAX_CONFLICTS: usize = 10;
pub(super) const BUSY: &str = "others change this user all the time: import again";

/// Imports users.
pub(crate) struct Import<'a, T> {
    pub(crate) records: &'a Records<T>,
    pub(crate) broker: &'a TokenBroker<T>,
    pub(crate) acs: &'a IdentityClient,
    pub(crate) ids: &'a (dyn Fn() -> UniqueId + Sync),
    pub(crate) rules: Rules,
    pub(crate) issuer: Option<&'a IssuerChange>,
    pub(crate) dry_run: bool,
}

struct Work {
    line: u64,
    key: RecordKey,
    record: Record,
    /// Whether the row did not have the identity when the import began.
    is_given: bool,
}

impl<T: UserStore> Import<'_, T> {
    /// Imports the lines and passes each outcome to `note`. When `stop` resolves, no further line
    /// is begun. The same import again changes nothing that is done.
    ///
    /// # Errors
    /// The last scan failed: it is unknown whether another import gave an identity of the file to
    /// another row.
    pub(crate) async fn run(
        &self,
        entries: Entries<'_>,
        owners: Owners,
        meter: &Meter,
        stop: impl Future<Output = ()>,
        mut note: impl FnMut(ImportedLine),
    ) -> Result<(), StoreError> {
        let mut given = Given::default();
        self.lines(entries, owners, meter, stop, &mut note, &mut given).await;
        self.take_back(given, note).await
    }

    async fn lines(
        &self,
        entries: Entries<'_>,
        mut owners: Owners,
        meter: &Meter,
        stop: impl Future<Output = ()>,
        mut note: impl FnMut(ImportedLine),
        given: &mut Given,
    ) {
        let mut resources = ResourceCheck::new(self.acs.clone(), owners.resource.clone());
        let pause = if self.issuer.is_some() && !self.dry_run { PAUSE } else { TABLE_PAUSE };
        let is_stopped = Cell::new(false);
        let stop = async {
            stop.await;
            is_stopped.set(true);
        };
        let mut stop = std::pin::pin!(stop);
        let mut entries = entries.users;
        loop {
            let chunk: Vec<_> = entries.by_ref().take(CHUNK).collect();
            if chunk.is_empty() || is_stopped.get() {
                return;
            }
            let mut work = Vec::new();
            for Entry { line, content } in chunk {
                let is_given = content.as_ref().is_ok_and(|(key, record)| {
                    let row = self.new_key(key).unwrap_or_else(|| key.clone());
                    record.bound().is_some_and(|bound| !owners.has(&bound.id, &row))
                });
                let refusal = match &content {
                    Ok((key, record)) => {
                        self.refusal(key, record, &mut owners, &mut resources).await
                    }
                    Err(rule) => Some(rule.clone()),
                };
                match (refusal, content) {
                    (None, Ok((key, record))) => work.push(Work { line, key, record, is_given }),
                    (refusal, _) => {
                        let outcome = LineOutcome::Refused(refusal.unwrap_or_default());
                        note(ImportedLine { line, outcome });
                        meter.inc(1);
                    }
                }
            }
            let import = |work: Work| async move {
                let outcome = self.line(&work).await;
                let outcome =
                    outcome.unwrap_or_else(|error| LineOutcome::Failed(error_chain(&error)));
                (work, outcome)
            };
            let done = rate_limited::for_each(work, meter, pause, stop.as_mut(), import).await;
            for (Work { line, key, record, is_given }, outcome) in done {
                let row = self.new_key(&key).unwrap_or(key);
                if is_given && let Some(bound) = record.bound() {
                    given.note(&bound.id, &row, line, &outcome);
                }
                note(ImportedLine { line, outcome });
            }
        }
    }

    /// Returns why a row cannot be imported, if so.
    async fn refusal(
        &self,
        key: &RecordKey,
        record: &Record,
        owners: &mut Owners,
        resources: &mut ResourceCheck,
    ) -> Option<String> {
        let latest = self.records.deadline().now().as_second().saturating_add(MAX_AHEAD_SECONDS);
        if record.sessions_valid_after.is_some_and(|cutoff| cutoff.0 > latest) {
            return Some(AHEAD.to_owned());
        }
        let identity = &record.bound()?.id;
        let refusal = resources.refusal(identity, &self.records.deadline()).await;
        if refusal.is_some() {
            return refusal;
        }
        let is_free = match self.new_key(key) {
            Some(new) => owners.pass(identity, key, &new),
            None => owners.claim(identity, key),
        };
        (!is_free).then(|| "identity: another row of the table or the file has it".to_owned())
    }

    fn new_key(&self, key: &RecordKey) -> Option<RecordKey> {
        self.issuer.and_then(|change| change.new_key(key))
    }

    async fn line(&self, Work { key, record, .. }: &Work) -> Result<LineOutcome, StoreError> {
        match self.new_key(key) {
            Some(new) => self.carry(key, &new, record).await,
            None => self.row(key, record).await,
        }
    }

    /// Imports a row as it is.
    async fn row(&self, key: &RecordKey, there: &Record) -> Result<LineOutcome, StoreError> {
        let mut here = self.read(key).await?;
        for _ in 0..MAX_CONFLICTS {
            let (next, replaced, outcome) = match self.decide(&here.record, there) {
                Decision::Create(record) => (record, None, LineOutcome::Created),
                Decision::Update { record, replaced } => (record, replaced, LineOutcome::Updated),
                decision => return Ok(unchanged(&decision)),
            };
            if self.dry_run {
                return Ok(outcome);
            }
            // The replaced identity is deleted as every other one is, before the row gets another: a
            // process that dies between leaves a deleted user. To journal it first would doom an
            // identity that the user still has, if the write then fails.
            if replaced.is_some() {
                if let Some(why) = self.delete(key).await {
                    return Ok(LineOutcome::Failed(why));
                }
                here = self.read(key).await?;
                continue;
            }
            match self.write(key, here.revision, &next).await? {
                WriteOutcome::Written => return Ok(outcome),
                WriteOutcome::Conflict(current) => here = current,
            }
        }
        Ok(LineOutcome::Conflict(BUSY.to_owned()))
    }

    /// Gives a user a new issuer; `carry.rs` has the order of the steps and its reason.
    async fn carry(
        &self,
        old: &RecordKey,
        new: &RecordKey,
        there: &Record,
    ) -> Result<LineOutcome, StoreError> {
        for _ in 0..MAX_CONFLICTS {
            let (before, here) = (self.read(old).await?, self.read(new).await?);
            let old_row = OldRow::of(&before.record, there);
            if let OldRow::Changed(why) = old_row {
                return Ok(LineOutcome::Conflict(why.to_owned()));
            }
            let decision = self.decide(&here.record, there);
            let next = match decision {
                Decision::Create(record) | Decision::Update { record, replaced: None } => {
                    Some(record)
                }
                // The old row must be left behind all the same.
                Decision::Equal if old_row == OldRow::Free => None,
                Decision::Update { replaced: Some(_), .. } => {
                    let why = "the user has another identity under the new name: delete it first";
                    return Ok(LineOutcome::Conflict(why.to_owned()));
                }
                decision => return Ok(unchanged(&decision)),
            };
            if self.dry_run {
                return Ok(LineOutcome::CarriedOver);
            }
            // Step 1: nobody gets tokens by the old name from here on.
            let left = Stored {
                record: left_behind(&before.record, self.records.deadline().now()),
                revision: Some((self.ids)()),
            };
            if old_row == OldRow::Free && !self.write_as(old, before.revision, &left).await? {
                continue;
            }
            let Some(next) = next else { return Ok(LineOutcome::CarriedOver) };
            // Step 2: the tokens die that the old name's sessions hold.
            let next = self.revoke(next).await;
            // Step 3: the new row gets the identity.
            match self.write(new, here.revision, &next).await? {
                WriteOutcome::Written => return Ok(LineOutcome::CarriedOver),
                // Undone: the next round sees whether the new row leaves room for the identity.
                WriteOutcome::Conflict(_) if old_row == OldRow::Free => {
                    let undone = Stored { record: before.record, revision: Some((self.ids)()) };
                    self.write_as(old, left.revision, &undone).await?;
                }
                WriteOutcome::Conflict(_) => {}
            }
        }
        Ok(LineOutcome::Conflict(BUSY.to_owned()))
    }

    /// Revokes the tokens of a record's identity, or adds a pending revocation.
    async fn revoke(&self, record: Record) -> Record {
        let IdentityState::Bound(bound) = record.identity.clone() else { return record };
        let deadline = self.records.deadline();
        if self.acs.revoke_tokens(&bound.id, &deadline).await.is_ok() {
            return record;
        }
        let revocation =
            PendingOperation::accept(PendingKind::Revoke, (self.ids)(), deadline.now());
        let pending = bound.pending.or(Some(revocation));
        Record { identity: IdentityState::Bound(BoundIdentity { pending, ..bound }), ..record }
    }

    fn decide(&self, here: &Record, there: &Record) -> Decision {
        decide(here, there, self.rules, (self.ids)(), self.records.deadline().now())
    }

    pub(super) async fn read(&self, key: &RecordKey) -> Result<Stored, StoreError> {
        self.records.table.read(key, &self.records.deadline()).await
    }

    pub(super) async fn write(
        &self,
        key: &RecordKey,
        expected: Option<UniqueId>,
        record: &Record,
    ) -> Result<WriteOutcome, StoreError> {
        let revision = (self.ids)();
        self.records.table.write(key, expected, record, revision, &self.records.deadline()).await
    }

    /// Writes a row with its revision and returns whether nobody came first.
    async fn write_as(
        &self,
        key: &RecordKey,
        expected: Option<UniqueId>,
        row: &Stored,
    ) -> Result<bool, StoreError> {
        let Some(revision) = row.revision else { return Ok(false) };
        let deadline = self.records.deadline();
        let written = self.records.table.write(key, expected, &row.record, revision, &deadline);
        Ok(written.await? == WriteOutcome::Written)
    }
}
