//! The check of CloudTrail, on which Cognito's events depend.

use serde_json::{Value, json};

use super::aws_api::Service;
use super::check::Finding;
use super::deployment::{Deployment, unseen};

const RIGHTS: &str =
    "cloudtrail:DescribeTrails, cloudtrail:GetTrailStatus and cloudtrail:GetEventSelectors";

/// Looks for a trail of this region that logs and has read and write management events.
pub(super) async fn trail(deployment: &Deployment) -> Finding {
    if !deployment.has_cognito {
        return Finding::skip("no user pool is set, so no trail is needed", "Nothing.");
    }
    let api = &deployment.api;
    let call = async |operation, input: &Value| {
        api.call(Service::CloudTrail, operation, input)
            .await
            .map_err(|error| unseen(&error, RIGHTS))
    };
    let described = match call("DescribeTrails", &json!({})).await {
        Ok(described) => described,
        Err(finding) => return finding,
    };
    let mut others = Vec::new();
    for name in trails(&described, api.region()) {
        let status = call("GetTrailStatus", &json!({"Name": name})).await;
        let selectors = call("GetEventSelectors", &json!({"TrailName": name})).await;
        let (status, selectors) = match (status, selectors) {
            (Ok(status), Ok(selectors)) => (status, selectors),
            (Err(finding), _) | (_, Err(finding)) => return finding,
        };
        match lack(&status, &selectors) {
            None => return Finding::ok(format!("{name} logs read and write management events")),
            Some(lack) => others.push(format!("{name} {lack}")),
        }
    }
    none(&others)
}

/// Returns the names of the trails that have the events of a region.
pub(super) fn trails(described: &Value, region: &str) -> Vec<String> {
    let all = described.get("trailList").and_then(Value::as_array);
    let here = all.into_iter().flatten().filter(|trail| {
        trail.get("IsMultiRegionTrail") == Some(&json!(true))
            || trail.get("HomeRegion").and_then(Value::as_str) == Some(region)
    });
    here.filter_map(|trail| trail.get("TrailARN")?.as_str().map(str::to_owned)).collect()
}

/// Returns what a trail lacks.
pub(super) fn lack(status: &Value, selectors: &Value) -> Option<&'static str> {
    if status.get("IsLogging") != Some(&json!(true)) {
        return Some("does not log");
    }
    let list = |name: &str| selectors.get(name).and_then(Value::as_array).cloned();
    let basic = list("EventSelectors").unwrap_or_default();
    let has_basic = basic.iter().any(|selector| {
        selector.get("IncludeManagementEvents") != Some(&json!(false))
            && selector.get("ReadWriteType").is_none_or(|kind| kind == "All")
    });
    let advanced = list("AdvancedEventSelectors").unwrap_or_default();
    if has_basic || advanced.iter().any(has_all_management_events) {
        return None;
    }
    Some("does not have both read and write management events")
}

/// Returns whether an advanced selector takes all management events: it asks for their category,
/// and neither for reads or writes alone nor for certain sources.
fn has_all_management_events(selector: &Value) -> bool {
    let fields = selector.get("FieldSelectors").and_then(Value::as_array);
    let mut fields = fields.into_iter().flatten().map(|field| {
        (
            field.get("Field").and_then(Value::as_str),
            field.pointer("/Equals/0").and_then(Value::as_str),
        )
    });
    let is_category = |field| field == (Some("eventCategory"), Some("Management"));
    fields.clone().any(is_category) && fields.all(is_category)
}

fn none(others: &[String]) -> Finding {
    let found = if others.is_empty() {
        "there is no trail in this region".to_owned()
    } else {
        others.join("; ")
    };
    Finding::fail(
        found,
        "EventBridge gets no events of Cognito: a changed password ends no session.",
        "Make a trail with read and write management events: docs/password-changes.",
    )
}
