//! Revokes a user's ACS tokens: `DELETE /v1/token` by the user; for operators
//! `POST /v1/operator/revoke`, and `suspend` and `unsuspend` beside it.

use std::sync::Arc;

use acs_broker_core::Operation;
use acs_broker_lambda::{
    HttpRequest, HttpResponse, Invocation, Metric, ProblemDetails, execute_for_users,
};

const KEEP_SESSIONS: &str = "keepSessions";

/// Answers one request.
///
/// # Errors
/// The caller may not ask for it, the request breaks a rule, or ACS or the table fails.
pub async fn handle(
    invocation: Arc<Invocation<HttpRequest>>,
) -> Result<HttpResponse, ProblemDetails> {
    match invocation.payload.route.as_str() {
        "DELETE /v1/token" => revoke_own(&invocation).await,
        "POST /v1/operator/revoke" => execute_for_users(&invocation, Operation::REVOKE).await,
        "POST /v1/operator/suspend" => execute_for_users(&invocation, Operation::Suspend).await,
        "POST /v1/operator/unsuspend" => execute_for_users(&invocation, Operation::Unsuspend).await,
        _ => Err(ProblemDetails::unserved_route()),
    }
}

async fn revoke_own(invocation: &Invocation<HttpRequest>) -> Result<HttpResponse, ProblemDetails> {
    let caller = invocation.caller()?;
    invocation.payload.reject_unknown_query(&[KEEP_SESSIONS])?;
    invocation.payload.reject_body()?;
    let keep_sessions = invocation.payload.query_flag(KEEP_SESSIONS)?;
    let operation = Operation::Revoke { keep_sessions };
    let (user, initiator) = (&caller.session.user, caller.initiator());
    let call = invocation.call();
    let accepted = invocation.app.broker.execute(user, operation, initiator, &call).await?;
    let response = HttpResponse::completed(accepted.completion)?;
    invocation.count(Metric::TokensRevoked);
    Ok(response)
}
