//! The queues behind the identity providers' events.

use std::collections::HashSet;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, Message, MessageSystemAttributeName,
    MessageSystemAttributeNameForSends, MessageSystemAttributeValue,
};
use serde::Serialize;

use crate::aws::{AwsError, answered};

/// The queues of one stack, by their URLs.
#[derive(Clone, Debug)]
pub(crate) struct Queues {
    pub(crate) client: Client,
    pub(crate) revoke: String,
    pub(crate) delete: String,
    pub(crate) revoke_dead_letters: String,
    pub(crate) delete_dead_letters: String,
    pub(crate) rule_dead_letters: String,
}

/// A queue from which a function takes events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum EventQueue {
    Revoke,
    Delete,
}

/// Where an event ends up that could not be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum DeadLetterQueue {
    /// The function that revokes gave it up.
    Revoke,
    /// The function that deletes gave it up.
    Delete,
    /// It did not get from the event bus into a queue.
    Rule,
}

impl DeadLetterQueue {
    pub(crate) const ALL: [Self; 3] = [Self::Revoke, Self::Delete, Self::Rule];
}

/// For how long others do not see a message that was looked at, in seconds; if this process dies, it
/// is there again afterwards.
const HOLD: i32 = 120;
/// How many messages SQS gives at once, and in seconds, how long it looks for them in all its
/// servers.
const BATCH: usize = 10;
const LONG_POLL: i32 = 1;

impl Queues {
    /// Takes every message of a dead-letter queue into view, and leaves it in the queue.
    pub(crate) async fn hold(&self, queue: DeadLetterQueue) -> Result<Vec<Message>, AwsError> {
        let mut seen = HashSet::new();
        let mut held = Vec::new();
        loop {
            let receive = self
                .client
                .receive_message()
                .queue_url(self.dead_letters(queue))
                .max_number_of_messages(i32::try_from(BATCH).unwrap_or(1))
                .visibility_timeout(HOLD)
                .wait_time_seconds(LONG_POLL)
                .message_system_attribute_names(MessageSystemAttributeName::All)
                .message_attribute_names("All");
            let batch = answered("ReceiveMessage", receive.send().await)?.messages;
            let before = held.len();
            let new = batch.unwrap_or_default().into_iter();
            held.extend(new.filter(|message| seen.insert(message.message_id.clone())));
            // Empty, or come round to those that were held first.
            if held.len() == before {
                return Ok(held);
            }
        }
    }

    /// Lets others see messages again at once. Should that fail, they do when the hold is over.
    pub(crate) async fn release(&self, queue: DeadLetterQueue, held: &[Message]) {
        for batch in held.chunks(BATCH) {
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
            let _over_soon_anyway = release.send().await;
        }
    }

    /// Sends a message that was held to `to`, with what it carries, then deletes it. Should this
    /// process die between the two, the event is carried out twice, which is harmless.
    pub(crate) async fn put_back(
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
        answered("SendMessage", send.send().await)?;
        let delete = self
            .client
            .delete_message()
            .queue_url(self.dead_letters(from))
            .set_receipt_handle(message.receipt_handle.clone());
        answered("DeleteMessage", delete.send().await)?;
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
