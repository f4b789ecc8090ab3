//! The queues of the identity providers' events.

use std::collections::HashSet;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, Message, MessageSystemAttributeName,
    MessageSystemAttributeNameForSends, MessageSystemAttributeValue,
};
use serde::Serialize;

use crate::aws::{AwsError, response};

/// Holds the URLs of the queues of one stack.
#[derive(Clone, Debug)]
pub(crate) struct Queues {
    pub(crate) client: Client,
    pub(crate) revoke: String,
    pub(crate) delete: String,
    pub(crate) revoke_dead_letters: String,
    pub(crate) delete_dead_letters: String,
    pub(crate) rule_dead_letters: String,
}

/// Names a queue from which a function receives events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum EventQueue {
    Revoke,
    Delete,
}

/// Names a queue of events that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum DeadLetterQueue {
    /// Events that the function `revoke` gave up.
    Revoke,
    /// Events that the function `delete` gave up.
    Delete,
    /// Events that did not get from the event bus into a queue.
    Rule,
}

impl EventQueue {
    /// Returns the queue's name in tables.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Revoke => "revoke",
            Self::Delete => "delete",
        }
    }
}

impl DeadLetterQueue {
    pub(crate) const ALL: [Self; 3] = [Self::Revoke, Self::Delete, Self::Rule];

    /// Returns the queue's name in tables.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Revoke => "revoke",
            Self::Delete => "delete",
            Self::Rule => "rule",
        }
    }
}

/// Others cannot receive a held message for so long; if this process dies, they can afterwards.
const HOLD_SECONDS: i32 = 120;
/// SQS returns at most so many messages at once.
const BATCH_SIZE: usize = 10;
/// With a wait SQS looks for messages on all its servers.
const LONG_POLL_SECONDS: i32 = 1;

impl Queues {
    /// Receives every message of a dead-letter queue, and leaves it in the queue.
    pub(crate) async fn hold(&self, queue: DeadLetterQueue) -> Result<Vec<Message>, AwsError> {
        let mut seen = HashSet::new();
        let mut held = Vec::new();
        loop {
            let receive = self
                .client
                .receive_message()
                .queue_url(self.dead_letters(queue))
                .max_number_of_messages(i32::try_from(BATCH_SIZE).unwrap_or(1))
                .visibility_timeout(HOLD_SECONDS)
                .wait_time_seconds(LONG_POLL_SECONDS)
                .message_system_attribute_names(MessageSystemAttributeName::All)
                .message_attribute_names("All");
            let batch = response("ReceiveMessage", receive.send().await)?.messages;
            let before = held.len();
            let new = batch.unwrap_or_default().into_iter();
            held.extend(new.filter(|message| seen.insert(message.message_id.clone())));
            // The queue is empty, or returns the messages that were held first again.
            if held.len() == before {
                return Ok(held);
            }
        }
    }

    /// Lets others receive messages again at once. If that fails, they can when the hold is over.
    pub(crate) async fn release(&self, queue: DeadLetterQueue, held: &[Message]) {
        for batch in held.chunks(BATCH_SIZE) {
            let entries = batch.iter().enumerate().map(|(index, message)| {
                ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(index.to_string())
                    .set_receipt_handle(message.receipt_handle.clone())
                    .visibility_timeout(0)
                    .build()
            });
            let Ok(entries) = entries.collect() else { continue };
            let release = self.client.change_message_visibility_batch();
            let release = release.queue_url(self.dead_letters(queue)).set_entries(Some(entries));
            // A failure only delays the messages until the hold is over.
            let _ = release.send().await;
        }
    }

    /// Sends a held message to `to`, with its attributes, then deletes it. If this process dies
    /// between the two, the event is handled twice, which is harmless.
    pub(crate) async fn resend(
        &self,
        from: DeadLetterQueue,
        message: &Message,
        to: EventQueue,
    ) -> Result<(), AwsError> {
        let mut send = self
            .client
            .send_message()
            .queue_url(self.events(to))
            .set_message_body(message.body.clone())
            .set_message_attributes(message.message_attributes.clone());
        let trace = MessageSystemAttributeName::AwsTraceHeader;
        if let Some(trace) = message.attributes.as_ref().and_then(|all| all.get(&trace)) {
            let value = MessageSystemAttributeValue::builder().data_type("String");
            if let Ok(value) = value.string_value(trace).build() {
                let name = MessageSystemAttributeNameForSends::AwsTraceHeader;
                send = send.message_system_attributes(name, value);
            }
        }
        response("SendMessage", send.send().await)?;
        let delete = self
            .client
            .delete_message()
            .queue_url(self.dead_letters(from))
            .set_receipt_handle(message.receipt_handle.clone());
        response("DeleteMessage", delete.send().await)?;
        Ok(())
    }

    fn events(&self, queue: EventQueue) -> &str {
        match queue {
            EventQueue::Revoke => &self.revoke,
            EventQueue::Delete => &self.delete,
        }
    }

    fn dead_letters(&self, queue: DeadLetterQueue) -> &str {
        match queue {
            DeadLetterQueue::Revoke => &self.revoke_dead_letters,
            DeadLetterQueue::Delete => &self.delete_dead_letters,
            DeadLetterQueue::Rule => &self.rule_dead_letters,
        }
    }
}
