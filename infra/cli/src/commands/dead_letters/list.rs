//! `acs-broker dead-letters list`.

use std::fmt;

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use clap::Args;
use identity_client::Timestamp;
use serde::Serialize;

use super::held::{event, hold, release, text};
use crate::aws::AwsError;
use crate::error::CliError;
use crate::exit::Exit;
use crate::queues::{DeadLetterQueue, Queues};
use crate::report::Report;
use crate::session::Session;
use crate::text_table::{columns, duration, none};

const EXAMPLES: &str = "\
Examples:
  acs-broker dead-letters list
  acs-broker dead-letters list --json";

/// List the messages in the dead-letter queues
///
/// The messages stay in their queues. While the list is made, others cannot receive them.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ListArgs {}

/// Reports the messages in the dead-letter queues.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListReport {
    pub(super) dead_letters: Vec<DeadLetter>,
}

/// A message, without anything that identifies a user.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeadLetter {
    pub(super) queue: DeadLetterQueue,
    pub(super) message_id: Option<String>,
    pub(super) age_seconds: Option<i64>,
    pub(super) receive_count: Option<u32>,
    pub(super) source: Option<String>,
    pub(super) detail_type: Option<String>,
    pub(super) event_id: Option<String>,
    pub(super) event_time: Option<String>,
    /// Why EventBridge could not send it to a queue. A function's reasons are in its log.
    pub(super) reason: Option<String>,
}

impl ListArgs {
    /// Runs the command.
    pub(super) async fn run(&self, session: &Session) -> Result<Exit, CliError> {
        let stack = session.find_stack().await?;
        let report = list(stack.queues()?, session.now()).await.map_err(CliError::Queue)?;
        session.print(&report)
    }
}

/// Lists the messages, and lets others receive them again.
pub(super) async fn list(queues: &Queues, now: Timestamp) -> Result<ListReport, AwsError> {
    let held = hold(queues).await?;
    let dead_letters = held.iter().map(|(queue, message)| DeadLetter::of(*queue, message, now));
    let report = ListReport { dead_letters: dead_letters.collect() };
    release(queues, held).await;
    Ok(report)
}

impl DeadLetter {
    fn of(queue: DeadLetterQueue, message: &Message, now: Timestamp) -> Self {
        let system = |name| message.attributes.as_ref()?.get(&name).map(String::as_str);
        let sent_at = system(MessageSystemAttributeName::SentTimestamp)
            .and_then(|text| Timestamp::from_millisecond(text.parse().ok()?).ok());
        let receive_count = system(MessageSystemAttributeName::ApproximateReceiveCount);
        let event = event(message);
        let reason = message.message_attributes.as_ref().and_then(|all| all.get("ERROR_CODE"));
        Self {
            queue,
            message_id: message.message_id.clone(),
            age_seconds: sent_at.map(|sent| now.duration_since(sent).as_secs()),
            receive_count: receive_count.and_then(|count| count.parse().ok()),
            source: text(&event, "/source"),
            detail_type: text(&event, "/detail-type"),
            event_id: text(&event, "/id"),
            event_time: text(&event, "/time"),
            reason: reason.and_then(|reason| reason.string_value.clone()),
        }
    }
}

impl Report for ListReport {}

impl fmt::Display for ListReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.dead_letters.is_empty() {
            return writeln!(f, "No dead letters.");
        }
        let header = [
            "QUEUE",
            "AGE",
            "RECEIVED",
            "SOURCE",
            "DETAIL TYPE",
            "EVENT ID",
            "EVENT TIME",
            "REASON",
        ];
        let rows = self.dead_letters.iter().map(|letter| {
            let text = |text: &Option<String>| text.clone().unwrap_or_else(none);
            [
                letter.queue.name().to_owned(),
                letter.age_seconds.map_or_else(none, duration),
                letter.receive_count.map_or_else(none, |count| count.to_string()),
                text(&letter.source),
                text(&letter.detail_type),
                text(&letter.event_id),
                text(&letter.event_time),
                text(&letter.reason),
            ]
        });
        write!(f, "{}", columns(Some(header), rows))
    }
}
