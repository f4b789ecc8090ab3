//! `POST /v1/token`: the signed-in user gets or renews an ACS token.

use std::sync::Arc;
use std::time::Duration;

use acs_broker_core::{Issued, RequestedGrant};
use acs_broker_lambda::{HttpRequest, HttpResponse, Invocation, Metric, ProblemDetails};
use identity_client::{Lifetime, Scope};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The body of a request. Everything may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TokenRequest {
    scopes: Option<Vec<String>>,
    expires_in_minutes: Option<Value>,
}

/// The shape that ACS's own SDKs call `CommunicationUserToken`, and when to renew.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TokenResponse<'a> {
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

/// Answers one request.
///
/// # Errors
/// The caller, the body or the policy does not allow a token, or ACS or the table fails.
pub async fn handle(
    invocation: Arc<Invocation<HttpRequest>>,
) -> Result<HttpResponse, ProblemDetails> {
    if invocation.payload.route != "POST /v1/token" {
        return Err(ProblemDetails::unserved_route());
    }
    let caller = invocation.caller()?;
    invocation.payload.reject_unknown_query(&[])?;
    let requested = requested_grant(&invocation.payload.json_body()?)?;
    let grant = invocation.grant(&requested)?;
    let call = invocation.call();
    // Boxed: the longest path through the broker would weigh on every caller's stack.
    let issued = Box::pin(invocation.app.broker.issue(&caller.session, &grant, &call)).await?;
    invocation.count(Metric::TokenIssued);
    invocation.note_token_source(issued.source);
    respond(&issued, invocation.now())
}

fn requested_grant(request: &TokenRequest) -> Result<RequestedGrant, ProblemDetails> {
    let scopes = request.scopes.as_deref().map(scopes).transpose()?;
    let lifetime = request.expires_in_minutes.as_ref().map(lifetime).transpose()?;
    Ok(RequestedGrant { scopes, lifetime })
}

fn lifetime(minutes: &Value) -> Result<Lifetime, ProblemDetails> {
    let minutes = minutes.as_u64().and_then(|minutes| u32::try_from(minutes).ok());
    let lifetime = minutes.and_then(|minutes| Lifetime::try_from(minutes).ok());
    lifetime.ok_or_else(|| {
        let (min, max) = (Lifetime::MIN.minutes(), Lifetime::MAX.minutes());
        let rule = format!("must be a whole number from {min} to {max}");
        ProblemDetails::invalid(format!("expiresInMinutes: {rule}"))
    })
}

fn scopes(names: &[String]) -> Result<Vec<Scope>, ProblemDetails> {
    if names.is_empty() {
        return Err(ProblemDetails::invalid("scopes: must not be empty"));
    }
    let max = Scope::ALL.len();
    if names.len() > max {
        return Err(ProblemDetails::invalid(format!("scopes: must have at most {max} entries")));
    }
    let parsed = names.iter().enumerate().map(|(index, name)| {
        name.parse().map_err(|rule| ProblemDetails::invalid(format!("scopes[{index}]: {rule}")))
    });
    parsed.collect()
}

fn respond(issued: &Issued, now: Timestamp) -> Result<HttpResponse, ProblemDetails> {
    let token = &issued.token.token;
    // Whole seconds: iOS's own parser knows no fractions.
    let expires_on = whole_second(token.expires_on());
    HttpResponse::json(&TokenResponse {
        token: token.secret(),
        expires_on,
        refresh_after: whole_second(refresh_after(now, expires_on)),
        user: User { communication_user_id: issued.token.identity.as_ref() },
    })
}

fn whole_second(instant: Timestamp) -> Timestamp {
    Timestamp::from_second(instant.as_second()).unwrap_or(instant)
}

/// Returns the moment when five sixths of the token's life are over: ten minutes before the end of
/// the shortest one, which is when ACS's client SDKs begin to renew by themselves.
fn refresh_after(now: Timestamp, expires_on: Timestamp) -> Timestamp {
    let life = Duration::try_from(expires_on.duration_since(now)).unwrap_or_default();
    now.checked_add(life * 5 / 6).unwrap_or(expires_on).min(expires_on)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requested(json: &str) -> Result<RequestedGrant, String> {
        let request: TokenRequest = serde_json::from_str(json).unwrap();
        requested_grant(&request).map_err(|problem| problem.detail.unwrap())
    }

    /// A client that names no scopes and no lifetime gets what the policy allows.
    #[test]
    fn absent_fields_request_defaults() {
        assert_eq!(requested("{}").unwrap(), RequestedGrant::default());
        let nulls = r#"{"scopes": null, "expiresInMinutes": null}"#;
        assert_eq!(requested(nulls).unwrap(), RequestedGrant::default());
    }

    /// A developer learns from the error which field breaks which rule.
    #[test]
    fn invalid_field_is_named_with_rule() {
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
            let detail = requested(json).unwrap_err();
            assert!(detail.starts_with(says), "{json}: {detail}");
        }
    }

    /// A client is told to renew well before its token expires.
    #[test]
    fn refresh_after_precedes_expiry() {
        let at = |minute: i64| Timestamp::from_second(minute * 60).unwrap();
        assert_eq!(refresh_after(at(0), at(60)), at(50));
        assert_eq!(refresh_after(at(0), at(1440)), at(1200));
        assert_eq!(refresh_after(at(10), at(9)), at(9), "a clock that runs ahead");
    }
}
