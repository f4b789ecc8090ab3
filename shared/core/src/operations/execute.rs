//! Revoke, suspend, unsuspend and delete: one write accepts the operation, then ACS carries it out.
//!
//! The order of the two makes a revocation safe without a lock. W is the write that raises the
//! cutoff and adds the pending operation; A is the moment at which ACS revokes. W comes before A.
//! An `issue` mints its token (I) before it reads the record (R):
//!
//! - If R sees W, the session is refused and the token discarded.
//! - If R does not see W, then I < R < W < A, and A kills the token.
//!
//! The write that clears the pending operation comes after A. A process that dies anywhere between
//! leaves the operation in the record, where a repetition or `sweep` finds it. To revoke or delete
//! twice is harmless.

use crate::broker::TokenBroker;
use crate::call_context::CallContext;
use crate::error::BrokerError;
use crate::initiator::Initiator;
use crate::operation::{Accepted, Completion, Operation};
use crate::record::transitions::OperationRequest;
use crate::record::{PendingOperation, Record, RecordKey};
use crate::store::{UserSnapshot, UserStore};

impl<S: UserStore> TokenBroker<S> {
    /// Carries out an operation about a user.
    ///
    /// A session that has ended may repeat an operation that was asked for: that completes what is
    /// pending and causes nothing new.
    ///
    /// # Errors
    /// [`BrokerError::SignInAgain`]: a session that has ended asks for a deletion that nobody has
    /// asked for before, or the session is too old for any answer. [`BrokerError::TooManyRequests`]:
    /// the user revokes in a loop. [`BrokerError::Store`]: the operation may not be accepted; repeat it. From
    /// the first write on nothing is lost.
    pub async fn execute(
        &self,
        user: &RecordKey,
        operation: Operation,
        initiator: Initiator,
        ctx: &CallContext<'_>,
    ) -> Result<Accepted, BrokerError> {
        if !operation.permits(initiator) {
            return Err(BrokerError::NotPermitted);
        }
        if let Initiator::User { signed_in } = initiator {
            self.check_age(signed_in, ctx)?;
            if operation == (Operation::Revoke { keep_sessions: true }) {
                let noted = self.tokens.note_revocation(user, ctx.deadline.now());
                noted.map_err(|retry_after| BrokerError::TooManyRequests { retry_after })?;
            }
        }
        // Step 1 (W): accept the operation. The cutoff and the pending operation are one write, so
        // there is no moment at which the sessions are refused and the tokens forgotten.
        let UserSnapshot { stored, global_cutoff } = self.snapshot(user, ctx).await?;
        let was_known = stored.record != Record::default();
        let request = OperationRequest {
            initiator,
            global_cutoff,
            id: self.unique_id(),
            now: ctx.deadline.now(),
            retention: self.settings.tombstone_retention,
        };
        let change = |record: &Record| record.accept(operation, &request);
        let stored = self.commit(user, stored, ctx, change).await?.stored;

        // A session that has ended cannot ask for a deletion. "Deleted" would tell a user who has
        // just signed out everywhere that the account is gone.
        let has_ended = initiator.has_ended(stored.record.cutoff(global_cutoff));
        if operation == Operation::Delete && has_ended && stored.record.is_retained() {
            return Err(BrokerError::SignInAgain);
        }

        // To lift a suspension asks nothing of ACS.
        if operation == Operation::Unsuspend {
            return Ok(Accepted { completion: Completion::Done, was_known });
        }
        // Steps 2 (A) and 3: ACS carries it out, then the record forgets it.
        // Only the request that has just accepted the operation, and an operator, need not look at
        // other attempts: otherwise one user could use up ACS's quota by asking again and again.
        let may_attempt = |operation: &PendingOperation| {
            let is_own = operation.id == request.id && !operation.attempt.failed;
            is_own || initiator == Initiator::Operator
        };
        // Boxed: it would weigh on every caller's stack.
        let completion = self.complete_or_defer(user, stored, may_attempt, ctx);
        let completion = Box::pin(completion).await?;
        Ok(Accepted { completion, was_known })
    }
}
