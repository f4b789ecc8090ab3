//! The `issue` function on Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    acs_broker_lambda::run(acs_broker_issue::handle).await
}
