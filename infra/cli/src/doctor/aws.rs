//! The checks of what a stack has on AWS, or of the local table.

use acs_broker_config::error_chain;
use aws_sdk_dynamodb::types::{
    ContinuousBackupsStatus, PointInTimeRecoveryStatus, TableStatus, TimeToLiveStatus,
};
use aws_sdk_sqs::types::QueueAttributeName;

use super::check::{Check, Finding, Group};
use super::facts::Facts;
use super::{alarms, flow, functions, rights, rules, trail};
use crate::aws::response;
use crate::queues::Queues;

/// Returns the checks of table, queues, events and alarms.
pub(super) fn checks(facts: &Facts) -> Vec<Check<'_>> {
    let mut checks = vec![
        Check::new(Group::Aws, "aws.table", async move { table(facts).await }),
        Check::new(Group::Events, "events.sources", async move { sources(facts) }),
    ];
    let Some(queues) = &facts.queues else { return checks };
    checks.push(Check::new(Group::Events, "events.queues", async move { backlog(queues).await }));
    let dead = async move { dead_letters(queues, &facts.command).await };
    checks.push(Check::new(Group::Events, "events.dead-letters", dead));
    checks.push(Check::new(Group::Aws, "aws.alarm-topic", async move { alarm_topic(facts) }));
    let Some(deployment) = &facts.deployment else { return checks };
    checks.extend([
        Check::new(Group::Aws, "aws.rights", rights::rights(deployment, facts)),
        Check::new(Group::Aws, "aws.functions", functions::functions(deployment)),
        Check::new(Group::Aws, "aws.alarms", alarms::alarms(deployment)),
        Check::new(Group::Events, "events.rules", rules::rules(deployment)),
        Check::new(Group::Events, "events.trail", trail::trail(deployment)),
        Check::new(Group::Events, "events.flow", flow::flow(deployment)),
    ]);
    checks
}

async fn table(facts: &Facts) -> Finding {
    let meaning = "Without the table no user gets a token.";
    let name = &facts.table_name;
    let described = facts.dynamodb.describe_table().table_name(name).send().await;
    let described = match response("DescribeTable", described) {
        Ok(described) => described,
        Err(error) => {
            let remedy = "Give this identity dynamodb:DescribeTable, or look in the AWS console.";
            return Finding::fail(error_chain(&error), meaning, remedy);
        }
    };
    let table = described.table;
    let status = table.as_ref().and_then(|table| table.table_status.clone());
    if status != Some(TableStatus::Active) {
        let status = status.map_or_else(|| "unknown".to_owned(), |status| status.to_string());
        return Finding::fail(format!("{name} is {status}"), meaning, "Wait, or restore a backup.");
    }
    if facts.is_local {
        return Finding::ok(format!("{name} is ACTIVE"));
    }
    let is_protected = table.is_some_and(|table| table.deletion_protection_enabled == Some(true));
    let mut missing = Vec::new();
    if !is_protected {
        missing.push("deletion protection");
    }
    if !has_recovery(facts).await {
        missing.push("point-in-time recovery");
    }
    if !expires_rows(facts).await {
        missing.push("the expiry of rows (TTL)");
    }
    if missing.is_empty() {
        return Finding::ok(format!("{name} is ACTIVE, protected, recoverable, and expires rows"));
    }
    Finding::warn(
        format!("{name} lacks, or this identity may not see: {}", missing.join(", ")),
        "A mistake could lose every user's identity, or rows would stay for ever.",
        "Deploy the template again: it has them.",
    )
}

async fn has_recovery(facts: &Facts) -> bool {
    let request = facts.dynamodb.describe_continuous_backups().table_name(&facts.table_name);
    let described = request.send().await.ok().and_then(|d| d.continuous_backups_description);
    described.is_some_and(|backups| {
        let recovery = backups.point_in_time_recovery_description;
        let status = recovery.and_then(|recovery| recovery.point_in_time_recovery_status);
        backups.continuous_backups_status == ContinuousBackupsStatus::Enabled
            && status == Some(PointInTimeRecoveryStatus::Enabled)
    })
}

async fn expires_rows(facts: &Facts) -> bool {
    let request = facts.dynamodb.describe_time_to_live().table_name(&facts.table_name);
    let described = request.send().await.ok().and_then(|d| d.time_to_live_description);
    described.and_then(|ttl| ttl.time_to_live_status) == Some(TimeToLiveStatus::Enabled)
}

/// Names the sources whose events count.
fn sources(facts: &Facts) -> Finding {
    let names =
        ["COGNITO_USER_POOL_ID", "AUTH0_EVENT_SOURCE", "OKTA_EVENT_SOURCE", "GENERIC_EVENT_SOURCE"];
    let set = names.iter().filter_map(|name| facts.settings.get(*name));
    let set: Vec<_> = set.map(String::as_str).filter(|source| !source.is_empty()).collect();
    if set.is_empty() {
        return Finding::warn(
            "no source of identity events is set",
            "A changed password or a deleted account ends no session here.",
            "See docs/password-changes for your identity provider.",
        );
    }
    Finding::ok(format!("events of {} count", set.join(", ")))
}

async fn messages(queues: &Queues, url: &str) -> Result<u64, String> {
    let name = QueueAttributeName::ApproximateNumberOfMessages;
    let request = queues.client.get_queue_attributes().queue_url(url).attribute_names(name.clone());
    let attributes = response("GetQueueAttributes", request.send().await);
    let attributes = attributes.map_err(|error| error_chain(&error))?.attributes;
    let count = attributes.as_ref().and_then(|all| all.get(&name));
    Ok(count.and_then(|count| count.parse().ok()).unwrap_or(0))
}

const QUEUE_RIGHT: &str = "Give this identity sqs:GetQueueAttributes on the queues.";

/// More messages than this wait only where nobody consumes them.
const MAX_WAITING: u64 = 1000;

async fn backlog(queues: &Queues) -> Finding {
    let mut waiting = 0;
    for url in [&queues.revoke, &queues.delete] {
        match messages(queues, url).await {
            Ok(count) => waiting += count,
            Err(why) => return Finding::warn(why, "Events could be waiting unseen.", QUEUE_RIGHT),
        }
    }
    if waiting > MAX_WAITING {
        return Finding::warn(
            format!("about {waiting} events wait"),
            "Sessions end late.",
            "Look at the function identity-events: its log and its concurrency.",
        );
    }
    Finding::ok(format!("about {waiting} events wait"))
}

async fn dead_letters(queues: &Queues, command: &str) -> Finding {
    let mut dead = 0;
    let urls =
        [&queues.revoke_dead_letters, &queues.delete_dead_letters, &queues.rule_dead_letters];
    for url in urls {
        match messages(queues, url).await {
            Ok(count) => dead += count,
            Err(why) => return Finding::warn(why, "Events could be lost unseen.", QUEUE_RIGHT),
        }
    }
    if dead > 0 {
        return Finding::fail(
            format!("about {dead} dead letters"),
            "Sessions that should have ended go on.",
            format!("{command}dead-letters list"),
        );
    }
    Finding::ok("no dead letters")
}

fn alarm_topic(facts: &Facts) -> Finding {
    match facts.alarm_topic.as_deref() {
        Some(topic) if !topic.is_empty() => Finding::ok(format!("alarms go to {topic}")),
        _ => Finding::warn(
            "alarms go nowhere: AlarmTopicArn is empty",
            "Nobody learns of an outage.",
            "Deploy the stack with AlarmTopicArn, the ARN of an SNS topic.",
        ),
    }
}
