//! Deletes a user's ACS identity: `DELETE /v1/user` by the user, `POST /v1/operator/delete` by an
//! operator.

use std::sync::Arc;

use acs_broker_core::Operation;
use acs_broker_lambda::{
    HttpRequest, HttpResponse, Invocation, Metric, ProblemDetails, execute_for_users,
};

/// Answers one request.
///
/// # Errors
/// The caller may not ask for it, the request breaks a rule, or ACS or the table fails.
pub async fn handle(
    invocation: Arc<Invocation<HttpRequest>>,
) -> Result<HttpResponse, ProblemDetails> {
    match invocation.payload.route.as_str() {
        "DELETE /v1/user" => delete_own(&invocation).await,
        "POST /v1/operator/delete" => execute_for_users(&invocation, Operation::Delete).await,
        _ => Err(ProblemDetails::unserved_route()),
    }
}

async fn delete_own(invocation: &Invocation<HttpRequest>) -> Result<HttpResponse, ProblemDetails> {
    let caller = invocation.caller()?;
    invocation.payload.reject_unknown_query(&[])?;
    invocation.payload.reject_body()?;
    let (user, initiator) = (&caller.session.user, caller.initiator());
    let call = invocation.call();
    let accepted = invocation.app.broker.execute(user, Operation::Delete, initiator, &call).await?;
    let response = HttpResponse::completed(accepted.completion)?;
    invocation.count(Metric::UserDeleted);
    Ok(response)
}
