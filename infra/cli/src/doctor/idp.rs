//! The checks of the identity provider.

use serde_json::Value;

use super::Tools;
use super::check::{Check, Finding, Group};
use super::facts::{Facts, json};

/// Returns the checks of the identity provider.
pub(super) fn checks<'a>(facts: &'a Facts, tools: &'a Tools) -> Vec<Check<'a>> {
    vec![
        Check::new(
            Group::Idp,
            "idp.discovery",
            async move { discovery(&facts.issuer, tools).await },
        ),
        Check::new(Group::Idp, "idp.audience", async move { audience(&facts.audiences) }),
    ]
}

async fn discovery(issuer: &str, tools: &Tools) -> Finding {
    let meaning = "The gateway cannot verify tokens: every request ends with 401.";
    let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let document = match json(&tools.http, &address).await {
        Ok(document) => document,
        Err(why) => {
            let remedy =
                format!("Check the issuer's name and that the internet reaches it: curl {address}");
            return Finding::fail(format!("{address}: {why}"), meaning, remedy);
        }
    };
    let stated = document.get("issuer").and_then(Value::as_str).unwrap_or_default();
    if stated != issuer {
        let how = difference(issuer, stated);
        return Finding::fail(
            format!("the stack's issuer is {issuer}, the provider calls itself {stated}: {how}"),
            "The claim iss is compared byte by byte: every token is refused.",
            format!("Deploy the stack with JwtIssuer={stated}"),
        );
    }
    let Some(keys) = document.get("jwks_uri").and_then(Value::as_str) else {
        return Finding::fail(
            "the discovery document has no jwks_uri",
            meaning,
            "Ask the provider.",
        );
    };
    match json(&tools.http, keys).await {
        Ok(set) => signing_keys(&set, keys, meaning),
        Err(why) => {
            let remedy = format!("Check that the internet reaches it: curl {keys}");
            Finding::fail(format!("{keys}: {why}"), meaning, remedy)
        }
    }
}

/// Says in words how two issuers differ.
pub(super) fn difference(ours: &str, theirs: &str) -> &'static str {
    if ours.trim_end_matches('/') == theirs.trim_end_matches('/') {
        return if ours.ends_with('/') {
            "the stack's has a slash at the end"
        } else {
            "the provider's has a slash at the end"
        };
    }
    if ours.eq_ignore_ascii_case(theirs) { "upper and lower case differ" } else { "they differ" }
}

fn signing_keys(set: &Value, address: &str, meaning: &str) -> Finding {
    let keys = set.get("keys").and_then(Value::as_array);
    let is_usable = |key: &&Value| {
        let text = |name: &str| key.get(name).and_then(Value::as_str);
        text("kty") == Some("RSA") && text("alg").is_none_or(|alg| alg == "RS256")
    };
    match keys.into_iter().flatten().filter(is_usable).count() {
        0 => Finding::fail(
            format!("{address} has no RSA key for RS256"),
            meaning,
            "Have the provider sign access tokens with RS256; the gateway knows nothing else.",
        ),
        count => Finding::ok(format!("the issuer is byte-equal; signing keys: {count}")),
    }
}

/// Judges the audiences that the gateway accepts.
pub(super) fn audience(audiences: &[String]) -> Finding {
    if audiences.iter().all(|audience| audience.trim().is_empty()) {
        return Finding::fail(
            "no audience is set",
            "Tokens for any other API of the provider would count, or none.",
            "Deploy the stack with JwtAudiences, the API's identifier at the provider.",
        );
    }
    Finding::ok(format!("tokens must be for {}", audiences.join(" or ")))
}
