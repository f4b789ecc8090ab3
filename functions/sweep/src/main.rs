//! The `sweep` function on Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    function::run_scheduled(sweep::handle).await
}
