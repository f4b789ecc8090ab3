//! `DELETE /v1/user` and `DELETE /v1/users/{subject}`: a user's ACS identity is deleted.

use std::sync::Arc;

use function::{App, Code, Exchange, Problem, Reply, names_a_user, only_parameters};
use lambda_http::Request;
use lambda_http::http::Response;
use token_broker::Deletion;

/// Answers one request; every failure is an answer too.
pub async fn handle(app: Arc<App>, request: Request) -> Response<String> {
    let operation = if names_a_user(&request) { "deleteUser" } else { "deleteSelf" };
    let exchange = Exchange::begin(&app, operation, &request);
    let outcome = delete(&app, &exchange, &request).await;
    exchange.end(outcome)
}

async fn delete(app: &App, exchange: &Exchange<'_>, request: &Request) -> Result<Reply, Problem> {
    let caller = exchange.caller(request)?;
    only_parameters(request, &[])?;
    let (user, order) = exchange.target(&caller, request)?;
    match app.broker.delete(&user, order, &exchange.call()).await? {
        Deletion::Ordered => {
            exchange.count("UserDeleted");
            Ok(Reply::Done)
        }
        Deletion::SessionEnded => Err(Problem::new(Code::SignInAgain)),
    }
}
