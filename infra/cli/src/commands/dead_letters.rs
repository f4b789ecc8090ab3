//! What the queues gave up on: look at it, or try it again.

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use futures_util::future::try_join_all;
use identity_client::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::aws::AwsError;
use crate::confirm::{Ask, confirm};
use crate::failure::{Failure, chain};
use crate::outcome::Outcome;
use crate::progress::Progress;
use crate::queues::{DeadLetterQueue, EventQueue, Queues};

/// The messages in the dead-letter queues.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Listing {
    pub(crate) dead_letters: Vec<DeadLetter>,
}

/// A message, without what it says about anybody.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeadLetter {
    pub(crate) queue: DeadLetterQueue,
    pub(crate) message_id: Option<String>,
    pub(crate) age_seconds: Option<i64>,
    pub(crate) receive_count: Option<u32>,
    pub(crate) source: Option<String>,
    pub(crate) detail_type: Option<String>,
    pub(crate) event_id: Option<String>,
    pub(crate) event_time: Option<String>,
    /// Why EventBridge did not get it into a queue. A function's reasons are in its log.
    pub(crate) reason: Option<String>,
}

/// What was moved back, or would be.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Replay {
    pub(crate) dry_run: bool,
    pub(crate) messages: Vec<Replayed>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Replayed {
    pub(crate) queue: DeadLetterQueue,
    pub(crate) to: EventQueue,
    pub(crate) message_id: Option<String>,
    pub(crate) event_id: Option<String>,
    /// Nothing where nothing was done.
    #[serde(flatten)]
    pub(crate) outcome: Option<Outcome>,
}

type Held = Vec<(DeadLetterQueue, Message)>;

/// Lists the messages, and lets others see them again.
pub(crate) async fn list(queues: &Queues, now: Timestamp) -> Result<Listing, AwsError> {
    let held = hold(queues).await?;
    let dead_letters = held.iter().map(|(queue, message)| dead_letter(*queue, message, now));
    let listing = Listing { dead_letters: dead_letters.collect() };
    release(queues, held).await;
    Ok(listing)
}

/// Moves the messages back to where they came from. One that fails does not stop the others.
pub(crate) async fn replay(
    queues: &Queues,
    dry_run: bool,
    yes: bool,
    ask: Option<Ask<'_>>,
    progress: Progress,
) -> Result<Replay, Failure> {
    let held = hold(queues).await.map_err(Failure::Queue)?;
    let question = format!("Put {} messages back to be carried out?", held.len());
    if dry_run || held.is_empty() {
        let messages = held.iter().map(|(queue, message)| replayed(*queue, message, None));
        let replay = Replay { dry_run, messages: messages.collect() };
        release(queues, held).await;
        return Ok(replay);
    }
    if let Err(failure) = confirm(&question, yes, ask) {
        release(queues, held).await;
        return Err(failure);
    }
    let bar = progress.bar(held.len());
    let mut messages = Vec::new();
    let mut left = Vec::new();
    for (queue, message) in held {
        let outcome = match queues.put_back(queue, &message, destination(queue, &message)).await {
            Ok(()) => Outcome::Done,
            Err(error) => Outcome::Failed(chain(&error)),
        };
        bar.inc(1);
        let is_left = outcome != Outcome::Done;
        messages.push(replayed(queue, &message, Some(outcome)));
        left.extend(is_left.then_some((queue, message)));
    }
    release(queues, left).await;
    Ok(Replay { dry_run, messages })
}

async fn hold(queues: &Queues) -> Result<Held, AwsError> {
    let each = DeadLetterQueue::ALL.map(|queue| async move {
        let held = queues.hold(queue).await?;
        Ok(held.into_iter().map(|message| (queue, message)).collect::<Held>())
    });
    Ok(try_join_all(each).await?.into_iter().flatten().collect())
}

async fn release(queues: &Queues, held: Held) {
    for queue in DeadLetterQueue::ALL {
        let of_queue = held.iter().filter(|(of, _)| *of == queue);
        let messages: Vec<_> = of_queue.map(|(_, message)| message.clone()).collect();
        queues.release(queue, &messages).await;
    }
}

fn dead_letter(queue: DeadLetterQueue, message: &Message, now: Timestamp) -> DeadLetter {
    let system = |name| message.attributes.as_ref()?.get(&name).map(String::as_str);
    let sent_at = system(MessageSystemAttributeName::SentTimestamp)
        .and_then(|text| Timestamp::from_millisecond(text.parse().ok()?).ok());
    let receive_count = system(MessageSystemAttributeName::ApproximateReceiveCount);
    let event = event(message);
    let text = |pointer: &str| event.pointer(pointer)?.as_str().map(str::to_owned);
    let why = message.message_attributes.as_ref().and_then(|all| all.get("ERROR_CODE"));
    DeadLetter {
        queue,
        message_id: message.message_id.clone(),
        age_seconds: sent_at.map(|sent| now.duration_since(sent).as_secs()),
        receive_count: receive_count.and_then(|count| count.parse().ok()),
        source: text("/source"),
        detail_type: text("/detail-type"),
        event_id: text("/id"),
        event_time: text("/time"),
        reason: why.and_then(|why| why.string_value.clone()),
    }
}

fn replayed(queue: DeadLetterQueue, message: &Message, outcome: Option<Outcome>) -> Replayed {
    let event_id = event(message).pointer("/id").and_then(Value::as_str).map(str::to_owned);
    let to = destination(queue, message);
    Replayed { queue, to, message_id: message.message_id.clone(), event_id, outcome }
}

/// Where a message came from. What never got into a queue goes where its rule would have sent it.
fn destination(queue: DeadLetterQueue, message: &Message) -> EventQueue {
    match queue {
        DeadLetterQueue::Delete => EventQueue::Delete,
        DeadLetterQueue::Rule if acs_broker_identity_events::asks_for_deletion(&event(message)) => {
            EventQueue::Delete
        }
        DeadLetterQueue::Revoke | DeadLetterQueue::Rule => EventQueue::Revoke,
    }
}

/// What the message says; null where it is no JSON.
fn event(message: &Message) -> Value {
    serde_json::from_str(message.body.as_deref().unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
