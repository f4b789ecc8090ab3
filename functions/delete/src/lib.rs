//! `DELETE /v1/user` and `DELETE /v1/users/{subject}`: a user's ACS identity is deleted.

use std::sync::Arc;

use function::{App, Exchange, Problem, Reply, only_parameters};
use lambda_http::Request;
use lambda_http::http::Response;

/// Answers one request; every failure is an answer too.
pub async fn handle(app: Arc<App>, request: Request) -> Response<String> {
    let exchange = Exchange::begin(&app, "deleteUser", &request);
    let outcome = delete(&app, &exchange, &request).await;
    exchange.end(outcome)
}

async fn delete(app: &App, exchange: &Exchange<'_>, request: &Request) -> Result<Reply, Problem> {
    let caller = exchange.caller(request)?;
    only_parameters(request, &[])?;
    let (user, order) = caller.target(request)?;
    app.broker.delete(&user, order, &exchange.call()).await?;
    exchange.count("UserDeleted");
    Ok(Reply::Done)
}
