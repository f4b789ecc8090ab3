//! The `identity-events` function on Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    acs_broker_lambda::run_queue(acs_broker_function_identity_events::handle).await
}
