//! The requests that the code serves.

use std::time::Duration;

use acs_broker_core::{
    Accepted, BrokerError, BrokerEvent, CallContext, Completion, EpochSeconds, Grant, Initiator,
    Issued, Observer, RecordKey, Session, StoreError, TokenBroker,
};
use acs_broker_store_dynamodb::testing::InterceptedStore;
use identity_client::{Deadline, Lifetime, Scope};
use tokio::time::Instant;

use super::gate::Gate;
use super::{BUDGET, alice, clock};
use crate::state::End;

struct Silent;

/// By how much a clock is ahead: longer than leases live.
const AHEAD: Duration = Duration::from_secs(400);

fn grant() -> Grant {
    Grant { scopes: vec![Scope::Chat], lifetime: Lifetime::MAX }
}

pub(super) async fn issue(
    broker: TokenBroker<InterceptedStore<Gate>>,
    is_old: bool,
    is_ahead: bool,
    start: Instant,
) -> Result<Issued, BrokerError> {
    let EpochSeconds(midnight) = clock(start).into();
    // A new session signed in after every operation of the trace.
    let sign_in = EpochSeconds(midnight + if is_old { -5 } else { 60 });
    let session = Session { user: alice(), sign_in };
    let now = clock(start) + if is_ahead { AHEAD } else { Duration::ZERO };
    let context = CallContext::new(Deadline::new(now, BUDGET), &Silent);
    broker.issue(&session, &grant(), &context).await
}

pub(super) fn end_of_issue(issued: &Result<Issued, BrokerError>) -> End {
    match issued {
        Ok(_) => End::Token,
        Err(BrokerError::SignInAgain) => End::Refused,
        Err(_) => End::Failed,
    }
}

pub(super) async fn execute(
    broker: TokenBroker<InterceptedStore<Gate>>,
    operation: acs_broker_core::Operation,
    start: Instant,
) -> End {
    let context = CallContext::new(Deadline::new(clock(start), BUDGET), &Silent);
    match broker.execute(&alice(), operation, Initiator::Operator, &context).await {
        Ok(Accepted { completion: Completion::Deferred(error), .. }) if !error.is_not_found() => {
            End::Failed
        }
        Ok(_) => End::Acknowledged,
        Err(_) => End::Failed,
    }
}

impl Observer for Silent {
    fn on_event(&self, _event: BrokerEvent) {}

    fn on_retry_scheduled(&self, _key: &RecordKey, _why: &BrokerError) {}

    fn on_optional_write_failed(&self, _write: &'static str, _why: &StoreError) {}
}
