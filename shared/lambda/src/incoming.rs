use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use lambda_http::request::LambdaRequest;
use serde::de::{Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// What a function is invoked with that serves both the gateway and a queue.
#[derive(Debug)]
pub enum Incoming {
    /// A request that came through the gateway.
    Request(Box<LambdaRequest>),
    /// Messages of a queue.
    Messages(SqsEvent),
    /// One identity event by itself, as the only message of a batch. Nobody puts it back.
    Event(SqsEvent),
}

/// Only a batch has the one member, only an event the other. Who may invoke the function at all is decided before: a caller of
/// the gateway fills in a request's body and headers, never the event around them.
#[derive(Deserialize)]
struct Shape {
    #[serde(rename = "Records")]
    records: Option<IgnoredAny>,
    #[serde(rename = "detail-type")]
    detail_type: Option<IgnoredAny>,
}

impl<'de> Deserialize<'de> for Incoming {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let shape: Shape = serde_json::from_str(raw.get()).map_err(D::Error::custom)?;
        match (shape.records, shape.detail_type) {
            (Some(_), _) => serde_json::from_str(raw.get()).map(Self::Messages),
            (None, Some(_)) => Ok(Self::Event(batch_of(raw.get()))),
            (None, None) => {
                serde_json::from_str(raw.get()).map(|request| Self::Request(Box::new(request)))
            }
        }
        .map_err(D::Error::custom)
    }
}

fn batch_of(event: &str) -> SqsEvent {
    let mut message = SqsMessage::default();
    message.body = Some(event.to_owned());
    let mut batch = SqsEvent::default();
    batch.records.push(message);
    batch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_a_batch_and_an_event_are_told_apart_and_anything_else_is_an_error() {
        let request = include_str!("../../../infra/aws/events/revoke-own-tokens.json");
        assert!(matches!(serde_json::from_str(request), Ok(Incoming::Request(_))));
        let batch = r#"{"Records": [{"messageId": "1", "body": "{}"}]}"#;
        let Ok(Incoming::Messages(batch)) = serde_json::from_str(batch) else { panic!("{batch}") };
        assert_eq!(batch.records.len(), 1);
        let event = r#"{"detail-type": "PasswordChanged", "detail": {}}"#;
        let Ok(Incoming::Event(batch)) = serde_json::from_str(event) else { panic!("{event}") };
        assert_eq!(batch.records[0].body.as_deref(), Some(event));
        for neither in ["{}", "[]", "null", r#"{"Records": 1}"#, r#"{"Records": [1]}"#] {
            assert!(serde_json::from_str::<Incoming>(neither).is_err(), "{neither}");
        }
    }
}
