//! The `issue` function on Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    acs_broker_lambda::run_http(acs_broker_function_issue::handle).await
}
