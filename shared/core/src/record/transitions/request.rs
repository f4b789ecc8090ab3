//! An operation on its way into a record.

use std::time::Duration;

use jiff::Timestamp;

use crate::initiator::Initiator;
use crate::operation::Operation;
use crate::record::Record;
use crate::record::pending_operation::{PendingKind, PendingOperation};
use crate::record::unique_id::UniqueId;
use crate::time::EpochSeconds;

/// An operation to be written into a record: its initiator, and what holds at this moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OperationRequest {
    /// Who asks for it.
    pub(crate) initiator: Initiator,
    /// The cutoff of all users.
    pub(crate) global_cutoff: Option<EpochSeconds>,
    /// The id of the pending operation, should one be needed.
    pub(crate) id: UniqueId,
    /// The present.
    pub(crate) now: Timestamp,
    /// How long a record without an identity is kept.
    pub(crate) retention: Duration,
}

impl OperationRequest {
    /// Returns the pending operation that this request adds, in the place of `older`. An operator
    /// does not wait for the end of a pause.
    pub(super) fn pending(
        &self,
        kind: PendingKind,
        older: Option<PendingOperation>,
    ) -> PendingOperation {
        let accepted = PendingOperation::accept(kind, self.id, self.now);
        match self.initiator {
            Initiator::Operator => accepted,
            Initiator::User { .. } | Initiator::IdentityProvider { .. } => {
                accepted.replacing(older, self.now)
            }
        }
    }
}

impl Record {
    /// Writes an operation into the record.
    pub(crate) fn accept(&self, operation: Operation, request: &OperationRequest) -> Option<Self> {
        match operation {
            Operation::Revoke { keep_sessions } => self.revoke(keep_sessions, request),
            Operation::Suspend => self.suspend(request),
            Operation::Unsuspend => self.unsuspend(request),
            Operation::Delete => self.delete(request),
        }
    }
}
