//! `DELETE /v1/token` and `DELETE /v1/users/{subject}/token`: a user's ACS tokens are withdrawn.

use std::sync::Arc;

use function::{App, Exchange, Problem, Reply};
use lambda_http::http::Response;
use lambda_http::{Request, RequestExt};
use token_broker::Sessions;

const KEEP_SESSIONS: &str = "keepSessions";

/// Answers one request; every failure is an answer too.
pub async fn handle(app: Arc<App>, request: Request) -> Response<String> {
    let exchange = Exchange::begin(&app, "revokeTokens", &request);
    let outcome = revoke(&app, &exchange, &request).await;
    exchange.end(outcome)
}

async fn revoke(app: &App, exchange: &Exchange<'_>, request: &Request) -> Result<Reply, Problem> {
    let caller = exchange.caller(request)?;
    let (user, order) = caller.target(request)?;
    let sessions = sessions(request)?;
    app.broker.revoke(&user, order, sessions, &exchange.call()).await?;
    exchange.count("TokensRevoked");
    Ok(Reply::Done)
}

/// A misspelt parameter is refused: silently ignored, it would sign the user out against their
/// will.
fn sessions(request: &Request) -> Result<Sessions, Problem> {
    let query = request.query_string_parameters();
    if let Some((name, _)) = query.iter().find(|(name, _)| *name != KEEP_SESSIONS) {
        return Err(Problem::invalid(format!("{name}: is no parameter of this operation")));
    }
    match query.all(KEEP_SESSIONS).unwrap_or_default().as_slice() {
        [] | ["false"] => Ok(Sessions::End),
        ["true"] => Ok(Sessions::Keep),
        _ => Err(Problem::invalid(format!("{KEEP_SESSIONS}: must be `true` or `false`, once"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &[(&str, &[&str])]) -> Result<Sessions, String> {
        let values = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let query: std::collections::HashMap<String, Vec<String>> =
            query.iter().map(|(name, texts)| ((*name).to_owned(), values(texts))).collect();
        let request = Request::default().with_query_string_parameters(query);
        sessions(&request).map_err(|problem| problem.detail.unwrap())
    }

    #[test]
    fn sessions_end_unless_they_are_kept_in_so_many_words() {
        assert_eq!(asked(&[]), Ok(Sessions::End));
        assert_eq!(asked(&[("keepSessions", &["false"])]), Ok(Sessions::End));
        assert_eq!(asked(&[("keepSessions", &["true"])]), Ok(Sessions::Keep));
    }

    #[test]
    fn a_parameter_that_may_be_misread_is_refused() {
        for query in [
            [("keepSessions", &["True"][..])],
            [("keepSessions", &[""][..])],
            [("keepSessions", &["true", "false"][..])],
            [("keepsessions", &["true"][..])],
        ] {
            assert!(asked(&query).is_err(), "{query:?}");
        }
    }
}
