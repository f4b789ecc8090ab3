//! A user's ACS tokens are withdrawn: on request, by `DELETE /v1/token` and
//! `DELETE /v1/users/{subject}/token`, and by what the identity provider says.

use std::sync::Arc;

use acs_broker_core::{Order, Ruling, Sessions};
use acs_broker_identity_events::Action;
use acs_broker_lambda::{
    App, Batch, Delivery, Exchange, NoSources, Problem, Reply, Undone, names_a_user,
    only_parameters,
};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use lambda_http::http::Response;
use lambda_http::{Context, Request, RequestExt};

const KEEP_SESSIONS: &str = "keepSessions";

/// Answers one request; every failure is an answer too.
pub async fn handle(app: Arc<App>, request: Request) -> Response<String> {
    let operation = if names_a_user(&request) { "revokeUserTokens" } else { "revokeOwnTokens" };
    let exchange = Exchange::begin(&app, operation, &request);
    let outcome = revoke(&app, &exchange, &request).await;
    exchange.end(outcome)
}

/// Carries out what identity providers say: passwords changed, users suspended and reinstated.
///
/// # Errors
/// [`NoSources`]: the function was not told whose events to believe.
pub async fn consume(
    app: Arc<App>,
    messages: SqsEvent,
    context: Context,
) -> Result<SqsBatchResponse, NoSources> {
    let mut batch = Batch::begin(&app, "revokeByEvent", messages, &context)?;
    while let Some(delivery) = batch.next() {
        let outcome = carry_out(&app, &delivery).await;
        batch.end(delivery, outcome);
    }
    Ok(batch.answer())
}

async fn carry_out(app: &App, delivery: &Delivery<'_>) -> Result<(), Undone> {
    let (event, call) = (&delivery.event, delivery.exchange().call());
    let (user, at) = (&event.user, event.occurred_at);
    match event.action {
        Action::Revoke => app.broker.revoke(user, Order::Event(at), Sessions::End, &call).await?,
        Action::Suspend => app.broker.suspend(user, Ruling::Event(at), &call).await?,
        Action::Unsuspend => app.broker.unsuspend(user, Ruling::Event(at), &call).await?,
        Action::Delete => return Err(Undone::Misrouted),
    }
    Ok(())
}

async fn revoke(app: &App, exchange: &Exchange<'_>, request: &Request) -> Result<Reply, Problem> {
    let caller = exchange.caller(request)?;
    let (user, order) = exchange.target(&caller, request)?;
    let sessions = sessions(request, order)?;
    app.broker.revoke(&user, order, sessions, &exchange.call()).await?;
    exchange.count("TokensRevoked");
    Ok(Reply::Done)
}

/// A user may keep their sessions. An operator revokes to put somebody out.
fn sessions(request: &Request, order: Order) -> Result<Sessions, Problem> {
    let is_own = matches!(order, Order::Session(_));
    only_parameters(request, if is_own { &[KEEP_SESSIONS] } else { &[] })?;
    let query = request.query_string_parameters();
    match query.all(KEEP_SESSIONS).unwrap_or_default().as_slice() {
        [] | ["false"] => Ok(Sessions::End),
        ["true"] => Ok(Sessions::Keep),
        _ => Err(Problem::invalid(format!("{KEEP_SESSIONS}: must be `true` or `false`, once"))),
    }
}

#[cfg(test)]
mod tests {
    use acs_broker_store_dynamodb::EpochSeconds;

    use super::*;

    const OWN: Order = Order::Session(EpochSeconds(0));

    fn asked(query: &[(&str, &[&str])], order: Order) -> Result<Sessions, String> {
        let values = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let query: std::collections::HashMap<String, Vec<String>> =
            query.iter().map(|(name, texts)| ((*name).to_owned(), values(texts))).collect();
        let request = Request::default().with_query_string_parameters(query);
        sessions(&request, order).map_err(|problem| problem.detail.unwrap())
    }

    #[test]
    fn sessions_end_unless_they_are_kept_in_so_many_words() {
        assert_eq!(asked(&[], OWN), Ok(Sessions::End));
        assert_eq!(asked(&[("keepSessions", &["false"])], OWN), Ok(Sessions::End));
        assert_eq!(asked(&[("keepSessions", &["true"])], OWN), Ok(Sessions::Keep));
    }

    #[test]
    fn a_parameter_that_may_be_misread_is_refused() {
        for query in [
            [("keepSessions", &["True"][..])],
            [("keepSessions", &[""][..])],
            [("keepSessions", &["true", "false"][..])],
            [("keepsessions", &["true"][..])],
        ] {
            assert!(asked(&query, OWN).is_err(), "{query:?}");
        }
        assert!(asked(&[("keepSessions", &["true"])], Order::Operator).is_err());
    }
}
