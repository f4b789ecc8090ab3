//! The gateway: which requests reach a function, and with which claims.

use acs_broker_harness::log;
use acs_broker_harness::response::Response;
use acs_broker_harness::stack::{Jwt, StackProcess, now};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, StatusCode};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Value, json};

/// A session that is forged or out of date reaches no function.
#[tokio::test]
async fn forged_or_expired_session_is_stopped() {
    let stack = StackProcess::start().await;
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
        ("of another key", StackProcess::start().await.sign_in("alice").await),
        ("signed with the public key as a secret", hs256(&stack, &good).await),
        ("unsigned", unsigned(&good)),
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
    // The same check counts the one session that may pass.
    stack.acs_token(&good).await;
    assert_eq!(log::lines(&stack.server.log()).count(), 1);
}

/// A request without a session reaches no function.
#[tokio::test]
async fn request_without_session_is_stopped() {
    let stack = StackProcess::start().await;
    let good = stack.sign_in("alice").await;
    for (method, path) in CALLS {
        let response = stack.send(stack.request(method.clone(), path)).await;
        assert_unauthorized(&response, "nothing");
        for value in [format!("Basic {}", good.0), format!("bearer {}", good.0), " ".to_owned()] {
            let request = stack.request(method.clone(), path).header(AUTHORIZATION, value);
            assert_unauthorized(&stack.send(request).await, "another scheme");
        }
        let in_query = format!("{path}?access_token={}", good.0);
        assert_unauthorized(&stack.send(stack.request(method, &in_query)).await, "in the query");
    }
    assert_reached_no_function(&stack).await;
}

/// A request with two Authorization headers is refused.
#[tokio::test]
async fn two_authorization_headers_are_refused() {
    let stack = StackProcess::start().await;
    let alice = stack.sign_in("alice").await;
    let request = stack.signed(Method::POST, "/v1/token", &alice);
    let response = stack.send(request.header(AUTHORIZATION, format!("Bearer {}", alice.0))).await;
    assert_unauthorized(&response, "one session twice");
    assert_reached_no_function(&stack).await;
}

/// A request that matches no route gets the response that the HTTP API of AWS gives.
#[tokio::test]
async fn unknown_route_gets_404() {
    let stack = StackProcess::start().await;
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
        (Method::GET, "/v1/user"),
        (Method::POST, "/v1/user"),
        (Method::DELETE, "/v1/users"),
        (Method::DELETE, "/v1/users/"),
        (Method::DELETE, "/v1/users//token"),
        (Method::GET, "/v1/users/alice"),
        (Method::DELETE, "/v1/users/alice/token"),
        (Method::DELETE, "/v1/users/a%3Fb/token"),
        (Method::DELETE, "/v1/operator/revoke"),
        (Method::GET, "/_emulator/identities"),
    ] {
        for session in [&operator, &Jwt("nobody".to_owned())] {
            let response = stack.call(method.clone(), path, session).await;

            assert_eq!(response.status, StatusCode::NOT_FOUND, "{method} {path}: {response:?}");
            if method != Method::HEAD {
                assert_eq!(response.text, r#"{"message":"Not Found"}"#);
                assert_eq!(response.header("content-type"), "application/json");
            }
        }
    }
    assert_reached_no_function(&stack).await;
}

