//! Asks a local stack about itself.

use std::time::Duration;

use aws_sdk_dynamodb::Client as DynamoDb;
use reqwest::Url;

use super::Tools;
use super::check::{CheckReport, Finding, Group};
use super::facts::Facts;
use crate::stack::{Stack, StackTarget, local_settings};

/// The audience of the development identity provider's tokens.
const AUDIENCE: &str = "acs-token-broker";
/// Pages of this machine may call a local stack.
const ORIGIN: &str = "http://localhost:3000";

/// Returns what a local stack says about itself, and the report of how it was found.
pub(crate) async fn local(
    url: &Url,
    tools: &Tools,
    command: String,
) -> (CheckReport, Option<Facts>) {
    let api = url.as_str().trim_end_matches('/').to_owned();
    match find(url, &api, tools, command).await {
        Ok(facts) => (report(Finding::ok(format!("a local stack runs at {api}"))), Some(facts)),
        Err(why) => {
            let finding = Finding::fail(why, "Nothing else can be checked.", "Start one: make run");
            (report(finding), None)
        }
    }
}

async fn find(url: &Url, api: &str, tools: &Tools, command: String) -> Result<Facts, String> {
    let chain = |error: crate::stack::StackError| acs_broker_config::error_chain(&error);
    let (issuer, settings) = local_settings(url, &tools.http).await.map_err(chain)?;
    let (config, stack) =
        Stack::find_with_config(StackTarget::Local(url), tools.http.clone(), tools.clock)
            .await
            .map_err(chain)?;
    Ok(Facts {
        api: api.to_owned(),
        is_local: true,
        issuer,
        audiences: vec![AUDIENCE.to_owned()],
        allowed_origins: vec![ORIGIN.to_owned()],
        settings,
        records: stack.records,
        dynamodb: DynamoDb::new(&config),
        table_name: stack.table_name,
        queues: None,
        command,
        deployment: None,
        alarm_topic: None,
    })
}

fn report(finding: Finding) -> CheckReport {
    finding.report(Group::Aws, "local.stack", Duration::ZERO)
}
