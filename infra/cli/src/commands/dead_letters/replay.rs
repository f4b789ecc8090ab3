//! `acs-broker dead-letters replay`.

use std::fmt;

use aws_sdk_sqs::types::Message;
use clap::Args;
use serde::Serialize;

use super::held::{event, hold, release, text};
use crate::confirm::{ConfirmArgs, confirm};
use crate::error::CliError;
use crate::exit::Exit;
use crate::outcome::{Outcome, exit_of};
use crate::progress::Progress;
use crate::queues::{DeadLetterQueue, EventQueue, Queues};
use crate::report::Report;
use crate::session::Session;
use crate::text_table::{columns, none};
use acs_broker_config::error_chain;

const EXAMPLES: &str = "\
Examples:
  acs-broker dead-letters replay --dry-run
  acs-broker dead-letters replay --yes";

/// Move the messages back to the queues they came from
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ReplayArgs {
    #[command(flatten)]
    confirm: ConfirmArgs,
}

/// Reports the messages that were replayed, or would be.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReplayReport {
    pub(super) dry_run: bool,
    pub(super) messages: Vec<ReplayedMessage>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReplayedMessage {
    pub(super) queue: DeadLetterQueue,
    pub(super) to: EventQueue,
    pub(super) message_id: Option<String>,
    pub(super) event_id: Option<String>,
    /// `None` in a dry run.
    #[serde(flatten)]
    pub(super) outcome: Option<Outcome>,
}

impl ReplayArgs {
    /// Runs the command.
    pub(super) async fn run(&self, session: &Session) -> Result<Exit, CliError> {
        let stack = session.find_stack().await?;
        let ConfirmArgs { dry_run, yes } = self.confirm;
        let ask = |question: &str| confirm(question, yes);
        session.print(&replay(stack.queues()?, dry_run, ask, session.progress).await?)
    }
}

/// Moves the messages back to their queues. One that fails does not stop the others.
pub(super) async fn replay(
    queues: &Queues,
    dry_run: bool,
    confirm: impl FnOnce(&str) -> Result<(), CliError>,
    progress: Progress,
) -> Result<ReplayReport, CliError> {
    let held = hold(queues).await.map_err(CliError::Queue)?;
    if dry_run || held.is_empty() {
        let messages = held.iter().map(|(queue, message)| ReplayedMessage::of(*queue, message));
        let report = ReplayReport { dry_run, messages: messages.collect() };
        release(queues, held).await;
        return Ok(report);
    }
    if let Err(error) = confirm(&format!("Replay {} messages?", held.len())) {
        release(queues, held).await;
        return Err(error);
    }
    let meter = progress.meter(Some(held.len()));
    let (mut messages, mut left) = (Vec::new(), Vec::new());
    for (queue, message) in held {
        let replayed = ReplayedMessage::of(queue, &message);
        let outcome = match queues.resend(queue, &message, replayed.to).await {
            Ok(()) => Outcome::Done,
            Err(error) => Outcome::Failed(error_chain(&error)),
        };
        meter.inc(1);
        if outcome != Outcome::Done {
            left.push((queue, message));
        }
        messages.push(ReplayedMessage { outcome: Some(outcome), ..replayed });
    }
    release(queues, left).await;
    Ok(ReplayReport { dry_run, messages })
}

impl ReplayedMessage {
    fn of(queue: DeadLetterQueue, message: &Message) -> Self {
        Self {
            queue,
            to: destination(queue, message),
            message_id: message.message_id.clone(),
            event_id: text(&event(message), "/id"),
            outcome: None,
        }
    }
}

/// Returns the queue that a message came from. A message that never reached a queue goes where its
/// rule would have sent it.
fn destination(queue: DeadLetterQueue, message: &Message) -> EventQueue {
    match queue {
        DeadLetterQueue::Delete => EventQueue::Delete,
        DeadLetterQueue::Rule if acs_broker_identity_events::is_deletion(&event(message)) => {
            EventQueue::Delete
        }
        DeadLetterQueue::Revoke | DeadLetterQueue::Rule => EventQueue::Revoke,
    }
}

impl Report for ReplayReport {
    fn exit(&self) -> Exit {
        exit_of(self.messages.iter().filter_map(|message| message.outcome.as_ref()))
    }
}

impl fmt::Display for ReplayReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.messages.is_empty() {
            return writeln!(f, "No dead letters.");
        }
        let rows = self.messages.iter().map(|message| {
            let [result, why] = match &message.outcome {
                Some(outcome) => outcome.cells("replayed"),
                None => ["would be replayed".to_owned(), String::new()],
            };
            let (from, to) = (message.queue.name().to_owned(), message.to.name().to_owned());
            let event = message.event_id.clone().unwrap_or_else(none);
            [from, to, event, result, why]
        });
        write!(f, "{}", columns(Some(["FROM", "TO", "EVENT ID", "RESULT", ""]), rows))
    }
}
