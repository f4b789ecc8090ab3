//! The check of the flow of events, by their metrics.

use serde_json::{Value, json};

use super::aws_api::Service;
use super::check::Finding;
use super::deployment::{Deployment, unseen};
use crate::text_table::duration;

const DAYS: i64 = 7;
const PERIOD_SECONDS: i64 = 3600;
/// Those that tell that an event arrived and no operation followed.
const WITHOUT_OPERATION: [&str; 3] = ["EventSkipped", "EventRejected", "EventDeferred"];

/// Asks CloudWatch for the events of the last days.
pub(super) async fn flow(deployment: &Deployment) -> Finding {
    let latency = match statistics(deployment, "RevocationLatency").await {
        Ok(latency) => latency,
        Err(finding) => return finding,
    };
    let mut others = 0.0;
    for name in WITHOUT_OPERATION {
        match statistics(deployment, name).await {
            Ok(found) => others += points(&found).map(|point| number(point, "Sum")).sum::<f64>(),
            Err(finding) => return finding,
        }
    }
    judge(&latency, others, deployment.api.now().as_second())
}

async fn statistics(deployment: &Deployment, name: &str) -> Result<Value, Finding> {
    let end = deployment.api.now().as_second();
    let input = json!({
        "Namespace": deployment.stack, "MetricName": name,
        "Dimensions": [{"Name": "operation", "Value": "consumeEvent"}],
        "StartTime": end - DAYS * 86_400, "EndTime": end, "Period": PERIOD_SECONDS,
        "Statistics": ["Maximum", "Sum"],
    });
    let call = deployment.api.call(Service::CloudWatch, "GetMetricStatistics", &input).await;
    call.map_err(|error| unseen(&error, "cloudwatch:GetMetricStatistics"))
}

fn points(statistics: &Value) -> impl Iterator<Item = &Value> {
    statistics.get("Datapoints").and_then(Value::as_array).into_iter().flatten()
}

fn number(point: &Value, name: &str) -> f64 {
    point.get(name).and_then(Value::as_f64).unwrap_or_default()
}

/// Judges the latencies of the last days, and how many events had no operation.
pub(super) fn judge(latency: &Value, others: f64, now: i64) -> Finding {
    let last =
        points(latency).max_by(|a, b| number(a, "Timestamp").total_cmp(&number(b, "Timestamp")));
    if let Some(last) = last {
        #[expect(clippy::cast_possible_truncation, reason = "seconds since 1970 fit")]
        let ago = (now - number(last, "Timestamp") as i64).max(0) / PERIOD_SECONDS * PERIOD_SECONDS;
        let ago =
            if ago == 0 { "within the hour".to_owned() } else { format!("{} ago", duration(ago)) };
        let took = number(last, "Maximum");
        return Finding::ok(format!("the last revocation {ago} took {took:.0} ms from its event"));
    }
    if others > 0.0 {
        return Finding::ok(format!("{others} events in {DAYS} days; none was a revocation"));
    }
    Finding::warn(
        format!("no event in {DAYS} days"),
        "Nothing shows that the identity provider reaches this stack.",
        "Change a test user's password, and run doctor again: docs/password-changes.",
    )
}