/// A user without the operators' scope reaches no operators' function.
#[tokio::test]
async fn missing_operator_scope_is_forbidden() {
    let stack = StackProcess::start().await;
    for claims in [
        json!({}),
        json!({"scope": "openid acs.administrator"}),
        json!({"scope": ["openid"], "scp": "acs.admin"}),
        json!({"permissions": ["acs.admin"]}),
    ] {
        let session = stack.sign_in_with(json!({"subject": "alice", "claims": claims})).await;
        for operation in ["revoke", "suspend", "unsuspend", "delete"] {
            let users = json!([{"subject": "bob"}, {"subject": "alice"}]);
            let response = stack.operate(operation, &session, &users).await;

            assert_eq!(response.status, StatusCode::FORBIDDEN, "{claims}: {response:?}");
            assert_eq!(response.text, r#"{"message":"Forbidden"}"#);
            let challenge = response.header("www-authenticate");
            assert_eq!(challenge, "Bearer scope=\"acs.admin\" error=\"insufficient_scope\"");
        }
    }
    assert_reached_no_function(&stack).await;
}

/// The operators' scope counts in each form that identity providers give it.
#[tokio::test]
async fn operator_scope_is_read_in_any_form() {
    let stack = StackProcess::start().await;
    for claims in [
        json!({"scope": "acs.admin"}),
        json!({"scope": "openid acs.admin profile"}),
        json!({"scope": ["openid", "acs.admin"]}),
        json!({"scp": ["acs.admin"]}),
        json!({"scp": "openid acs.admin"}),
    ] {
        let session = stack.sign_in_with(json!({"subject": "root", "claims": claims})).await;
        let response = stack.delete_user(&session, "bob").await;
        assert_eq!(response.outcomes(), ["done"], "{claims}: {response:?}");
    }
}

/// The policy reads each claim as the text that the HTTP API passes on.
#[tokio::test]
async fn policy_reads_claims_as_text() {
    let rules = [
        json!({"claim": "level", "equals": "7", "scopes": ["chat"]}),
        json!({"claim": "email_verified", "equals": "true", "scopes": ["voip"]}),
        json!({"claim": "cognito:groups", "includes": "agents", "scopes": ["chat.join"]}),
        json!({"claim": "aud", "equals": "[acs-token-broker x]", "scopes": ["voip.join"]}),
    ];
    let policy = json!({"scopes": ["chat.join.limited"], "rules": rules}).to_string();
    let stack =
        StackProcess::run(StackProcess::command().arg("--in-memory").env("SCOPE_POLICY", policy))
            .await;
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

/// A JWT library verifies a session with the keys that discovery leads to.
#[tokio::test]
async fn jwt_library_verifies_by_discovery() {
    let stack = StackProcess::start().await;
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

/// A running stack says that it is healthy.
#[tokio::test]
async fn running_stack_is_healthy() {
    let stack = StackProcess::start().await;
    assert_eq!(get(&stack, "/health").await, json!({"status": "ok"}));
}

/// The response to a bad sign-in names the mistake and has no session.
#[tokio::test]
async fn bad_sign_in_names_the_mistake() {
    let stack = StackProcess::start().await;
    for (body, mistake) in [
        (r#"{"subject":""}"#, "subject must not be empty"),
        ("{}", "subject is missing"),
        (r#"{"subject":"alice","issued_at":1}"#, "issued_at is not a field"),
        (r#"{"subject":7}"#, "subject must be a string"),
        (r#"{"subject":"alice","authTime":"now"}"#, "authTime must be a whole number"),
        (r#"{"subject":"alice","claims":[]}"#, "claims must be a JSON object"),
        (r#"{"subject":"a","subject":"b"}"#, "subject must not be given twice"),
        ("alice", "the body is not JSON"),
        ("", "the body is empty"),
    ] {
        let request = stack.request(Method::POST, "/dev/sign-in").body(body);
        let response = stack.send(request).await;

        assert_eq!(response.status, StatusCode::BAD_REQUEST, "{body}: {response:?}");
        assert_eq!(response.headers[CONTENT_TYPE], "application/problem+json");
        let detail = response.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(mistake), "{body}: {detail}");
        assert!(!response.text.contains("token\":"), "{body}: {response:?}");
    }
}

const CALLS: [(Method, &str); 5] = [
    (Method::POST, "/v1/token"),
    (Method::DELETE, "/v1/token"),
    (Method::DELETE, "/v1/user"),
    (Method::POST, "/v1/operator/revoke"),
    (Method::POST, "/v1/operator/delete"),
];

async fn get(stack: &StackProcess, path: &str) -> Value {
    let response = stack.send(stack.request(Method::GET, path)).await;
    assert_eq!(response.status, StatusCode::OK, "{response:?}");
    response.json()
}

/// The claims of a session under HS256, an algorithm that has deceived gateways.
async fn hs256(stack: &StackProcess, session: &Jwt) -> Jwt {
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

fn assert_unauthorized(response: &Response, session: &str) {
    assert_eq!(response.status, StatusCode::UNAUTHORIZED, "{session}: {response:?}");
    assert_eq!(response.text, r#"{"message":"Unauthorized"}"#, "{session}");
    assert!(response.header("www-authenticate").starts_with("Bearer"), "{session}: {response:?}");
}

async fn assert_reached_no_function(stack: &StackProcess) {
    let lines: Vec<_> = log::lines(&stack.server.log()).collect();
    assert!(lines.is_empty(), "{lines:?}");
    assert_eq!(stack.acs().counters().await, json!({}));
}
