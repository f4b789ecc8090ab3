//! The check of a given access token, by the stack's own settings.

use std::collections::BTreeMap;

use acs_broker_core::{RequestedGrant, ScopePolicy};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity_client::Timestamp;
use serde_json::{Map, Value};

use super::Tools;
use super::check::{Check, Finding, Group};
use super::facts::Facts;
use super::idp::difference;
use crate::text_table::duration;

const REFUSED: &str = "The gateway or the function refuses the token.";
const SEND_ACCESS_TOKEN: &str =
    "Have the app send the access token for this API, and not the ID token.";

/// Returns the check of the token.
pub(super) fn checks<'a>(
    facts: &'a Facts,
    tools: &'a Tools,
    token: Option<&'a str>,
) -> Vec<Check<'a>> {
    let check = async move {
        match token {
            Some(token) => judge(token, facts, (tools.clock)()),
            None => Finding::skip("no token is given", "Pipe one in: … doctor --token -"),
        }
    };
    vec![Check::new(Group::Idp, "idp.token", check)]
}

/// Judges a token as the gateway and the functions do, except for its signature.
pub(super) fn judge(token: &str, facts: &Facts, now: Timestamp) -> Finding {
    let fail = |found: String, remedy: &str| Finding::fail(found, REFUSED, remedy);
    let parts: Vec<_> = token.split('.').collect();
    let [header, claims, _] = parts.as_slice() else {
        let found = format!("it is not a JWT: it has {} parts instead of 3", parts.len());
        return fail(
            found,
            "Ask the provider for a token with this API's audience; others are opaque.",
        );
    };
    let (Some(header), Some(claims)) = (decode(header), decode(claims)) else {
        return fail("it is not a JWT: it does not decode".to_owned(), "Copy the whole token.");
    };
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if let Some(why) = id_token(&claims) {
        return fail(format!("it is an ID token: {why}"), SEND_ACCESS_TOKEN);
    }
    if header.get("alg").and_then(Value::as_str) != Some("RS256") {
        return fail("it is not signed with RS256".to_owned(), "Choose RS256 at the provider.");
    }
    let issuer = text("iss").unwrap_or_default();
    if issuer != facts.issuer {
        let how = difference(&facts.issuer, issuer);
        let found = format!("iss is {issuer}, the stack's issuer {}: {how}", facts.issuer);
        return fail(found, "Send a token of the stack's issuer, or deploy with that JwtIssuer.");
    }
    if let Some(found) = wrong_audience(&claims, &facts.audiences) {
        let remedy = "Ask the provider for a token with this API's audience, or deploy with that JwtAudiences.";
        return fail(found, remedy);
    }
    let expires_at = claims.get("exp").and_then(Value::as_i64).unwrap_or_default();
    let left = expires_at - now.as_second();
    if left <= 0 {
        return fail(format!("it expired {} ago", duration(-left)), "Fetch a fresh token.");
    }
    subject_and_grant(&claims, facts, left)
}

/// Judges who signed in when, and what they get.
fn subject_and_grant(claims: &Map<String, Value>, facts: &Facts, left: i64) -> Finding {
    let fail = |found: String, remedy: &str| Finding::fail(found, REFUSED, remedy);
    let subject_claim = facts.setting("SUBJECT_CLAIM", "sub");
    let Some(subject) = claims.get(subject_claim).and_then(Value::as_str) else {
        let found = format!("the claim {subject_claim}, which names the user, is missing");
        return fail(found, "Have the provider send it, or deploy with another SubjectClaim.");
    };
    let named = facts.setting("SIGN_IN_CLAIM", "auth_time_or_iat");
    let sign_in_claim = match named {
        "auth_time_or_iat" if claims.contains_key("auth_time") => "auth_time",
        "auth_time_or_iat" => "iat",
        named => named,
    };
    if !claims.contains_key(sign_in_claim) {
        let found = format!("the claim {sign_in_claim}, the time of the sign-in, is missing");
        return fail(found, "Have the provider send it, or deploy with another SignInClaim.");
    }
    let texts: BTreeMap<_, _> =
        claims.iter().filter_map(|(name, value)| Some((name.clone(), text_of(value)?))).collect();
    let policy = facts.setting("SCOPE_POLICY", "").parse::<ScopePolicy>();
    let granted =
        policy.ok().and_then(|policy| policy.grant(&texts, &RequestedGrant::default()).ok());
    let granted = granted.map_or_else(
        || "what the policy says".to_owned(),
        |grant| {
            let scopes: Vec<_> = grant.scopes.iter().map(ToString::to_string).collect();
            format!("{} for {} minutes", scopes.join(", "), grant.lifetime.minutes())
        },
    );
    let found = format!(
        "user {subject}, {} left; gets {granted}; signed in by the claim {sign_in_claim}",
        duration(left)
    );
    if sign_in_claim == "iat" {
        return Finding::warn(
            found,
            "A refresh brings a newer iat, and so lifts a revocation.",
            "Have the provider send auth_time, or name its claim in SignInClaim: SECURITY.md.",
        );
    }
    Finding::ok(format!("{found}, which a refresh keeps"))
}

/// Returns why a token is an ID token, if so.
fn id_token(claims: &Map<String, Value>) -> Option<&'static str> {
    // Cognito says so; the two hashes only an ID token has (OpenID Connect Core 1.0, 3.3.2.11).
    match claims.get("token_use").and_then(Value::as_str) {
        Some("access") => None,
        Some(_) => Some("token_use is not access"),
        None if claims.contains_key("at_hash") => Some("it has the claim at_hash"),
        None if claims.contains_key("c_hash") => Some("it has the claim c_hash"),
        None => None,
    }
}

/// Returns how the audience is wrong, if so. `aud` counts where there is one, else `client_id`.
fn wrong_audience(claims: &Map<String, Value>, audiences: &[String]) -> Option<String> {
    let is_ours =
        |value: &Value| value.as_str().is_some_and(|text| audiences.iter().any(|a| a == text));
    let (name, value) = match claims.get("aud") {
        Some(value) => ("aud", Some(value)),
        None => ("client_id", claims.get("client_id")),
    };
    let is_accepted = match value {
        Some(Value::Array(list)) => list.iter().any(is_ours),
        Some(value) => is_ours(value),
        None => false,
    };
    let text = value.and_then(text_of).unwrap_or_else(|| "missing".to_owned());
    (!is_accepted).then(|| format!("{name} is {text}, and must be {}", audiences.join(" or ")))
}

fn decode(part: &str) -> Option<Map<String, Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Returns a claim as the text that API Gateway passes, a list as `[a b]`.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(entries) => {
            let entries: Option<Vec<_>> = entries.iter().map(text_of).collect();
            Some(format!("[{}]", entries?.join(" ")))
        }
        Value::Null | Value::Object(_) => None,
    }
}
