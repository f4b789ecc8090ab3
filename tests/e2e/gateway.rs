//! Who gets through the gateway, and what the functions are told about them.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise"
)]

use acs_broker_harness::answer::Answer;
use acs_broker_harness::log;
use acs_broker_harness::stack::{Jwt, Stack, now};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, StatusCode};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Value, json};

#[tokio::test]
async fn sessions_that_are_forged_or_out_of_date_reach_no_function() {
    let stack = Stack::start().await;
    let good = stack.sign_in("alice").await;
    let of = |claims: Value| stack.sign_in_with(json!({"subject": "alice", "claims": claims}));
    let expired = json!({"subject": "alice", "issuedAt": now() - 3601});
    let sessions = [
        ("expired", stack.sign_in_with(expired).await),
        ("endless", of(json!({"exp": null})).await),
        ("of tomorrow", of(json!({"nbf": now() + 3600})).await),
        ("issued in the future", of(json!({"iat": now() + 3600})).await),
        ("for another app", of(json!({"aud": "another"})).await),
        ("for other apps", of(json!({"aud": ["one", "another"]})).await),
        ("for no app", of(json!({"aud": null})).await),
        ("of another issuer", of(json!({"iss": "https://evil.example"})).await),
        ("of no issuer", of(json!({"iss": null})).await),
        ("of another key", Stack::start().await.sign_in("alice").await),
        ("signed with the public key as a secret", hs256(&stack, &good).await),
        ("signed by nobody", unsigned(&good)),
        ("with another user's claims", spliced(&good, &stack.sign_in("bob").await)),
        ("without a signature", Jwt(good.0.rsplit_once('.').unwrap().0.to_owned() + ".")),
        ("with a cut signature", Jwt(good.0[..good.0.len() - 4].to_owned())),
        ("garbage", Jwt("garbage".to_owned())),
        ("empty", Jwt(String::new())),
        ("a token of ACS's kind", Jwt("eyJhbGciOiJSUzI1NiJ9.e30.AAAA".to_owned())),
    ];
    for (name, session) in sessions {
        for (method, path) in CALLS {
            assert_unauthorized(&stack.call(method, path, &session).await, name);
        }
    }
    assert_reached_no_function(&stack).await;
    // The same check sees the one session that may pass.
    stack.acs_token(&good).await;
    assert_eq!(log::lines(&stack.server.log()).count(), 1);
}

#[tokio::test]
async fn a_request_without_a_session_reaches_no_function() {
    let stack = Stack::start().await;
    let good = stack.sign_in("alice").await;
    for (method, path) in CALLS {
        let answer = stack.send(stack.request(method.clone(), path)).await;
        assert_unauthorized(&answer, "nothing");
        for value in [format!("Basic {}", good.0), format!("bearer {}", good.0), " ".to_owned()] {
            let request = stack.request(method.clone(), path).header(AUTHORIZATION, value);
            assert_unauthorized(&stack.send(request).await, "another scheme");
        }
        let in_query = format!("{path}?access_token={}", good.0);
        assert_unauthorized(&stack.send(stack.request(method, &in_query)).await, "in the query");
    }
    assert_reached_no_function(&stack).await;
}

#[tokio::test]
async fn two_authorization_headers_are_refused() {
    let stack = Stack::start().await;
    let alice = stack.sign_in("alice").await;
    let request = stack.signed(Method::POST, "/v1/token", &alice);
    let answer = stack.send(request.header(AUTHORIZATION, format!("Bearer {}", alice.0))).await;
    assert_unauthorized(&answer, "one session twice");
    assert_reached_no_function(&stack).await;
}

