//! Carries out what identity providers report: passwords changed, users suspended, reinstated and
//! deleted.

use std::sync::Arc;

use acs_broker_core::Initiator;
use acs_broker_identity_events::ProviderEvent;
use acs_broker_lambda::{EventOutcome, Invocation};

/// Carries out the operation that one event asks for.
///
/// # Errors
/// The operation could not be written down; the queue delivers the event again.
pub async fn handle(invocation: Arc<Invocation<ProviderEvent>>) -> EventOutcome {
    let event = &invocation.payload;
    let initiator = Initiator::IdentityProvider { occurred_at: event.occurred_at };
    let call = invocation.call();
    invocation.app.broker.execute(&event.user, event.operation, initiator, &call).await
}
