//! What is accepted and must still be done at ACS.

use std::time::Duration;

use jiff::Timestamp;

use super::pause::{Attempt, AttemptState};
use super::unique_id::UniqueId;
use crate::time::later;

/// An operation at ACS that is accepted and not known to be complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingOperation {
    /// What to do.
    pub kind: PendingKind,
    /// Names the revocation or deletion that asked for it last. Only that one clears it.
    pub id: UniqueId,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// When `sweep` tries again, should nobody have completed it before.
    pub retry_at: Timestamp,
    /// The last attempt. The request that accepts an operation begins the first one.
    pub attempt: Attempt,
}

/// The two operations at ACS that must never be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PendingKind {
    /// Revoke the identity's tokens.
    Revoke,
    /// Delete the identity.
    Delete,
}

impl PendingOperation {
    /// How long the request that accepted the operation has it to itself, and the shortest pause
    /// between two tries.
    pub const MIN_RETRY_PAUSE: Duration = Duration::from_mins(1);
    const MAX_RETRY_PAUSE: Duration = Duration::from_hours(1);

    /// Returns an operation that is accepted at `now`.
    #[must_use]
    pub fn accept(kind: PendingKind, id: UniqueId, now: Timestamp) -> Self {
        let retry_at = later(now, Self::MIN_RETRY_PAUSE);
        Self { kind, id, accepted_at: now, retry_at, attempt: Attempt::begin(now) }
    }

    /// Returns the same operation after a failed try. It waits as long again as it is old, within
    /// 1 to 60 minutes, so that an operation that cannot succeed does not crowd out the rest.
    #[must_use]
    pub fn reschedule(self, now: Timestamp) -> Self {
        let age = Duration::try_from(now.duration_since(self.accepted_at)).unwrap_or_default();
        let pause = age.clamp(Self::MIN_RETRY_PAUSE, Self::MAX_RETRY_PAUSE);
        let attempt = Attempt { began_at: now, failed: true };
        Self { retry_at: later(now, pause), attempt, ..self }
    }

    /// Returns the operation as it takes the place of `older`. A pause after a failed attempt goes
    /// on: otherwise each further request for the same operation would try again at once.
    pub(crate) fn replacing(self, older: Option<Self>, now: Timestamp) -> Self {
        let paused = older
            .map(|older| older.attempt)
            .filter(|attempt| matches!(attempt.state(now), AttemptState::Paused(_)));
        Self { attempt: paused.unwrap_or(self.attempt), ..self }
    }
}
