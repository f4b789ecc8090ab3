//! Operations: the sweep completes interrupted work, and each mistake is visible.

use acs_broker_harness::deployment::Deployment;
use acs_broker_harness::log::lines;
use acs_broker_harness::{table, tools};
use serde_json::{Value, json};

/// A sign-in before everything that happens in a test.
const LONG_AGO: i64 = 1_700_000_000;

/// The sweep completes a deletion that ACS failed.
#[tokio::test]
async fn sweep_completes_failed_deletion() {
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

/// The one schedule runs the sweep once a minute.
#[tokio::test]
async fn schedule_sweeps_every_minute() {
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

/// A function whose role lacks a right logs it and gives no token.
#[tokio::test]
async fn missing_right_is_logged() {
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
    assert!(line["hint"].as_str().unwrap().contains("rights"), "{line}");
}

/// A function with wrong settings does not start and names all of them.
#[tokio::test]
async fn wrong_settings_stop_the_start() {
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
    let error = started.payload.to_string();
    for wrong in ["TABLE_NAME is missing", "SCOPE_POLICY is not", "TOMBSTONE_DAYS must be"] {
        assert!(error.contains(wrong), "{wrong}: {error}");
    }
}

/// The template's table has the keys, indexes and expiry of the table that the functions are tested
/// with.
#[tokio::test]
async fn template_table_matches_tested_table() {
    let deployed = Deployment::start().await;
    let (deployed, tested) = (deployed.table(), table::of(&deployed.outside));
    let keys = table::keys(&deployed).await;
    assert_eq!(keys, table::keys(&tested).await);
    assert!(keys.contains("due_at_ms"), "{keys}");
    // MiniStack ignores a table's expiry, so the template's text is compared.
    let template = std::fs::read_to_string(tools::repository().join("infra/aws/template.yaml"));
    let expiry = format!("{{AttributeName: {}, Enabled: true}}", table::expiry(&tested).await);
    assert!(template.unwrap().contains(&format!("TimeToLiveSpecification: {expiry}")), "{expiry}");
}
