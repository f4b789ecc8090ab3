//! What becomes of a row when a file has another record for it.

use acs_broker_core::{
    BoundIdentity, EpochSeconds, IdentityState, PendingKind, PendingOperation, Record, UniqueId,
};
use clap::ValueEnum;
use identity_client::{IdentityId, Timestamp};

/// Says what counts where the table and the file differ about a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnConflict {
    /// Report it, and change nothing.
    Fail,
    /// Keep what the table has.
    Keep,
    /// Take what is newer. Cutoffs are never lowered and suspensions never lifted.
    Newer,
}

/// Holds the rules of an import.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) on_conflict: OnConflict,
    /// Whether the file counts in any case.
    pub(crate) force: bool,
}

/// Says what becomes of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The table has no record; it gets this one.
    Create(Record),
    /// The table's record is replaced.
    Update {
        record: Record,
        /// An identity that nobody has afterwards.
        replaced: Option<IdentityId>,
    },
    /// There is nothing to change.
    Equal,
    /// The table's record stays.
    Kept,
    /// The two differ, and nothing is changed.
    Conflict(&'static str),
}

const BEING_CREATED: &str = "the identity is being created: import again in a minute";
const OTHER_IDENTITY: &str = "the user has another identity here: --force deletes it and \
    takes the file's";
const NO_IDENTITY: &str = "the user has an identity here and none in the file: delete the user, or \
    add --force";
const DIFFERS: &str = "the user differs here: choose --on-conflict keep or newer";

/// Decides what becomes of the record `here` when a file says `there`. `id` names a revocation that
/// the change makes necessary.
pub(crate) fn decide(
    here: &Record,
    there: &Record,
    rules: Rules,
    id: UniqueId,
    now: Timestamp,
) -> Decision {
    if there.has_expired(now) || is_same(here, there) {
        return Decision::Equal;
    }
    if *here == Record::default() {
        return Decision::Create(there.clone());
    }
    if here.lease().is_some() {
        return Decision::Conflict(BEING_CREATED);
    }
    if rules.force {
        return replace(here, there.clone(), id, now);
    }
    match rules.on_conflict {
        OnConflict::Keep => return Decision::Kept,
        OnConflict::Newer if newest(here) >= newest(there) => return Decision::Kept,
        OnConflict::Fail | OnConflict::Newer => {}
    }
    match (here.bound(), there.bound()) {
        (Some(here), Some(there)) if here.id != there.id => {
            return Decision::Conflict(OTHER_IDENTITY);
        }
        (Some(_), None) => return Decision::Conflict(NO_IDENTITY),
        _ => {}
    }
    if rules.on_conflict == OnConflict::Fail {
        return Decision::Conflict(DIFFERS);
    }
    replace(here, stricter(here, there), id, now)
}

/// Returns whether two records say the same, apart from what passes by itself: when a row expires,
/// a revocation under way, a first report that the identity is missing.
pub(crate) fn is_same(one: &Record, other: &Record) -> bool {
    let lasting = |record: &Record| {
        let identity = match record.identity.clone() {
            IdentityState::Bound(bound) => IdentityState::Bound(BoundIdentity {
                not_found_since: None,
                // What names a deletion differs from table to table.
                pending: bound.pending.filter(|p| p.kind == PendingKind::Delete).map(|pending| {
                    let id = UniqueId::from_bits(0);
                    PendingOperation::accept(PendingKind::Delete, id, pending.accepted_at)
                }),
                ..bound
            }),
            state => state,
        };
        Record { identity, creation_pause: None, expires_at: None, ..record.clone() }
    };
    lasting(one) == lasting(other)
}

/// Returns the file's record with the table's cutoff and suspension where they are stricter.
fn stricter(here: &Record, there: &Record) -> Record {
    let is_lifted = here.is_suspended() && !there.is_suspended();
    let suspension = if is_lifted { here.suspension } else { there.suspension.or(here.suspension) };
    Record {
        suspension,
        sessions_valid_after: here.sessions_valid_after.max(there.sessions_valid_after),
        unconfirmed_identities: here.unconfirmed_identities.max(there.unconfirmed_identities),
        ..there.clone()
    }
}

/// Returns the change from one record to the next. Tokens that the change ends are revoked, and a
/// deletion that was accepted is not forgotten.
fn replace(here: &Record, mut next: Record, id: UniqueId, now: Timestamp) -> Decision {
    let ends_sessions = next.sessions_valid_after > here.sessions_valid_after
        || (next.is_suspended() && !here.is_suspended());
    let mut replaced = None;
    if let Some(old) = here.bound() {
        match &mut next.identity {
            IdentityState::Bound(new) if new.id == old.id => {
                let deletion = old.pending.filter(|pending| pending.kind == PendingKind::Delete);
                let revocation = old.pending.or_else(|| {
                    ends_sessions.then(|| PendingOperation::accept(PendingKind::Revoke, id, now))
                });
                new.pending = deletion.or(new.pending).or(revocation);
            }
            _ => replaced = Some(old.id.clone()),
        }
    }
    let may_expire = next.bound().is_none() && !next.is_suspended();
    next.expires_at = here.expires_at.max(next.expires_at).filter(|_| may_expire);
    Decision::Update { record: next, replaced }
}

/// Returns when the last thing happened that a record tells of.
fn newest(record: &Record) -> Option<EpochSeconds> {
    let bound = record.bound();
    [
        record.sessions_valid_after,
        record.suspension.map(|suspension| suspension.decided_at.into()),
        bound.map(|bound| bound.sign_in),
        record.pending().map(|pending| pending.accepted_at.into()),
    ]
    .into_iter()
    .flatten()
    .max()
}

#[cfg(test)]
mod tests;
