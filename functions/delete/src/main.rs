//! The `delete` function on Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    function::run_with_queue(delete::handle, delete::consume).await
}
