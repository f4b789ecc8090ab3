//! On a schedule: what requests have left half done is finished.

use std::sync::Arc;

use acs_broker_core::Swept;
use acs_broker_lambda::{App, Exchange, Problem};
use acs_broker_store_dynamodb::TableError;
use lambda_runtime::Context;

/// Runs one pass and reports what it did. A table that does not answer makes the invocation fail.
///
/// # Errors
/// The table cannot say what is due.
pub async fn handle(app: Arc<App>, context: Context) -> Result<Swept, TableError> {
    let exchange = Exchange::begin_scheduled(&app, "sweep", &context);
    let swept = app.broker.sweep(&exchange.call()).await;
    match swept {
        Ok(swept) => {
            exchange.end_scheduled(Ok(&swept));
            Ok(swept)
        }
        Err(error) => {
            exchange.end_scheduled::<Swept>(Err(&Problem::from(&error)));
            Err(error)
        }
    }
}
