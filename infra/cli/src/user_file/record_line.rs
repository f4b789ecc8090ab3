//! A record as a line of a file: in the words of the API, without revisions and leases' ids.

use std::fmt;

use acs_broker_core::{
    Attempt, BoundIdentity, EpochSeconds, IdentityState, KeyError, PendingKind, PendingOperation,
    Record, RecordKey, SuspendedBy, Suspension, UniqueId,
};
use identity_client::{IdentityId, IdentityIdError, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::records::instant;

/// Is a record in a file. An unknown member is an error: to drop it could lift a ban.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RecordLine {
    #[serde(rename = "type")]
    kind: LineKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    identity: Option<IdentityLine>,
    /// Set while a request creates the identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    creating_until: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sessions_valid_after: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    suspension: Option<SuspensionLine>,
    #[serde(default, skip_serializing_if = "is_zero")]
    unconfirmed_identities: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum LineKind {
    User,
    /// An identity that no user has and that waits to be deleted.
    Orphan,
    /// The cutoff of all users.
    AllUsers,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct IdentityLine {
    id: String,
    /// The sign-in of the session for which the identity was created.
    sign_in: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pending: Option<PendingLine>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PendingLine {
    operation: PendingName,
    accepted_at: Timestamp,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum PendingName {
    Revoke,
    Delete,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SuspensionLine {
    by: SuspendedByName,
    at: Timestamp,
    lifted: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum SuspendedByName {
    Operator,
    IdentityProvider,
}

/// Tells why a line is not a record. No value is repeated.
#[derive(Debug, Error)]
pub(crate) enum RecordLineError {
    /// The line is not the JSON of a record.
    #[error("is not a record: {0}")]
    Shape(String),
    /// The issuer or the subject breaks its rule.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The identity breaks its rule.
    #[error("identity: {0}")]
    Identity(#[from] IdentityIdError),
    /// A member is missing.
    #[error("{0}: is missing")]
    Missing(&'static str),
    /// A request was about to create the identity when the file was written.
    #[error("the identity was being created when the file was written: export again")]
    Creating,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde calls")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl RecordLine {
    /// Returns the line of a row.
    pub(crate) fn of(key: &RecordKey, record: &Record) -> Self {
        let (kind, issuer, subject) = match key {
            RecordKey::User(issuer, subject) => {
                (LineKind::User, Some(issuer.as_str()), Some(subject.as_str()))
            }
            RecordKey::Orphan(_) => (LineKind::Orphan, None, None),
            RecordKey::AllUsers => (LineKind::AllUsers, None, None),
        };
        // The row of an orphan that is deleted stays for a while without an identity: its key says
        // which one it was.
        let identity = match key {
            RecordKey::Orphan(id) if record.bound().is_none() => Some(IdentityLine {
                id: id.to_string(),
                sign_in: instant(EpochSeconds(0)),
                pending: None,
            }),
            _ => record.bound().map(IdentityLine::of),
        };
        Self {
            kind,
            issuer: issuer.map(str::to_owned),
            subject: subject.map(str::to_owned),
            identity,
            creating_until: record.lease().map(|lease| lease.expires_at),
            sessions_valid_after: record.sessions_valid_after.map(instant),
            suspension: record.suspension.map(SuspensionLine::of),
            unconfirmed_identities: record.unconfirmed_identities,
            expires_at: record.expires_at.map(instant),
        }
    }

    /// Parses a line.
    ///
    /// # Errors
    /// The line is not a record; the text names the member.
    pub(crate) fn parse(line: &[u8]) -> Result<Self, RecordLineError> {
        serde_json::from_slice(line).map_err(|error| {
            // After these words serde quotes the value, which is personal data.
            let text = error.to_string();
            let quote = if text.starts_with("invalid") { ":" } else { ", expected" };
            let rule = text.split(quote).next().and_then(|rule| rule.split(" at line ").next());
            let (rule, column) = (rule.unwrap_or_default(), error.column());
            RecordLineError::Shape(format!("{rule}, at column {column}"))
        })
    }

    /// Returns the row of the line. `id` names a pending operation, which is due at once.
    ///
    /// # Errors
    /// A member is missing or breaks its rule.
    pub(crate) fn into_row(self, id: UniqueId) -> Result<(RecordKey, Record), RecordLineError> {
        if self.creating_until.is_some() {
            return Err(RecordLineError::Creating);
        }
        let bound = self.identity.map(|identity| identity.into_bound(id)).transpose()?;
        let key = match self.kind {
            LineKind::User => {
                let issuer = self.issuer.ok_or(RecordLineError::Missing("issuer"))?;
                let subject = self.subject.ok_or(RecordLineError::Missing("subject"))?;
                RecordKey::user(issuer.parse()?, subject.parse()?)
            }
            LineKind::Orphan => {
                let bound = bound.as_ref().ok_or(RecordLineError::Missing("identity"))?;
                RecordKey::Orphan(bound.id.clone())
            }
            LineKind::AllUsers => RecordKey::AllUsers,
        };
        // An orphan without anything pending is one that is deleted.
        let is_deleted = self.kind == LineKind::Orphan
            && bound.as_ref().is_some_and(|bound| bound.pending.is_none());
        let identity = match bound {
            Some(bound) if !is_deleted => IdentityState::Bound(bound),
            _ => IdentityState::None,
        };
        let suspension = self.suspension.map(SuspensionLine::into_suspension);
        let record = Record {
            sessions_valid_after: self.sessions_valid_after.map(EpochSeconds::from),
            suspension,
            unconfirmed_identities: self.unconfirmed_identities,
            creation_pause: None,
            expires_at: self.expires_at.map(EpochSeconds::from),
            identity,
        };
        // Only a row that holds nobody back may expire.
        let may_expire = record.bound().is_none() && !record.is_suspended();
        let expires_at = record.expires_at.filter(|_| may_expire);
        Ok((key, Record { expires_at, ..record }))
    }
}

impl IdentityLine {
    fn of(bound: &BoundIdentity) -> Self {
        let pending = bound.pending.map(|pending| PendingLine {
            operation: match pending.kind {
                PendingKind::Revoke => PendingName::Revoke,
                PendingKind::Delete => PendingName::Delete,
            },
            accepted_at: pending.accepted_at,
        });
        Self { id: bound.id.to_string(), sign_in: instant(bound.sign_in), pending }
    }

    fn into_bound(self, id: UniqueId) -> Result<BoundIdentity, RecordLineError> {
        let identity: IdentityId = self.id.parse()?;
        let pending = self.pending.map(|pending| {
            let kind = match pending.operation {
                PendingName::Revoke => PendingKind::Revoke,
                PendingName::Delete => PendingKind::Delete,
            };
            let accepted_at = pending.accepted_at;
            let attempt = Attempt { began_at: accepted_at, failed: true };
            PendingOperation { kind, id, accepted_at, retry_at: accepted_at, attempt }
        });
        Ok(BoundIdentity { pending, ..BoundIdentity::new(identity, self.sign_in.into()) })
    }
}

impl SuspensionLine {
    fn of(suspension: Suspension) -> Self {
        let by = match suspension.by {
            SuspendedBy::Operator => SuspendedByName::Operator,
            SuspendedBy::IdentityProvider => SuspendedByName::IdentityProvider,
        };
        Self { by, at: suspension.decided_at, lifted: suspension.lifted }
    }

    fn into_suspension(self) -> Suspension {
        let by = match self.by {
            SuspendedByName::Operator => SuspendedBy::Operator,
            SuspendedByName::IdentityProvider => SuspendedBy::IdentityProvider,
        };
        Suspension { by, lifted: self.lifted, decided_at: self.at }
    }
}

/// Hidden: a line is personal data.
impl fmt::Debug for RecordLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordLine").field("kind", &self.kind).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
