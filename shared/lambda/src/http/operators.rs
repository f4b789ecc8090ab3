//! Operations of an operator on up to 25 users.

use std::sync::Arc;
use std::time::Duration;

use acs_broker_core::{
    Accepted, Completion, Initiator, Issuer, KeyError, Operation, RecordKey, Subject,
};
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};

use crate::http::event::HttpRequest;
use crate::http::problem::ProblemDetails;
use crate::http::problem_code::ProblemCode;
use crate::http::response::HttpResponse;
use crate::invocation::Invocation;
use crate::telemetry::field::Field;
use crate::telemetry::metric::Metric;

/// The body of an operator's request.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct OperatorRequest {
    users: Vec<UserName>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UserName {
    subject: String,
    /// The operator's own issuer unless it is given.
    issuer: Option<String>,
}

#[derive(Serialize)]
struct OperatorResponse {
    results: Vec<UserResult>,
}

/// How the operation ended for one user, in the order of the request.
#[derive(Serialize)]
struct UserResult {
    subject: String,
    issuer: String,
    outcome: Outcome,
    /// Why it is deferred or failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<ProblemCode>,
    /// Whether anything was known about the user before.
    #[serde(skip_serializing_if = "Option::is_none")]
    known: Option<bool>,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Done,
    Deferred,
    Failed,
}

const MAX_USERS: usize = 25;
/// How many users are worked on at once: 25 revocations of a quarter of a second each take two
/// seconds.
const CONCURRENCY: usize = 4;
/// With less time than this no further user is begun. It is enough to write an operation down.
const MIN_USER_BUDGET: Duration = Duration::from_secs(1);

/// Carries out an operation on the users whom an operator names.
///
/// # Errors
/// The caller is not an operator, the operator's session has ended or they are suspended, or the
/// body breaks a rule; nothing is done then. A user who fails has a result of their own and does not
/// stop the others.
pub async fn execute_for_users(
    invocation: &Arc<Invocation<HttpRequest>>,
    operation: Operation,
) -> Result<HttpResponse, ProblemDetails> {
    let operator = invocation.operator()?;
    invocation.payload.reject_unknown_query(&[])?;
    let users = users(invocation.payload.json_body()?, &operator.issuer)?;
    // The gateway lets a token pass until it expires. Whoever stole an operator's session loses it
    // with the operator's password.
    invocation.app.broker.check_session(&operator.session, &invocation.call()).await?;
    for (issuer, subject) in &users {
        let user = RecordKey::user(issuer.clone(), subject.clone());
        let target = invocation.hash(&user);
        invocation.line().push(Field::Targets, target.into());
    }
    let results = stream::iter(users)
        .map(|(issuer, subject)| execute_for_user(invocation, operation, issuer, subject))
        .buffered(CONCURRENCY)
        .collect()
        .await;
    HttpResponse::json(&OperatorResponse { results })
}

/// Returns the users that a request names, each once.
fn users(
    request: OperatorRequest,
    own_issuer: &Issuer,
) -> Result<Vec<(Issuer, Subject)>, ProblemDetails> {
    let count = request.users.len();
    if !(1..=MAX_USERS).contains(&count) {
        return Err(ProblemDetails::invalid(format!("users: must have 1 to {MAX_USERS} entries")));
    }
    let mut users = Vec::new();
    for (index, UserName { subject, issuer }) in request.users.into_iter().enumerate() {
        let invalid = |rule: KeyError| ProblemDetails::invalid(format!("users[{index}].{rule}"));
        let issuer = issuer.map(|issuer| issuer.parse()).transpose().map_err(invalid)?;
        let user =
            (issuer.unwrap_or_else(|| own_issuer.clone()), subject.parse().map_err(invalid)?);
        if !users.contains(&user) {
            users.push(user);
        }
    }
    Ok(users)
}

async fn execute_for_user(
    invocation: &Invocation<HttpRequest>,
    operation: Operation,
    issuer: Issuer,
    subject: Subject,
) -> UserResult {
    let result = |outcome, code, known| UserResult {
        subject: subject.as_str().to_owned(),
        issuer: issuer.as_str().to_owned(),
        outcome,
        code,
        known,
    };
    if invocation.deadline.remaining() < MIN_USER_BUDGET {
        return result(Outcome::Failed, Some(ProblemCode::DeadlineExceeded), None);
    }
    let user = RecordKey::user(issuer.clone(), subject.clone());
    let call = invocation.call();
    match invocation.app.broker.execute(&user, operation, Initiator::Operator, &call).await {
        Ok(Accepted { completion: Completion::Done, was_known }) => {
            invocation.count(metric(operation));
            result(Outcome::Done, None, Some(was_known))
        }
        Ok(Accepted { completion: Completion::Deferred(error), was_known }) => {
            let problem = ProblemDetails::from(error);
            invocation.note_problem(&problem);
            result(Outcome::Deferred, Some(problem.code), Some(was_known))
        }
        Err(error) => {
            let problem = ProblemDetails::from(error);
            let problem = problem.at_deadline(invocation.deadline.remaining().is_zero());
            invocation.note_problem(&problem);
            result(Outcome::Failed, Some(problem.code), None)
        }
    }
}

/// Returns the metric that counts an operation.
const fn metric(operation: Operation) -> Metric {
    match operation {
        Operation::Revoke { .. } => Metric::TokensRevoked,
        Operation::Suspend => Metric::SuspensionAdded,
        Operation::Unsuspend => Metric::SuspensionLifted,
        Operation::Delete => Metric::UserDeleted,
    }
}