#[tokio::test]
async fn what_is_no_operation_is_answered_as_the_http_api_does() {
    let stack = Stack::start().await;
    let operator = stack.sign_in_operator().await;
    for (method, path) in [
        (Method::GET, "/v1/token"),
        (Method::PUT, "/v1/token"),
        (Method::PATCH, "/v1/token"),
        (Method::HEAD, "/v1/token"),
        (Method::POST, "/v1/token/"),
        (Method::POST, "/V1/token"),
        (Method::POST, "//v1/token"),
        (Method::POST, "/v1"),
        (Method::POST, "/v2/token"),
        (Method::POST, "/"),
        (Method::GET, "/v1/user"),
        (Method::POST, "/v1/user"),
        (Method::DELETE, "/v1/users"),
        (Method::DELETE, "/v1/users/"),
        (Method::DELETE, "/v1/users//token"),
        (Method::GET, "/v1/users/alice"),
        (Method::DELETE, "/v1/users/alice/tokens"),
        (Method::GET, "/_emulator/identities"),
    ] {
        for session in [&operator, &Jwt("nobody".to_owned())] {
            let answer = stack.call(method.clone(), path, session).await;

            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}: {answer:?}");
            if method != Method::HEAD {
                assert_eq!(answer.text, r#"{"message":"Not Found"}"#);
                assert_eq!(answer.header("content-type"), "application/json");
            }
        }
    }
    assert_reached_no_function(&stack).await;
}

