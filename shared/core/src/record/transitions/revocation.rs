//! How a revocation enters a record.

use super::request::OperationRequest;
use crate::initiator::Initiator;
use crate::record::Record;
use crate::record::pending_operation::PendingKind;

impl Record {
    /// Raises the cutoff, unless the sessions are kept, and adds the pending revocation, in one
    /// change.
    pub(crate) fn revoke(&self, keep_sessions: bool, request: &OperationRequest) -> Option<Self> {
        let OperationRequest { initiator, global_cutoff, now, .. } = *request;
        let asked = initiator.cutoff(now);
        let is_event = matches!(initiator, Initiator::IdentityProvider { .. });
        // An event that the cutoff already covers has been carried out, or is pending.
        let is_repeated_event = is_event && self.sessions_valid_after >= Some(asked);
        if is_repeated_event || initiator.has_ended(self.sessions_valid_after) {
            return None;
        }
        let raised = match global_cutoff {
            // The global cutoff has ended the caller's session, and the scan has not reached this
            // user yet. Carry the cutoff out now. Otherwise the caller would hear that the tokens
            // are dead, and they would live until the scan arrives.
            Some(cutoff) if initiator.has_ended(global_cutoff) => Some(cutoff),
            _ if keep_sessions => None,
            _ => Some(asked),
        };
        let sessions_valid_after = self.sessions_valid_after.max(raised);
        let next = Self { sessions_valid_after, ..self.clone() }
            .with_pending_revocation(request.pending(PendingKind::Revoke, self.pending()));
        self.if_changed(next.with_expiry(request.retention, now))
    }
}
