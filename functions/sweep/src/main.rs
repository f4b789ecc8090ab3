//! The `sweep` function on Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    acs_broker_lambda::run_scheduled(acs_broker_sweep::handle).await
}
