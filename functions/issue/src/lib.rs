//! `POST /v1/token`: the signed-in user gets or renews an ACS token.

use std::sync::Arc;
use std::time::Duration;

use acs_broker_core::{Issued, Wish};
use acs_broker_lambda::{App, Exchange, Problem, Reply, json_body, only_parameters};
use identity_client::{Lifetime, Scope, Timestamp};
use lambda_http::Request;
use lambda_http::http::Response;
use serde::{Deserialize, Serialize};

/// What the caller asks for. Everything may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TokenRequest {
    scopes: Option<Vec<String>>,
    expires_in_minutes: Option<u32>,
}

/// The shape that ACS's own SDKs call `CommunicationUserToken`, and when to renew.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TokenAnswer<'a> {
    token: &'a str,
    expires_on: Timestamp,
    refresh_after: Timestamp,
    user: User<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct User<'a> {
    communication_user_id: &'a str,
}

/// Answers one request; every failure is an answer too.
pub async fn handle(app: Arc<App>, request: Request) -> Response<String> {
    let exchange = Exchange::begin(&app, "issueToken", &request);
    let outcome = token(&app, &exchange, &request).await;
    exchange.end(outcome)
}

async fn token(app: &App, exchange: &Exchange<'_>, request: &Request) -> Result<Reply, Problem> {
    let caller = exchange.caller(request)?;
    only_parameters(request, &[])?;
    let wish = wish(&json_body(request)?)?;
    let grant = app.scope_policy.grant(&caller.claims, &wish)?;
    // Boxed: the longest path through the broker would weigh on every caller's stack.
    let issued = Box::pin(app.broker.issue(&caller.session, &grant, &exchange.call())).await?;
    exchange.count("TokenIssued");
    Ok(Reply::Json(answer(&issued, exchange.now())?))
}

fn wish(request: &TokenRequest) -> Result<Wish, Problem> {
    let scopes = request.scopes.as_deref().map(scopes).transpose()?;
    let lifetime = request.expires_in_minutes.map(Lifetime::try_from).transpose();
    let lifetime =
        lifetime.map_err(|rule| Problem::invalid(format!("expiresInMinutes: {rule}")))?;
    Ok(Wish { scopes, lifetime })
}

fn scopes(names: &[String]) -> Result<Vec<Scope>, Problem> {
    if names.is_empty() {
        return Err(Problem::invalid("scopes: must not be empty"));
    }
    let most = Scope::ALL.len();
    if names.len() > most {
        return Err(Problem::invalid(format!("scopes: must have at most {most} entries")));
    }
    let parsed = names.iter().enumerate().map(|(index, name)| {
        name.parse().map_err(|rule| Problem::invalid(format!("scopes[{index}]: {rule}")))
    });
    parsed.collect()
}

fn answer(issued: &Issued, now: Timestamp) -> Result<String, Problem> {
    let token = &issued.token.token;
    // Whole seconds: iOS's own parser knows no fractions.
    let expires_on = whole_second(token.expires_on());
    let answer = TokenAnswer {
        token: token.secret(),
        expires_on,
        refresh_after: whole_second(refresh_after(now, expires_on)),
        user: User { communication_user_id: issued.token.identity.as_ref() },
    };
    serde_json::to_string(&answer).map_err(|_| Problem::new(acs_broker_lambda::Code::InternalError))
}

fn whole_second(instant: Timestamp) -> Timestamp {
    Timestamp::from_second(instant.as_second()).unwrap_or(instant)
}

/// When five sixths of the token's life are over: ten minutes before the end of the shortest one,
/// which is when ACS's client SDKs begin to renew by themselves.
fn refresh_after(now: Timestamp, expires_on: Timestamp) -> Timestamp {
    let life = Duration::try_from(expires_on.duration_since(now)).unwrap_or_default();
    now.checked_add(life * 5 / 6).unwrap_or(expires_on).min(expires_on)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(json: &str) -> Result<Wish, String> {
        let request: TokenRequest = serde_json::from_str(json).unwrap();
        wish(&request).map_err(|problem| problem.detail.unwrap())
    }

    #[test]
    fn what_is_left_out_is_left_to_the_policy() {
        assert_eq!(asked("{}").unwrap(), Wish::default());
        let nulls = r#"{"scopes": null, "expiresInMinutes": null}"#;
        assert_eq!(asked(nulls).unwrap(), Wish::default());
    }

    #[test]
    fn a_wrong_field_is_named_with_its_rule() {
        for (json, says) in [
            (r#"{"scopes": []}"#, "scopes: must not be empty"),
            (r#"{"scopes": ["chat", "pstn"]}"#, "scopes[1]: "),
            (
                r#"{"scopes": ["chat", "chat", "chat", "chat", "chat", "chat"]}"#,
                "scopes: must have at most 5 entries",
            ),
            (r#"{"expiresInMinutes": 59}"#, "expiresInMinutes: "),
            (r#"{"expiresInMinutes": 1441}"#, "expiresInMinutes: "),
        ] {
            let detail = asked(json).unwrap_err();
            assert!(detail.starts_with(says), "{json}: {detail}");
        }
    }

    #[test]
    fn a_client_is_told_to_renew_well_before_the_end() {
        let at = |minute: i64| Timestamp::from_second(minute * 60).unwrap();
        assert_eq!(refresh_after(at(0), at(60)), at(50));
        assert_eq!(refresh_after(at(0), at(1440)), at(1200));
        assert_eq!(refresh_after(at(10), at(9)), at(9), "a clock that runs ahead");
    }
}
