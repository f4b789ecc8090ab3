//! Routes and the names of their operations.

use std::fs;

use acs_broker_lambda::HttpResponse;
use serde_json::Value;

use crate::{Function, changed, claims, request};

/// Metrics and logs name each operation as the contract does.
#[tokio::test]
async fn operations_match_contract() {
    let contract = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/aws/openapi.yaml");
    let contract: Value = serde_saphyr::from_str(&fs::read_to_string(contract).unwrap()).unwrap();
    let function = Function::new();
    let handle = async |_| Ok(HttpResponse::no_content());
    let mut count = 0;
    for (path, item) in contract["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let route = format!("{} {path}", method.to_uppercase());
            let event = changed(&request(&claims()), "/routeKey", route.as_str().into());
            function.serve(&event, handle).await;
            assert_eq!(function.line()["operation"], operation["operationId"], "{route}");
            count += 1;
        }
    }
    assert_eq!(count, 7);
    let event = changed(&request(&claims()), "/routeKey", "GET /v1/token".into());
    function.serve(&event, handle).await;
    assert_eq!(function.line()["operation"], "unknownRoute");
}
