//! The operations on users: every call of the token broker that changes something.

use acs_broker_config::error_chain;
use acs_broker_core::{
    Accepted, BrokerError, BrokerEvent, CallContext, Completion, EpochSeconds, Initiator, Observer,
    Operation, RecordKey, StoreError, TokenBroker, UserStore,
};

use crate::outcome::Outcome;
use crate::records::Records;

/// Runs an operation on a user, as an operator. It takes effect also if nothing is known of the
/// user: the record that it writes refuses the sessions that exist.
pub(crate) async fn execute<S: UserStore>(
    operation: Operation,
    user: &RecordKey,
    broker: &TokenBroker<S>,
    records: &Records<S>,
) -> Outcome {
    let context = CallContext::new(records.deadline(), &NoopObserver);
    broker.execute(user, operation, Initiator::Operator, &context).await.into()
}

/// Revokes a user's tokens up to the global cutoff; sessions that signed in later are spared.
pub(crate) async fn revoke_up_to<S: UserStore>(
    cutoff: EpochSeconds,
    user: &RecordKey,
    broker: &TokenBroker<S>,
    records: &Records<S>,
) -> Outcome {
    let context = CallContext::new(records.deadline(), &NoopObserver);
    broker.enforce_cutoff(user, cutoff, &context).await.into()
}

/// Ends every session of every user and returns the global cutoff.
pub(crate) async fn raise_global_cutoff<S: UserStore>(
    broker: &TokenBroker<S>,
    records: &Records<S>,
) -> Result<EpochSeconds, BrokerError> {
    broker.revoke_all(&CallContext::new(records.deadline(), &NoopObserver)).await
}

impl From<Result<Accepted, BrokerError>> for Outcome {
    fn from(result: Result<Accepted, BrokerError>) -> Self {
        match result {
            Ok(Accepted { completion: Completion::Done, was_known: true }) => Self::Done,
            Ok(Accepted { completion: Completion::Done, was_known: false }) => Self::Unknown,
            Ok(Accepted { completion: Completion::Deferred(error), .. }) => {
                let resolves_itself = match &error {
                    BrokerError::Acs(error) => {
                        error.is_no_such_identity()
                            || error.is_throttled()
                            || error.is_unavailable()
                    }
                    _ => true,
                };
                let why = match &error {
                    BrokerError::Acs(error) => error_chain(error),
                    error => error_chain(error),
                };
                // It is recorded either way. What does not resolve itself is the operator's task.
                if resolves_itself { Self::Deferred(why) } else { Self::Failed(why) }
            }
            Err(error) => Self::Failed(error_chain(&error)),
        }
    }
}

/// Ignores every event: an operator learns what matters from the outcome and the record.
#[derive(Debug)]
pub(crate) struct NoopObserver;

impl Observer for NoopObserver {
    fn on_event(&self, _event: BrokerEvent) {}

    fn on_retry_scheduled(&self, _key: &RecordKey, _why: &BrokerError) {}

    fn on_optional_write_failed(&self, _write: &'static str, _why: &StoreError) {}
}
