//! What stands between an identity provider and the function that consumes its events. On AWS it is
//! EventBridge and two queues; here an event is a message of a batch at once.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::hosting::functions::{Functions, InvokeError};

/// The function that consumes identity events.
const FUNCTION: &str = "identity-events";

/// How the delivery of an event ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Delivery {
    /// Whether the function is done with it. On AWS it would be tried again, and end in the
    /// dead-letter queue.
    pub done: bool,
}

/// Hands the event to its function and waits for the end.
///
/// # Errors
/// [`InvokeError`]: the function gave no response.
pub(crate) async fn deliver(
    event: &str,
    functions: &Functions,
    message_id: &str,
    now: Timestamp,
) -> Result<Delivery, InvokeError> {
    let batch = json!({"Records": [{
        "messageId": message_id,
        "receiptHandle": "local",
        "body": event,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": now.as_millisecond().to_string(),
        },
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:local:000000000000:{FUNCTION}"),
        "awsRegion": "local",
    }]});
    let response = functions.invoke(FUNCTION, batch, message_id, now).await?;
    let failures = response.get("batchItemFailures").and_then(Value::as_array);
    Ok(Delivery { done: failures.is_some_and(Vec::is_empty) })
}
