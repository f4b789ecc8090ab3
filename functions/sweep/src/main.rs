//! The `sweep` function on Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    acs_broker_lambda::run_schedule("sweep", acs_broker_function_sweep::handle).await
}
