//! Operations of operators on users: who may, and which body they take.

use std::sync::Arc;

use acs_broker_core::Operation;
use acs_broker_lambda::{HttpRequest, HttpResponse, Invocation, ProblemDetails, execute_for_users};
use serde_json::{Value, json};

use crate::{Function, changed, claims, request};

async fn revoke(invocation: Arc<Invocation<HttpRequest>>) -> Result<HttpResponse, ProblemDetails> {
    execute_for_users(&invocation, Operation::REVOKE).await
}

fn with_body(claims: &Value, body: &Value) -> Value {
    changed(&request(claims), "/body", body.to_string().into())
}

/// Without users the operator's request ends before anything is done, with 400.
async fn code(event: &Value) -> (u64, String) {
    let (status, body) = Function::new().serve(event, revoke).await;
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

/// A route without the gateway's check of the scope serves nobody but operators.
#[tokio::test]
async fn scope_is_asked_again() {
    let empty = json!({"users": []});
    for scope in ["", "acs.administrator", "xacs.admin", "openid", "[acs.admins]"] {
        let claims = changed(&claims(), "/scope", scope.into());
        let refused = (403, "operator_scope_required".to_owned());
        assert_eq!(code(&with_body(&claims, &empty)).await, refused, "{scope}");
    }
    let passed = (400, "invalid_request".to_owned());
    for claim in ["/scope", "/scp"] {
        for list in ["openid acs.admin", "[openid acs.admin]", "[acs.admin, openid]"] {
            let claims = changed(&claims(), claim, list.into());
            assert_eq!(code(&with_body(&claims, &empty)).await, passed, "{list}");
        }
    }
    let event = with_body(&claims(), &empty);
    let scopes = json!(["openid", "acs.admin"]);
    let event = changed(&event, "/requestContext/authorizer/jwt/scopes", scopes);
    assert_eq!(code(&event).await, passed);
}

/// An operator's mistake is named with its place, and nothing is done for the other users.
#[tokio::test]
async fn mistake_is_named_with_place() {
    let operator = changed(&claims(), "/scope", "acs.admin".into());
    let many: Vec<Value> = (0..26).map(|number| json!({"subject": number.to_string()})).collect();
    for (body, says) in [
        (json!({"users": []}), "users: must have 1 to 25 entries"),
        (json!({"users": many}), "users: must have 1 to 25 entries"),
        (json!({}), "body: missing field `users`"),
        (json!({"users": [{"subject": "a"}, {"subject": ""}]}), "users[1].subject: "),
        (json!({"users": [{"subject": "a", "issuer": ""}]}), "users[0].issuer: "),
        (json!({"users": [{"subject": "a", "isuer": "b"}]}), "users[0].isuer: unknown field"),
        (json!({"users": ["a"]}), "users[0]: invalid type: string"),
        (json!({"users": [{"issuer": "b"}]}), "users[0]: missing field `subject`"),
        (json!({"users": [{"subject": 1}]}), "users[0].subject: invalid type: integer"),
        (json!(null), "users: must have 1 to 25 entries"),
    ] {
        let (status, problem) = Function::new().serve(&with_body(&operator, &body), revoke).await;
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert_eq!(status, 400, "{body}: {problem}");
        assert!(detail.starts_with(says), "{body}: {detail}");
    }
}
