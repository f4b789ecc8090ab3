//! How a user gets a new issuer: a row under the new name, and one under the old name that refuses.
//!
//! The order of the writes keeps one promise: no two rows have the same identity, so that nobody
//! deletes it twice and nobody gets tokens for it by the old name.
//!
//! 1. The old row loses the identity, and in the same write its sessions end and it is suspended.
//! 2. ACS revokes the tokens that the old name's sessions hold.
//! 3. The new row gets the identity; with a pending revocation if ACS did not respond.
//!
//! A process that dies between leaves an identity that no row has. The file still has it, and the
//! same import goes on: the old row is recognized by its suspension and its missing identity.

use acs_broker_core::{
    EpochSeconds, IdentityState, Issuer, Record, RecordKey, SuspendedBy, Suspension,
};
use identity_client::Timestamp;

use super::decide::is_same;

/// Is a change of an issuer's name.
#[derive(Clone, Debug)]
pub(crate) struct IssuerChange {
    pub(crate) old: Issuer,
    pub(crate) new: Issuer,
}

/// Says what the row under the old name allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OldRow {
    /// It is left behind already.
    Left,
    /// It may be left behind: there is none, or it is as the file says.
    Free,
    /// It is not as the file says.
    Changed(&'static str),
}

const CREATING: &str = "the identity is being created under the old name: export again";
const CHANGED: &str = "the user has changed since the export: export again";

impl IssuerChange {
    /// Returns the key under the new name, for a user of the old one.
    pub(crate) fn new_key(&self, key: &RecordKey) -> Option<RecordKey> {
        match key {
            RecordKey::User(issuer, subject) if *issuer == self.old => {
                Some(RecordKey::user(self.new.clone(), subject.clone()))
            }
            _ => None,
        }
    }
}

impl OldRow {
    /// Returns what the row `old` allows, when the file says `there`.
    pub(crate) fn of(old: &Record, there: &Record) -> Self {
        let is_left = old.identity == IdentityState::None
            && old.suspension.is_some_and(|by| by.by == SuspendedBy::Operator && !by.lifted);
        if old.lease().is_some() {
            Self::Changed(CREATING)
        } else if is_left {
            Self::Left
        } else if *old == Record::default() || is_same(old, there) {
            Self::Free
        } else {
            Self::Changed(CHANGED)
        }
    }
}

/// Returns the row that is left under the old name: no identity, no session, and no token for a
/// session that begins later. It does not expire.
pub(crate) fn left_behind(old: &Record, now: Timestamp) -> Record {
    let suspension = Suspension { by: SuspendedBy::Operator, lifted: false, decided_at: now };
    Record {
        identity: IdentityState::None,
        sessions_valid_after: old.sessions_valid_after.max(Some(EpochSeconds::from(now))),
        suspension: Some(suspension),
        expires_at: None,
        ..old.clone()
    }
}

/// Parses `OLD=NEW`. An issuer may have a `=` itself, so the part before the last ` =http` counts.
///
/// # Errors
/// The word that is wrong, and the rule.
pub(crate) fn parse(text: &str) -> Result<IssuerChange, String> {
    let (old, new) = text
        .split_once("=http")
        .map_or_else(
            || text.split_once('=').map(|(old, new)| (old, new.to_owned())),
            |(old, new)| Some((old, format!("http{new}"))),
        )
        .ok_or_else(|| format!("`{text}` has no =: write OLD=NEW"))?;
    let issuer = |which: &str, text: &str| {
        text.parse::<Issuer>().map_err(|error| format!("the {which} {error}"))
    };
    let change = IssuerChange { old: issuer("old", old)?, new: issuer("new", &new)? };
    if change.old == change.new {
        return Err("the old issuer and the new one are the same".to_owned());
    }
    Ok(change)
}
