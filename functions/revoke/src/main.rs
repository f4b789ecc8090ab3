//! The `revoke` function on Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    acs_broker_lambda::run_with_queue(acs_broker_revoke::handle, acs_broker_revoke::consume).await
}
