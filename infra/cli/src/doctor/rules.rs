//! The check of EventBridge: rules that are disabled, and partner sources that nobody associated.

use serde_json::{Value, json};

use super::aws_api::Service;
use super::check::Finding;
use super::deployment::{Deployment, unseen};

const MEANING: &str = "A changed password or a deleted account ends no session here.";

/// Asks EventBridge for the rules of each bus, and for the state of each partner source.
pub(super) async fn rules(deployment: &Deployment) -> Finding {
    let mut found = Vec::new();
    for bus in deployment.buses() {
        let input = json!({"EventBusName": bus, "NamePrefix": format!("{}-", deployment.stack)});
        match deployment.api.call(Service::EventBridge, "ListRules", &input).await {
            Ok(listed) => match judge_rules(bus, &listed) {
                Ok(count) => found.push(format!("{count} on {bus}")),
                Err(finding) => return *finding,
            },
            Err(error) if error.code() == "ResourceNotFoundException" => {
                let remedy = "Associate the partner source with a bus: docs/password-changes.";
                return Finding::fail(format!("there is no bus {bus}"), MEANING, remedy);
            }
            Err(error) => return unseen(&error, "events:ListRules on the buses"),
        }
    }
    for source in &deployment.partner_sources {
        let input = json!({"Name": source});
        match deployment.api.call(Service::EventBridge, "DescribeEventSource", &input).await {
            Ok(described) => {
                if let Err(finding) = judge_source(source, &described) {
                    return *finding;
                }
            }
            Err(error) => return unseen(&error, "events:DescribeEventSource"),
        }
    }
    Finding::ok(format!("rules enabled: {}", found.join(", ")))
}

/// Returns how many rules a bus has, all of them enabled.
pub(super) fn judge_rules(bus: &str, listed: &Value) -> Result<usize, Box<Finding>> {
    let rules = listed.get("Rules").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if rules.is_empty() {
        let remedy = "Deploy the template again: it has them.";
        let finding =
            Finding::fail(format!("the bus {bus} has no rule of the stack"), MEANING, remedy);
        return Err(Box::new(finding));
    }
    let text = |rule: &Value, name: &str| -> String {
        rule.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    // `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS` is enabled, too.
    let disabled = rules.iter().filter(|rule| !text(rule, "State").starts_with("ENABLED"));
    let disabled: Vec<_> = disabled.map(|rule| text(rule, "Name")).collect();
    if let Some(name) = disabled.first() {
        return Err(Box::new(Finding::fail(
            format!("disabled on {bus}: {}", disabled.join(", ")),
            MEANING,
            format!("aws events enable-rule --event-bus-name {bus} --name {name}"),
        )));
    }
    Ok(rules.len())
}

/// Judges the state of a partner source: it is `PENDING` until somebody associates it with a bus.
pub(super) fn judge_source(source: &str, described: &Value) -> Result<(), Box<Finding>> {
    let state = described.get("State").and_then(Value::as_str).unwrap_or("unknown");
    let remedy = match state {
        "ACTIVE" => return Ok(()),
        "PENDING" => {
            format!("aws events create-event-bus --name {source} --event-source-name {source}")
        }
        _ => "Have the identity provider make the source anew: docs/password-changes.".to_owned(),
    };
    Err(Box::new(Finding::fail(format!("the source {source} is {state}"), MEANING, remedy)))
}
