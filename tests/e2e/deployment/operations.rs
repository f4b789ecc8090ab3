//! What operators rely on: interrupted work is finished, and what is wrong is loud.

use acs_broker_harness::deployment::Deployment;
use acs_broker_harness::log::lines;
use acs_broker_harness::{table, tools};
use serde_json::{Value, json};

/// A sign-in before everything that happens in a test.
const LONG_AGO: i64 = 1_700_000_000;

#[tokio::test]
async fn a_deletion_that_acs_did_not_answer_is_finished_by_the_sweep() {
    let deployed = Deployment::start().await;
    let session = deployed.outside.sign_in_at("alice", LONG_AGO).await;
    deployed.acs_token(&session).await;
    let outage = json!({"operation": "delete", "effect": {"status": 503, "body": "html"}});
    deployed.acs().add_fault(outage).await;
    assert_eq!(deployed.delete(&session).await.code(), "acs_unavailable");
    deployed.acs().clear_faults().await;
    assert_eq!(deployed.acs().live_identities().await.len(), 1);

    table::make_due(&deployed.table(), deployed.outside.gateway(), "alice").await;
    let sweep = deployed.aws.invoke(deployed.output("SweepFunctionName"), &json!({})).await;
    assert_eq!((sweep.failed, &sweep.payload["deleted"]), (false, &json!(1)), "{sweep:?}");
    assert_eq!(deployed.acs().live_identities().await, [""; 0]);
}

#[tokio::test]
async fn the_schedule_is_once_a_minute_and_for_the_sweep() {
    let deployed = Deployment::start().await;
    let rules = deployed.aws.call("events", "AWSEvents.ListRules", json!({})).await;
    let rules = rules["Rules"].as_array().unwrap();
    let scheduled: Vec<&Value> =
        rules.iter().filter(|rule| rule["ScheduleExpression"] == "rate(1 minute)").collect();
    assert_eq!(scheduled.len(), 1, "{rules:?}");
    assert_eq!(scheduled[0]["State"], "ENABLED");
    let name = json!({ "Rule": scheduled[0]["Name"] });
    let targets = deployed.aws.call("events", "AWSEvents.ListTargetsByRule", name).await;
    let arn = targets["Targets"][0]["Arn"].as_str().unwrap();
    assert!(arn.ends_with(deployed.output("SweepFunctionName")), "{arn}");
}

#[tokio::test]
async fn a_function_whose_role_lacks_a_right_says_so_and_gives_no_token() {
    let deployed = Deployment::start().await;
    let session = deployed.outside.sign_in_at("alice", LONG_AGO).await;
    assert_eq!(deployed.token(&session).await.status, 200);
    let function = deployed.aws.configuration(deployed.output("IssueFunctionName")).await;
    let role = function["Role"].as_str().and_then(|arn| arn.rsplit('/').next()).unwrap();
    let only_writes = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "*"},
    ]});
    deployed.aws.put_role_policy(role, "issue", &only_writes).await;

    let refused = deployed.token(&session).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (500, "internal_error"));
    let log = deployed.aws.log("/aws/lambda/acs-token-broker/issue").await;
    let line = lines(&log).find(|line| line["level"] == "ERROR").unwrap();
    assert!(line["error"].as_str().unwrap().contains("AccessDeniedException"), "{line}");
    assert!(line["remedy"].as_str().unwrap().contains("rights"), "{line}");
}

#[tokio::test]
async fn a_function_with_wrong_settings_does_not_start_and_names_all_of_them() {
    let deployed = Deployment::start().await;
    let name = deployed.output("IssueFunctionName");
    let configuration = deployed.aws.configuration(name).await;
    let mut variables = configuration["Environment"]["Variables"].clone();
    let settings = variables.as_object_mut().unwrap();
    settings.remove("TABLE_NAME");
    settings.insert("SCOPE_POLICY".to_owned(), json!(r#"{"scopes": ["pstn"]}"#));
    settings.insert("TOMBSTONE_DAYS".to_owned(), json!("0"));
    deployed.aws.set_environment(name, &variables).await;

    let started = deployed.aws.invoke(name, &json!({})).await;
    assert!(started.failed, "{started:?}");
    let said = started.payload.to_string();
    for wrong in ["TABLE_NAME is missing", "SCOPE_POLICY is not", "TOMBSTONE_DAYS must be"] {
        assert!(said.contains(wrong), "{wrong}: {said}");
    }
}

#[tokio::test]
async fn the_table_of_the_template_is_the_one_that_the_functions_were_tested_with() {
    let deployed = Deployment::start().await;
    let (deployed, tested) = (deployed.table(), table::of(&deployed.outside));
    let keys = table::keys(&deployed).await;
    assert_eq!(keys, table::keys(&tested).await);
    assert!(keys.contains("due_at_ms"), "{keys}");
    // MiniStack does not make a table's expiry.
    let template = std::fs::read_to_string(tools::repository().join("infra/aws/template.yaml"));
    let expiry = format!("{{AttributeName: {}, Enabled: true}}", table::expiry(&tested).await);
    assert!(template.unwrap().contains(&format!("TimeToLiveSpecification: {expiry}")), "{expiry}");
}
