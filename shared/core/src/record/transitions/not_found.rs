//! When a report of ACS that an identity does not exist is believed. In an incident ACS has
//! reported so about identities that existed (azure-sdk-for-js#19849).

use std::time::Duration;

use identity_client::IdentityId;
use jiff::Timestamp;

use crate::record::Record;
use crate::record::identity_state::{BoundIdentity, IdentityState};
use crate::record::pending_operation::{PendingKind, PendingOperation};
use crate::time::later;

/// How far apart the two reports must be.
const NOT_FOUND_CONFIRMATION: Duration = Duration::from_mins(1);
/// How long the first report counts.
const NOT_FOUND_TTL: Duration = Duration::from_hours(3);

impl Record {
    /// Notes that ACS has just reported that the identity does not exist.
    pub(crate) fn note_not_found(&self, identity: &IdentityId, now: Timestamp) -> Option<Self> {
        let bound = self.bound().filter(|bound| bound.id == *identity)?;
        let is_noted = bound.not_found_since.is_some_and(|since| now < later(since, NOT_FOUND_TTL));
        (!is_noted).then(|| self.with_not_found(bound, Some(now)))
    }

    /// Returns whether a report at `now` confirms that the identity does not exist: an earlier
    /// report is old enough, and not so old that it speaks of another incident.
    pub(crate) fn is_not_found_confirmed(&self, identity: &IdentityId, now: Timestamp) -> bool {
        let bound = self.bound().filter(|bound| bound.id == *identity);
        let since = bound.and_then(|bound| bound.not_found_since);
        since.is_some_and(|since| {
            later(since, NOT_FOUND_CONFIRMATION) <= now && now < later(since, NOT_FOUND_TTL)
        })
    }

    /// Clears the report: ACS has just done something with the identity.
    pub(crate) fn clear_not_found(&self, identity: &IdentityId) -> Option<Self> {
        let bound = self.bound().filter(|bound| bound.id == *identity)?;
        bound.not_found_since.is_some().then(|| self.with_not_found(bound, None))
    }

    fn with_not_found(&self, bound: &BoundIdentity, since: Option<Timestamp>) -> Self {
        let bound = BoundIdentity { not_found_since: since, ..bound.clone() };
        Self { identity: IdentityState::Bound(bound), ..self.clone() }
    }
}

impl PendingOperation {
    /// Returns whether an earlier try of this deletion explains that ACS finds nothing to delete.
    pub(crate) fn explains_not_found(&self, now: Timestamp) -> bool {
        let is_old = later(self.accepted_at, NOT_FOUND_CONFIRMATION) <= now;
        self.kind == PendingKind::Delete && is_old
    }
}
