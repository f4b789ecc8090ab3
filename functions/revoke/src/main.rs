//! The `revoke` function on Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    function::run_with_queue(revoke::handle, revoke::consume).await
}
