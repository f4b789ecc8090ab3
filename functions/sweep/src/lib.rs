//! On a schedule: completes what requests have left incomplete.

use std::sync::Arc;

use acs_broker_core::{StoreError, SweepReport};
use acs_broker_lambda::Invocation;

/// Runs one pass and reports what it did.
///
/// # Errors
/// The table cannot say what is due: the invocation fails.
pub async fn handle(invocation: Arc<Invocation<()>>) -> Result<SweepReport, StoreError> {
    invocation.app.broker.sweep(&invocation.call()).await
}
