//! The messages of the dead-letter queues while a command looks at them.

use aws_sdk_sqs::types::Message;
use futures_util::future::try_join_all;
use serde_json::Value;

use crate::aws::AwsError;
use crate::queues::{DeadLetterQueue, Queues};

/// A message and the queue that holds it.
pub(super) type Held = (DeadLetterQueue, Message);

/// Takes every message of every dead-letter queue into view. The messages stay in their queues.
pub(super) async fn hold(queues: &Queues) -> Result<Vec<Held>, AwsError> {
    let each = DeadLetterQueue::ALL.map(|queue| async move {
        let messages = queues.hold(queue).await?;
        Ok(messages.into_iter().map(|message| (queue, message)).collect::<Vec<_>>())
    });
    Ok(try_join_all(each).await?.into_iter().flatten().collect())
}

/// Lets others receive the messages again at once.
pub(super) async fn release(queues: &Queues, held: Vec<Held>) {
    for queue in DeadLetterQueue::ALL {
        let of_queue = held.iter().filter(|(of, _)| *of == queue);
        let messages: Vec<_> = of_queue.map(|(_, message)| message.clone()).collect();
        queues.release(queue, &messages).await;
    }
}

/// Returns the event in a message; null where it is not JSON.
pub(super) fn event(message: &Message) -> Value {
    serde_json::from_str(message.body.as_deref().unwrap_or_default()).unwrap_or_default()
}

/// Returns a member of the event that is a text.
pub(super) fn text(event: &Value, pointer: &str) -> Option<String> {
    event.pointer(pointer)?.as_str().map(str::to_owned)
}
