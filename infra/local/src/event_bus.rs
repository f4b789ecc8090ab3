//! What stands between an identity provider and the functions on AWS, where it is EventBridge and two
//! queues: an event goes to the function that carries it out, as a message of its queue.

use std::collections::BTreeMap;

use acs_broker_identity_events::{Action, Reading, Sources};
use acs_broker_lambda::{Settings, SettingsError};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::functions::{Failed, Functions};

/// The bus, which asks whose events count as the functions do.
#[derive(Debug, Default)]
pub struct EventBus {
    sources: Option<Sources>,
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// The function whose queue it was in.
    pub function: &'static str,
    /// Whether the function is done with it. On AWS it would be tried again, and end in the
    /// dead-letter queue.
    pub done: bool,
}

impl EventBus {
    /// A bus for functions with these settings.
    ///
    /// # Errors
    /// Settings are missing or wrong.
    pub fn new(settings: &BTreeMap<&'static str, String>) -> Result<Self, SettingsError> {
        let settings = Settings::read(&|name| settings.get(name).cloned())?;
        Ok(Self { sources: settings.event_sources().cloned() })
    }

    /// Hands the event to its function and waits for the end.
    ///
    /// # Errors
    /// [`Failed`]: the function gave no answer.
    pub async fn deliver(
        &self,
        event: &str,
        functions: &Functions,
        message_id: &str,
        now: Timestamp,
    ) -> Result<Delivery, Failed> {
        let function = self.function(event, now);
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
            "eventSourceARN": format!("arn:aws:sqs:local:000000000000:{function}"),
            "awsRegion": "local",
        }]});
        let answer = functions.invoke(function, batch, message_id, now).await?;
        let failures = answer.get("batchItemFailures").and_then(Value::as_array);
        Ok(Delivery { function, done: failures.is_some_and(Vec::is_empty) })
    }

    /// The template's rules, in short: what deletes goes to `delete`, the rest to `revoke`, where what
    /// cannot be used is seen.
    fn function(&self, event: &str, now: Timestamp) -> &'static str {
        let read = self
            .sources
            .as_ref()
            .map(|sources| acs_broker_identity_events::read(sources, event, now));
        match read {
            Some(Ok(Reading::Change(change))) if change.action == Action::Delete => "delete",
            _ => "revoke",
        }
    }
}
