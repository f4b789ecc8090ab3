//! The check of the alarms: those that ring, and those that nobody hears.

use serde_json::{Value, json};

use super::aws_api::Service;
use super::check::Finding;
use super::deployment::{Deployment, unseen};

/// More than the template has.
const MAX_ALARMS: usize = 100;

/// Asks CloudWatch for the stack's alarms, whose names begin with the stack's.
pub(super) async fn alarms(deployment: &Deployment) -> Finding {
    let prefix = format!("{}-", deployment.stack);
    let input = json!({
        "AlarmNamePrefix": prefix, "MaxRecords": MAX_ALARMS,
        "AlarmTypes": ["MetricAlarm", "CompositeAlarm"],
    });
    match deployment.api.call(Service::CloudWatch, "DescribeAlarms", &input).await {
        Ok(described) => judge(&described),
        Err(error) => unseen(&error, "cloudwatch:DescribeAlarms"),
    }
}

/// Judges the response to `DescribeAlarms`.
pub(super) fn judge(described: &Value) -> Finding {
    let lists = ["MetricAlarms", "CompositeAlarms"].iter();
    let alarms: Vec<_> =
        lists.filter_map(|list| described.get(*list)?.as_array()).flatten().collect();
    let named = |fits: &dyn Fn(&Value) -> bool| {
        let names = alarms.iter().filter(|alarm| fits(alarm));
        let names = names.filter_map(|alarm| alarm.get("AlarmName")?.as_str());
        names.collect::<Vec<_>>().join(", ")
    };
    if alarms.is_empty() {
        return Finding::warn(
            "the stack has no alarms",
            "Nobody learns of an outage.",
            "Deploy the template again: it has them.",
        );
    }
    let ringing = named(&|alarm| alarm.get("StateValue") == Some(&json!("ALARM")));
    if !ringing.is_empty() {
        let meaning = "Something is wrong right now.";
        let remedy = "docs/runbook.md has a section for each alarm.";
        return Finding::fail(format!("in ALARM: {ringing}"), meaning, remedy);
    }
    let silent = named(&|alarm| {
        let actions = alarm.get("AlarmActions").and_then(Value::as_array);
        actions.is_none_or(Vec::is_empty) || alarm.get("ActionsEnabled") == Some(&json!(false))
    });
    if !silent.is_empty() {
        return Finding::warn(
            format!("tell nobody: {silent}"),
            "Nobody learns of an outage.",
            "Deploy the stack with AlarmTopicArn, the ARN of an SNS topic.",
        );
    }
    Finding::ok(format!("{} alarms, none rings, each tells somebody", alarms.len()))
}