#[tokio::test]
async fn a_user_without_the_operators_scope_reaches_no_operators_function() {
    let stack = Stack::start().await;
    for claims in [
        json!({}),
        json!({"scope": "openid acs.administrator"}),
        json!({"scope": ["openid"], "scp": "acs.admin"}),
        json!({"permissions": ["acs.admin"]}),
    ] {
        let session = stack.sign_in_with(json!({"subject": "alice", "claims": claims})).await;
        for path in ["/v1/users/bob", "/v1/users/bob/token", "/v1/users/alice"] {
            let answer = stack.call(Method::DELETE, path, &session).await;

            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{claims}: {answer:?}");
            assert_eq!(answer.text, r#"{"message":"Forbidden"}"#);
            let challenge = answer.header("www-authenticate");
            assert_eq!(challenge, "Bearer scope=\"acs.admin\" error=\"insufficient_scope\"");
        }
    }
    assert_reached_no_function(&stack).await;
}

#[tokio::test]
async fn the_operators_scope_is_seen_in_every_form_that_providers_give_it() {
    let stack = Stack::start().await;
    for claims in [
        json!({"scope": "acs.admin"}),
        json!({"scope": "openid acs.admin profile"}),
        json!({"scope": ["openid", "acs.admin"]}),
        json!({"scp": ["acs.admin"]}),
        json!({"scp": "openid acs.admin"}),
    ] {
        let session = stack.sign_in_with(json!({"subject": "root", "claims": claims})).await;
        let answer = stack.delete_user(&session, "bob").await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{claims}: {answer:?}");
    }
}

#[tokio::test]
async fn the_policy_sees_every_claim_as_the_text_that_the_http_api_passes() {
    let rules = [
        json!({"claim": "level", "equals": "7", "scopes": ["chat"]}),
        json!({"claim": "email_verified", "equals": "true", "scopes": ["voip"]}),
        json!({"claim": "cognito:groups", "includes": "agents", "scopes": ["chat.join"]}),
        json!({"claim": "aud", "equals": "[acs-token-broker x]", "scopes": ["voip.join"]}),
    ];
    let policy = json!({"scopes": ["chat.join.limited"], "rules": rules}).to_string();
    let stack = Stack::run(Stack::command().arg("--in-memory").env("SCOPE_POLICY", policy)).await;
    for (claims, scope) in [
        (json!({"level": 7}), "chat"),
        (json!({"level": "7"}), "chat"),
        (json!({"email_verified": true}), "voip"),
        (json!({"cognito:groups": ["users", "agents"]}), "chat.join"),
        (json!({"aud": ["acs-token-broker", "x"]}), "voip.join"),
        (
            json!({"level": 70, "email_verified": false, "cognito:groups": ["agents2"]}),
            "chat.join.limited",
        ),
        (json!({}), "chat.join.limited"),
    ] {
        let session = stack.sign_in_with(json!({"subject": "alice", "claims": claims})).await;
        let token = stack.acs_token(&session).await;
        let known = stack.acs().introspect(&token).await;
        assert_eq!(known["token"]["scopes"], json!([scope]), "{claims}");
    }
}

#[tokio::test]
async fn a_jwt_library_verifies_a_session_by_what_discovery_leads_to() {
    let stack = Stack::start().await;
    let session = stack.sign_in_at("alice", 1_700_000_000).await;
    let discovery = get(&stack, "/.well-known/openid-configuration").await;
    assert_eq!(discovery["issuer"], stack.gateway());
    let path = discovery["jwks_uri"].as_str().unwrap().strip_prefix(stack.gateway()).unwrap();
    let keys: JwkSet = serde_json::from_value(get(&stack, path).await).unwrap();

    let key_id = jsonwebtoken::decode_header(&session.0).unwrap().kid.unwrap();
    let key = DecodingKey::from_jwk(keys.find(&key_id).unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&["acs-token-broker"]);
    validation.set_issuer(&[stack.gateway()]);
    let claims = jsonwebtoken::decode::<Value>(&session.0, &key, &validation).unwrap().claims;

    assert_eq!((&claims["sub"], &claims["auth_time"]), (&json!("alice"), &json!(1_700_000_000)));
}

#[tokio::test]
async fn a_running_stack_is_healthy() {
    let stack = Stack::start().await;
    assert_eq!(get(&stack, "/health").await, json!({"status": "ok"}));
}

#[tokio::test]
async fn a_bad_sign_in_says_what_is_wrong_and_signs_nobody_in() {
    let stack = Stack::start().await;
    for (body, says) in [
        (r#"{"subject":""}"#, "subject must not be empty"),
        ("{}", "missing field `subject`"),
        (r#"{"subject":"alice","issued_at":1}"#, "unknown field `issued_at`"),
        (r#"{"subject":7}"#, "invalid type: integer `7`"),
        (r#"{"subject":"alice","authTime":"now"}"#, "invalid type: string"),
        (r#"{"subject":"alice","claims":[]}"#, "invalid type: sequence"),
        (r#"{"subject":"a","subject":"b"}"#, "duplicate field `subject`"),
        ("alice", "expected value"),
        ("", "EOF"),
    ] {
        let request = stack.request(Method::POST, "/dev/sign-in").body(body);
        let answer = stack.send(request).await;

        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}: {answer:?}");
        assert_eq!(answer.headers[CONTENT_TYPE], "application/problem+json");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(says), "{body}: {detail}");
        assert!(!answer.text.contains("token\":"), "{body}: {answer:?}");
    }
}

const CALLS: [(Method, &str); 5] = [
    (Method::POST, "/v1/token"),
    (Method::DELETE, "/v1/token"),
    (Method::DELETE, "/v1/user"),
    (Method::DELETE, "/v1/users/alice"),
    (Method::DELETE, "/v1/users/alice/token"),
];

async fn get(stack: &Stack, path: &str) -> Value {
    let answer = stack.send(stack.request(Method::GET, path)).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.json()
}

/// The claims of a session under the algorithm that gateways have been tricked into.
async fn hs256(stack: &Stack, session: &Jwt) -> Jwt {
    let claims: Value = jsonwebtoken::dangerous::insecure_decode_claims(&session.0).unwrap();
    let mut header = Header::new(Algorithm::HS256);
    header.kid = jsonwebtoken::decode_header(&session.0).unwrap().kid;
    let public_key = get(stack, "/.well-known/jwks.json").await["keys"][0]["n"].take();
    let secret = EncodingKey::from_secret(public_key.as_str().unwrap().as_bytes());
    Jwt(jsonwebtoken::encode(&header, &claims, &secret).unwrap())
}

/// The claims of a session under `{"alg":"none"}`.
fn unsigned(session: &Jwt) -> Jwt {
    Jwt(format!("eyJhbGciOiJub25lIn0.{}.", session.0.split('.').nth(1).unwrap()))
}

/// The claims of `other` between the header and the signature of `session`.
fn spliced(session: &Jwt, other: &Jwt) -> Jwt {
    let claims = other.0.split('.').nth(1).unwrap();
    let mut parts: Vec<_> = session.0.split('.').collect();
    parts[1] = claims;
    Jwt(parts.join("."))
}

fn assert_unauthorized(answer: &Answer, session: &str) {
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{session}: {answer:?}");
    assert_eq!(answer.text, r#"{"message":"Unauthorized"}"#, "{session}");
    assert!(answer.header("www-authenticate").starts_with("Bearer"), "{session}: {answer:?}");
}

async fn assert_reached_no_function(stack: &Stack) {
    let lines: Vec<_> = log::lines(&stack.server.log()).collect();
    assert!(lines.is_empty(), "{lines:?}");
    assert_eq!(stack.acs().counters().await, json!({}));
}
