//! The caller of a request, by the verified claims.

use std::sync::Arc;

use acs_broker_core::RecordKey;
use acs_broker_lambda::{HttpRequest, HttpResponse, Invocation, ProblemDetails};
use serde_json::{Value, json};

use crate::{Function, NOW, changed, claims, request};

/// Responds with the caller: key, second of the sign-in.
async fn caller(invocation: Arc<Invocation<HttpRequest>>) -> Result<HttpResponse, ProblemDetails> {
    let caller = invocation.caller()?;
    let session = &caller.session;
    HttpResponse::json(&json!([session.user.to_text(), session.sign_in.0]))
}

async fn of(function: &Function, claims: &Value) -> (u64, Value) {
    function.serve(&request(claims), caller).await
}

/// Returns the detail of the refusal, which the operator reads too.
async fn refusal(function: &Function, claims: &Value) -> String {
    let (status, body) = of(function, claims).await;
    assert_eq!((status, &body["code"]), (401, &json!("invalid_claims")), "{claims}: {body}");
    let line = function.line();
    assert_eq!((&line["level"], &line["error"]), (&json!("WARN"), &body["detail"]), "{line}");
    assert!(line["hint"].as_str().unwrap().contains("authorizer"), "{line}");
    body["detail"].as_str().unwrap().to_owned()
}

fn key(subject: &str) -> String {
    let issuer = "https://idp.example.com".parse().unwrap();
    RecordKey::user(issuer, subject.parse().unwrap()).to_text()
}

mod sign_in {
    use super::*;

    /// A refreshed token has a new `iat` and the old `auth_time`: it does not look younger.
    #[tokio::test]
    async fn auth_time_precedes_iat() {
        let both = json!({"iss": "https://idp.example.com", "sub": "a", "iat": "200",
            "auth_time": "100", "signed_in_at": "1970-01-01T00:05:00Z"});
        for (setting, claim, second) in [
            ("auth_time_or_iat", Value::Null, 100),
            ("auth_time", Value::Null, 100),
            ("iat", json!("iat"), 200),
            ("signed_in_at", json!("signed_in_at"), 300),
        ] {
            let function = Function::with(&[("SIGN_IN_CLAIM", setting)]);
            assert_eq!(of(&function, &both).await, (200, json!([key("a"), second])), "{setting}");
            assert_eq!(function.line()["signInClaim"], claim);
        }
        let iat_only = json!({"iss": "https://idp.example.com", "sub": "a", "iat": "200.75"});
        let function = Function::new();
        assert_eq!(of(&function, &iat_only).await, (200, json!([key("a"), 200])));
        let strict = Function::with(&[("SIGN_IN_CLAIM", "auth_time")]);
        assert!(refusal(&strict, &iat_only).await.starts_with("auth_time: "));
    }

    /// An operator hears once per process that a refresh lifts revocations.
    #[tokio::test]
    async fn fallback_warns_once() {
        let function = Function::new();
        let iat_only = json!({"iss": "https://idp.example.com", "sub": "a", "iat": "200"});
        of(&function, &iat_only).await;
        let line = function.line();
        assert_eq!(line["level"], "WARN");
        assert!(line["hint"].as_str().unwrap().contains("SIGN_IN_CLAIM"), "{line}");
        of(&function, &iat_only).await;
        assert_eq!(function.line()["level"], "INFO");
    }

    /// A sign-in in the far future would outlive every revocation.
    #[tokio::test]
    async fn far_future_is_refused() {
        let at = |second: i64| changed(&claims(), "/auth_time", second.to_string().into());
        let function = Function::new();
        assert_eq!(of(&function, &at(NOW.as_second() + 300)).await.0, 200);
        let detail = refusal(&function, &at(NOW.as_second() + 301)).await;
        assert_eq!(detail, "auth_time: must not be more than 300 seconds ahead");
    }

