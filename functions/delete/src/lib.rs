//! A user's ACS identity is deleted: on request, by `DELETE /v1/user` and
//! `DELETE /v1/users/{subject}`, and when the identity provider deletes the user.

use std::sync::Arc;

use acs_broker_core::{Deletion, Order};
use acs_broker_identity_events::Action;
use acs_broker_lambda::{
    App, Batch, Code, Delivery, Exchange, NoSources, Problem, Reply, Undone, names_a_user,
    only_parameters,
};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use lambda_http::http::Response;
use lambda_http::{Context, Request};

/// Answers one request; every failure is an answer too.
pub async fn handle(app: Arc<App>, request: Request) -> Response<String> {
    let operation = if names_a_user(&request) { "deleteUser" } else { "deleteSelf" };
    let exchange = Exchange::begin(&app, operation, &request);
    let outcome = delete(&app, &exchange, &request).await;
    exchange.end(outcome)
}

/// Carries out what identity providers say: users deleted.
///
/// # Errors
/// [`NoSources`]: the function was not told whose events to believe.
pub async fn consume(
    app: Arc<App>,
    messages: SqsEvent,
    context: Context,
) -> Result<SqsBatchResponse, NoSources> {
    let mut batch = Batch::begin(&app, "deleteByEvent", messages, &context)?;
    while let Some(delivery) = batch.next() {
        let outcome = carry_out(&app, &delivery).await;
        batch.end(delivery, outcome);
    }
    Ok(batch.answer())
}

async fn carry_out(app: &App, delivery: &Delivery<'_>) -> Result<(), Undone> {
    let event = &delivery.event;
    if event.action != Action::Delete {
        return Err(Undone::Misrouted);
    }
    let order = Order::Event(event.occurred_at);
    app.broker.delete(&event.user, order, &delivery.exchange().call()).await?;
    Ok(())
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
