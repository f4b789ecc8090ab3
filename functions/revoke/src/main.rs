//! The `revoke` function on Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    function::run(revoke::handle).await
}
