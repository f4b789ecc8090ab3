//! What the cutoff of all users means for a record; `operations/revoke_all.rs` has the proof.

use std::time::Duration;

use jiff::Timestamp;

use crate::record::Record;
use crate::time::EpochSeconds;

impl Record {
    /// Raises the cutoff of all users to the present. Tokens from before stay alive until each
    /// user's own revocation.
    pub(crate) fn revoke_all(&self, retention: Duration, now: Timestamp) -> Option<Self> {
        let sessions_valid_after = self.sessions_valid_after.max(Some(now.into()));
        let next = Self { sessions_valid_after, ..self.clone() };
        self.if_changed(next.with_expiry(retention, now))
    }

    /// Returns the global cutoff if it is still to be carried out for this user: tokens from
    /// before it may be alive. It comes before a new token. Carried out later, it would kill that
    /// one too.
    pub(crate) fn global_cutoff_to_enforce(
        &self,
        global_cutoff: Option<EpochSeconds>,
    ) -> Option<EpochSeconds> {
        let is_behind = |cutoff: &EpochSeconds| self.sessions_valid_after < Some(*cutoff);
        global_cutoff.filter(is_behind).filter(|_| self.bound().is_some())
    }
}
