//! The life of tokens and identities: claims, expiry, revocation and deletion.

use std::time::Duration;

use acs_emulator::{InactiveReason, Introspection, Settings, TokenKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::{Value, json};

use crate::harness::{GA, PREVIEW, Resource};

/// A token has the claims of the real ones, and the published keys verify it.
#[test]
fn claims_match_real_tokens() {
    let mut settings = Settings::simulated(1);
    settings.token_key = TokenKey::generate().unwrap();
    let resource = Resource::with(settings);
    let target = format!("/identities?api-version={GA}");
    let body = json!({ "createTokenWithScopes": ["chat", "voip"], "expiresInMinutes": 60 });

    let response = resource.call("POST", &target, &body).body;

    let token = response["accessToken"]["token"].as_str().unwrap();
    let identity = response["identity"]["id"].as_str().unwrap();
    let keys: JwkSet =
        serde_json::from_value(resource.control("GET", "jwks", &Value::Null).body).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_exp = false;
    let key = DecodingKey::from_jwk(&keys.keys[0]).unwrap();
    let decoded = decode::<Value>(token, &key, &validation).unwrap();
    let resource_id = &resource.settings.resource_id;
    assert_eq!(decoded.header.kid, keys.keys[0].common.key_id);
    assert_eq!(decoded.header.typ.as_deref(), Some("JWT"));
    assert_eq!(
        decoded.claims,
        json!({
            "skypeid": identity.strip_prefix("8:").unwrap(), "scp": 1792, "csi": "1795392000",
            "exp": 1_795_395_600, "iat": 1_795_392_000, "acsScope": "chat,voip",
            "resourceId": resource_id, "resourceLocation": "unitedstates",
        })
    );
    assert!(identity.starts_with(&format!("8:acs:{resource_id}_")));
    assert_eq!(response["accessToken"]["expiresOn"], "2026-11-23T01:00:00.25+00:00");
}

/// A token is valid for a day unless the request sets another lifetime, and not a second longer.
#[test]
fn default_lifetime_is_one_day() {
    let resource = Resource::new();
    let token = resource.issue(&resource.create());

    resource.pass(Duration::from_secs(24 * 60 * 60 - 1));
    assert!(resource.is_active(&token));
    resource.pass(Duration::from_secs(1));
    assert_eq!(resource.introspect(&token), Introspection::Inactive(InactiveReason::Expired));
}

/// A revocation revokes the tokens before it and none after it, even while the clock stands still.
#[test]
fn revocation_spares_later_tokens() {
    let resource = Resource::new();
    let (identity, other) = (resource.create(), resource.create());
    let before = resource.issue(&identity);
    let others = resource.issue(&other);

    resource.revoke(&identity);
    let after = resource.issue(&identity);

    assert_eq!(resource.introspect(&before), Introspection::Inactive(InactiveReason::Revoked));
    assert!(resource.is_active(&after));
    assert!(resource.is_active(&others));
}

/// Tokens of the same second differ in text and agree in claims.
#[test]
fn same_second_tokens_differ_in_text() {
    let resource = Resource::new();
    let identity = resource.create();
    let claims = |token: &str| -> Value {
        let part = token.split('.').nth(1).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };

    let [first, second, third] = [0; 3].map(|_| resource.issue(&identity));

    assert!(first != second && second != third && first != third);
    assert!(claims(&first) == claims(&second) && claims(&second) == claims(&third));
}

/// A deletion ends the identity and its tokens.
#[test]
fn deletion_ends_tokens_and_identity() {
    let resource = Resource::new();
    let identity = resource.create();
    let token = resource.issue(&identity);

    resource.delete(&identity);

    assert_eq!(
        resource.introspect(&token),
        Introspection::Inactive(InactiveReason::IdentityDeleted)
    );
    for (method, action) in
        [("POST", "/:issueAccessToken"), ("POST", "/:revokeAccessTokens"), ("DELETE", "")]
    {
        let target = format!("/identities/{identity}{action}?api-version={GA}");
        let response = resource.call(method, &target, &json!({ "scopes": ["chat"] }));
        assert_eq!(response.status, 404, "{method} {action}");
        assert!(response.entries.is_empty());
    }
}

/// A regenerated key ends the tokens made with the old one and no others.
#[test]
fn regenerated_key_ends_its_tokens() {
    let resource = Resource::new();
    let [primary, secondary] = &resource.settings.access_keys;
    let identity = resource.create();
    let (ours, theirs) = (resource.issue(&identity), resource.issue_with(secondary, &identity));

    let response = resource.control("POST", "keys/primary/regenerate", &Value::Null);

    assert_eq!(resource.introspect(&ours), Introspection::Inactive(InactiveReason::KeyRegenerated));
    assert!(resource.is_active(&theirs));
    let target = format!("/identities?api-version={GA}");
    assert_eq!(resource.call_with(primary, "POST", &target, &Value::Null).status, 401);
    let new_key = response.body["accessKey"].as_str().unwrap().parse().unwrap();
    let fresh = resource.issue_with(&new_key, &identity);
    assert!(resource.is_active(&fresh));
    assert!(resource.emulator.connection_string("http://x").ends_with(&new_key.secret()));
}

/// 2020-07-20-preview2 creates, issues, revokes and deletes in its own shapes.
#[test]
fn preview_uses_its_own_shapes() {
    let resource = Resource::new();
    let created =
        resource.call("POST", &format!("/identities?api-version={PREVIEW}"), &Value::Null);
    let identity = created.body["id"].as_str().unwrap();
    let at = |action: &str| format!("/identities/{identity}{action}?api-version={PREVIEW}");
    let scopes = json!({ "scopes": ["voip", "pstn"], "expiresInMinutes": 60 });

    let issued = resource.call("POST", &at("/token"), &scopes);
    assert_eq!((created.status.as_u16(), issued.status.as_u16()), (200, 200));
    assert_eq!(issued.body["id"], identity);
    assert_eq!(issued.body["expiresOn"], "2026-11-24T00:00:00.25+00:00");
    let token = issued.body["token"].as_str().unwrap();
    assert!(resource.is_active(token));

    assert_eq!(resource.call("PATCH", &at(""), &json!({})).status, 204);
    assert!(!resource.is_active(token));
    assert_eq!(resource.call("DELETE", &at(""), &Value::Null).status, 204);
}

/// `tokensValidFrom` revokes the tokens issued before it. An earlier value never makes them valid
/// again.
#[test]
fn earlier_tokens_valid_from_is_ignored() {
    let resource = Resource::new();
    let identity = resource.create();
    let patch = |instant: &str| {
        let target = format!("/identities/{identity}?api-version={PREVIEW}");
        resource.call("PATCH", &target, &json!({ "tokensValidFrom": instant })).status
    };
    let early = resource.issue(&identity);
    resource.pass(Duration::from_secs(10));
    let late = resource.issue(&identity);

    assert_eq!(patch("2026-11-23T00:00:05Z"), 204);
    assert!(!resource.is_active(&early));
    assert!(resource.is_active(&late));
    assert_eq!(patch("2020-01-01T00:00:00Z"), 204);
    assert!(!resource.is_active(&early));
}

/// `tokensValidFrom` set to now revokes the token of the same millisecond and spares the next one.
/// (JavaScript's `new Date()` has whole milliseconds.)
#[test]
fn tokens_valid_from_covers_its_millisecond() {
    let resource = Resource::new();
    let identity = resource.create();
    resource.pass(Duration::from_micros(300));
    let before = resource.issue(&identity);
    resource.pass(Duration::from_micros(300));

    let target = format!("/identities/{identity}?api-version={PREVIEW}");
    let body = json!({ "tokensValidFrom": "2026-11-23T00:00:00.250Z" });
    assert_eq!(resource.call("PATCH", &target, &body).status, 204);
    let after = resource.issue(&identity);

    assert!(!resource.is_active(&before));
    assert!(resource.is_active(&after));
}

/// The list of identities is in the order of creation, with the state of each.
#[test]
fn identities_are_listed_by_creation() {
    let resource = Resource::new();
    let (first, second) = (resource.create(), resource.create());
    resource.issue(&first);
    resource.issue(&first);
    resource.revoke(&first);
    resource.delete(&second);

    let identities = resource.emulator.identities();

    assert_eq!(identities.iter().map(|i| &i.id).collect::<Vec<_>>(), [&first, &second]);
    assert_eq!(identities[0].tokens_issued, 2);
    assert_eq!(identities[0].tokens_valid_from, Some(resource.now.get()));
    assert_eq!(identities[0].deleted_at, None);
    assert_eq!(identities[1].deleted_at, Some(resource.now.get()));
}