    /// A time that is not one is refused by its claim's name.
    #[tokio::test]
    async fn malformed_time_is_named() {
        let function = Function::new();
        for time in
            ["", "soon", "-1", "1e9", "1.", "1.x", "99999999999999999999", "+1", "1 ", ".5", "null"]
        {
            let detail = refusal(&function, &changed(&claims(), "/auth_time", time.into())).await;
            assert!(detail.starts_with("auth_time: "), "{time}: {detail}");
        }
    }
}

mod identity {
    use super::*;

    /// Claims that name nobody are refused by name, of whatever JSON type they are.
    #[tokio::test]
    async fn missing_claim_is_named() {
        let function = Function::new();
        for (claim, value, says) in [
            ("/iss", json!(null), "iss: must be text"),
            ("/iss", json!(""), "issuer: "),
            ("/sub", json!(""), "subject: "),
            ("/sub", json!({}), "sub: must be text"),
            ("/auth_time", json!({"at": 1}), "auth_time: must be text"),
        ] {
            let detail = refusal(&function, &changed(&claims(), claim, value)).await;
            assert!(detail.starts_with(says), "{claim}: {detail}");
        }
        let event = changed(&request(&claims()), "/requestContext/authorizer", json!(null));
        let (status, body) = function.serve(&event, caller).await;
        assert_eq!((status, &body["detail"]), (401, &json!("claims: there are none")));
    }

    /// Stand-ins for the gateway pass claims with their JSON types, and none blames the service.
    #[tokio::test]
    async fn other_types_count_as_text() {
        let function = Function::new();
        for (claim, value) in [
            ("/email_verified", json!(true)),
            ("/iat", json!(1_795_690_000)),
            ("/groups", json!(["a", 1, null])),
            ("/groups", json!({"a": []})),
        ] {
            let claims = changed(&claims(), claim, value);
            assert_eq!(of(&function, &claims).await, (200, json!([key("alice"), 1_795_680_000])));
        }
        let number = changed(&claims(), "/auth_time", json!(1_795_680_000));
        assert_eq!(of(&function, &number).await.0, 200);
    }

    /// An ID token says who somebody is, and grants nothing.
    #[tokio::test]
    async fn id_token_is_refused() {
        let function = Function::new();
        let with = |token_use: &str| changed(&claims(), "/token_use", token_use.into());
        let detail = refusal(&function, &with("id")).await;
        assert_eq!(detail, "token_use: send the access token, not the ID token");
        for hash in ["at_hash", "c_hash"] {
            let detail =
                refusal(&function, &changed(&claims(), &format!("/{hash}"), "x".into())).await;
            assert_eq!(detail, format!("{hash}: send the access token, not the ID token"));
        }
        assert_eq!(of(&function, &with("access")).await.0, 200);
    }

    /// A user whose `sub` may change is known by another claim, and never has another user's row.
    #[tokio::test]
    async fn subject_claim_may_be_another() {
        let function = Function::with(&[("SUBJECT_CLAIM", "uid")]);
        let renamed = changed(&claims(), "/uid", json!("00u1"));
        assert_eq!(of(&function, &renamed).await.1[0], key("00u1"));
        assert!(refusal(&function, &claims()).await.starts_with("subject: "));
    }

    /// Claims say who the caller is, and do not reach a log through `Debug`.
    #[tokio::test]
    async fn debug_shows_no_claim() {
        let canary = json!({"iss": "https://issuer-canary", "sub": "subject-canary", "iat": "1",
            "email": "email-canary"});
        let debug = async |invocation: Arc<Invocation<HttpRequest>>| {
            let texts = [
                format!("{:?}", invocation.caller()?),
                format!("{:?}", invocation.payload),
                format!("{invocation:?}"),
            ];
            HttpResponse::json(&texts)
        };
        let headers = json!({"authorization": "Bearer token-canary"});
        let event = changed(&request(&canary), "/headers", headers);
        let event = changed(&event, "/body", json!("body-canary"));
        let event = changed(&event, "/rawQueryString", json!("query-canary"));
        let (_, texts) = Function::new().serve(&event, debug).await;
        assert!(texts[0].as_str().unwrap().starts_with("Caller"), "{texts}");
        assert!(!texts.to_string().contains("canary"), "{texts}");
    }
}
