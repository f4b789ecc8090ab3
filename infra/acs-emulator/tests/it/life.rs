//! What lives, and what kills it.

use std::time::Duration;

use acs_emulator::{Inactive, Introspection, Settings, TokenKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::{Value, json};

use crate::harness::{GA, PREVIEW, Resource};

#[test]
fn a_token_has_the_claims_of_the_real_ones_and_verifies_with_the_published_keys() {
    let mut settings = Settings::simulated(1);
    settings.token_key = TokenKey::generate().unwrap();
    let resource = Resource::with(settings);
    let target = format!("/identities?api-version={GA}");
    let body = json!({ "createTokenWithScopes": ["chat", "voip"], "expiresInMinutes": 60 });

    let answer = resource.call("POST", &target, &body).body;

    let token = answer["accessToken"]["token"].as_str().unwrap();
    let identity = answer["identity"]["id"].as_str().unwrap();
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
    assert_eq!(answer["accessToken"]["expiresOn"], "2026-11-23T01:00:00.25+00:00");
}

#[test]
fn a_token_lives_for_a_day_unless_asked_otherwise_and_not_a_second_longer() {
    let resource = Resource::new();
    let token = resource.issue(&resource.create());

    resource.pass(Duration::from_secs(24 * 60 * 60 - 1));
    assert!(resource.is_active(&token));
    resource.pass(Duration::from_secs(1));
    assert_eq!(resource.introspect(&token), Introspection::Inactive(Inactive::Expired));
}

#[test]
fn a_revocation_kills_the_tokens_before_it_and_none_after_though_the_clock_stands_still() {
    let resource = Resource::new();
    let (identity, other) = (resource.create(), resource.create());
    let before = resource.issue(&identity);
    let others = resource.issue(&other);

    resource.revoke(&identity);
    let after = resource.issue(&identity);

    assert_eq!(resource.introspect(&before), Introspection::Inactive(Inactive::Revoked));
    assert!(resource.is_active(&after));
    assert!(resource.is_active(&others));
}

#[test]
fn tokens_of_the_same_second_differ_in_text_and_agree_in_claims() {
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

#[test]
fn a_deletion_kills_the_tokens_and_the_identity() {
    let resource = Resource::new();
    let identity = resource.create();
    let token = resource.issue(&identity);

    resource.delete(&identity);

    assert_eq!(resource.introspect(&token), Introspection::Inactive(Inactive::IdentityDeleted));
    for (method, action) in
        [("POST", "/:issueAccessToken"), ("POST", "/:revokeAccessTokens"), ("DELETE", "")]
    {
        let target = format!("/identities/{identity}{action}?api-version={GA}");
        let answer = resource.call(method, &target, &json!({ "scopes": ["chat"] }));
        assert_eq!(answer.status, 404, "{method} {action}");
        assert!(answer.changes.is_empty());
    }
}

#[test]
fn a_regenerated_key_takes_the_tokens_made_with_it_along_and_no_others() {
    let resource = Resource::new();
    let [primary, secondary] = &resource.settings.access_keys;
    let identity = resource.create();
    let (ours, theirs) = (resource.issue(&identity), resource.issue_with(secondary, &identity));

    let answer = resource.control("POST", "keys/primary/regenerate", &Value::Null);

    assert_eq!(resource.introspect(&ours), Introspection::Inactive(Inactive::KeyRegenerated));
    assert!(resource.is_active(&theirs));
    let target = format!("/identities?api-version={GA}");
    assert_eq!(resource.call_with(primary, "POST", &target, &Value::Null).status, 401);
    let new_key = answer.body["accessKey"].as_str().unwrap().parse().unwrap();
    let fresh = resource.issue_with(&new_key, &identity);
    assert!(resource.is_active(&fresh));
    assert!(resource.emulator.connection_string("http://x").ends_with(&new_key.secret()));
}

#[test]
fn the_preview_lives_a_whole_life_in_its_own_shapes() {
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

#[test]
fn tokens_valid_from_kills_what_was_issued_earlier_and_never_brings_it_back() {
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

/// JavaScript's `new Date()` ends at the millisecond.
#[test]
fn tokens_valid_from_now_kills_the_token_of_the_same_millisecond_and_spares_the_next() {
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

#[test]
fn the_list_of_identities_is_in_order_of_creation_with_what_became_of_each() {
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
