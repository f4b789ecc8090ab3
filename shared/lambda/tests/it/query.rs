//! Query parameters.

use std::sync::Arc;

use acs_broker_lambda::{HttpRequest, HttpResponse, Invocation, ProblemDetails};
use serde_json::{Value, json};

use crate::{Function, changed, claims, request};

async fn keep(invocation: Arc<Invocation<HttpRequest>>) -> Result<HttpResponse, ProblemDetails> {
    invocation.payload.reject_unknown_query(&["keepSessions"])?;
    HttpResponse::json(&invocation.payload.query_flag("keepSessions")?)
}

async fn respond(query: &str) -> (u64, Value) {
    let event = changed(&request(&claims()), "/rawQueryString", query.into());
    Function::new().serve(&event, keep).await
}

/// Sessions end unless the caller keeps them in so many words.
#[tokio::test]
async fn flag_is_true_or_false() {
    for (query, value) in [("", false), ("keepSessions=false", false), ("keepSessions=true", true)]
    {
        assert_eq!(respond(query).await, (200, json!(value)), "{query}");
    }
}

/// A parameter that is misread or ignored does to a user what the caller did not mean.
#[tokio::test]
async fn anything_else_is_refused() {
    for query in [
        "keepSessions",
        "keepSessions=",
        "keepSessions=True",
        "keepSessions=true&keepSessions=false",
        "keepsessions=true",
        "keep%53essions=TRUE",
        "a=x y",
        "mapping={\"foo\"}",
        "%zz=\u{0}",
    ] {
        let (status, body) = respond(query).await;
        assert_eq!((status, &body["code"]), (400, &json!("invalid_request")), "{query}");
    }
}
