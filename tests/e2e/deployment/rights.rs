//! The rights of each function are exactly those that it uses.

use std::collections::{BTreeMap, BTreeSet};

use acs_broker_harness::deployment::{Deployment, FUNCTIONS};
use acs_broker_harness::events::{sample, subject};
use acs_broker_harness::recorder::Right;
use acs_broker_harness::stack::now;
use acs_broker_harness::table;
use serde_json::{Value, json};

/// The rights that Lambda itself uses in a function's name for its log.
const WITH_LOG: [&str; 2] = ["logs:CreateLogStream", "logs:PutLogEvents"];
/// The rights that Lambda itself uses in a function's name for its queue.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>
const WITH_QUEUE: [&str; 3] = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"];

/// Each function has exactly the rights that it uses.
#[tokio::test]
async fn functions_have_exactly_used_rights() {
    let deployed = Deployment::start().await;
    use_everything(&deployed).await;
    let mut granted = BTreeMap::new();
    let mut used = BTreeMap::new();
    for function in FUNCTIONS {
        granted.insert(function, rights_of(&deployed, function).await);
        let mut all = deployed.recorders[function].used();
        all.extend(used_by_lambda(&deployed, function).await);
        used.insert(function, all);
    }
    assert_eq!(used, granted, "left: the rights used, right: the rights granted");
}

/// Makes every function take each of its paths: new users, known users, refusals, outages.
async fn use_everything(deployed: &Deployment) {
    let (outside, acs) = (&deployed.outside, deployed.acs());
    let occurred_at = now();
    let session = outside.sign_in_at("alice", occurred_at - 100).await;
    let (one, other) = tokio::join!(deployed.token(&session), deployed.token(&session));
    assert_eq!((one.status.as_u16(), other.status.as_u16()), (200, 200), "{one:?} {other:?}");
    assert_eq!(deployed.token(&session).await.status, 200);
    assert_eq!(deployed.revoke(&session).await.status, 204);
    assert_eq!(deployed.token(&session).await.code(), "sign_in_again");

    for (number, name) in (7..).zip(["generic-password-changed", "generic-user-deleted"]) {
        let sample = sample(name).about(number).at(occurred_at);
        let user = subject(&sample.event().unwrap());
        let token = deployed.acs_token(&outside.sign_in_at(&user, occurred_at - 50).await).await;
        deployed.publish(&sample).await;
        deployed.until_dead(&token).await;
    }

    let bob = outside.sign_in_at("bob", occurred_at - 100).await;
    deployed.acs_token(&bob).await;
    let outage = json!({"operation": "delete", "effect": {"status": 503, "body": "html"}});
    acs.add_fault(outage).await;
    assert_eq!(deployed.delete(&bob).await.code(), "acs_unavailable");
    acs.clear_faults().await;
    table::make_due(&deployed.table(), outside.gateway(), "bob").await;
    let sweep = deployed.aws.invoke(deployed.output("SweepFunctionName"), &json!({})).await;
    assert_eq!(sweep.payload["deleted"], 1, "{sweep:?}");
}

/// The rights of a function's role, with the resources named as calls name them.
async fn rights_of(deployed: &Deployment, function: &str) -> BTreeSet<Right> {
    let name = deployed.output(&format!("{function}Name"));
    let configuration = deployed.aws.configuration(name).await;
    let role = configuration["Role"].as_str().and_then(|arn| arn.rsplit('/').next()).unwrap();
    let policies = deployed.aws.role_policies(role).await;
    assert_eq!(policies.len(), 1, "{policies:?}");
    let mut rights = BTreeSet::new();
    for statement in policies[0]["Statement"].as_array().unwrap() {
        assert_eq!(statement["Effect"], "Allow", "{statement}");
        for action in texts(&statement["Action"]) {
            for resource in texts(&statement["Resource"]) {
                // Only the streams of a log group may have a wildcard: their names are unknown.
                assert!(!resource.trim_end_matches(":*").contains('*'), "{statement}");
                rights.insert(Right { action: action.clone(), resource: name_in_calls(&resource) });
            }
        }
    }
    rights
}

/// The rights that Lambda itself needs of a function's role: for the function's log, and for the
/// queue that it consumes, if there is one.
async fn used_by_lambda(deployed: &Deployment, function: &str) -> BTreeSet<Right> {
    let name = deployed.output(&format!("{function}Name"));
    let configuration = deployed.aws.configuration(name).await;
    let arn = configuration["FunctionArn"].as_str().unwrap();
    let log = configuration["LoggingConfig"]["LogGroup"].as_str().unwrap();
    let account = arn.split(":function:").next().unwrap().replace(":lambda:", ":logs:");
    let log = format!("{account}:log-group:{log}:*");
    let right = |action: &str, resource: &str| Right {
        action: action.to_owned(),
        resource: resource.to_owned(),
    };
    let mut rights: BTreeSet<Right> = WITH_LOG.map(|action| right(action, &log)).into();
    let mappings = deployed.aws.get("lambda", "/2015-03-31/event-source-mappings/").await;
    for mapping in mappings["EventSourceMappings"].as_array().unwrap() {
        if mapping["FunctionArn"] == format!("{arn}:live") {
            let queue = mapping["EventSourceArn"].as_str().unwrap();
            rights.extend(WITH_QUEUE.map(|action| right(action, queue)));
        }
    }
    rights
}

fn texts(value: &Value) -> Vec<String> {
    let one = value.as_str().map(str::to_owned).into_iter();
    let list = value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    one.chain(list).collect()
}

/// The resource of an ARN as a call names it: `name`, `name/index`, or a secret by its ARN.
fn name_in_calls(arn: &str) -> String {
    match arn.split_once(":table/") {
        Some((_, table)) => table.replace("/index/", "/"),
        None => arn.to_owned(),
    }
}
