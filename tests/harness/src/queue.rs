//! The queue of `identity-events`, with a time limit for a batch that the test chooses.

use std::time::Duration;

use acs_broker_lambda::serve_queue;
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use identity_client::Timestamp;
use lambda_runtime::{Context, LambdaEvent};

use crate::events::Sample;
use crate::lambda;
use crate::stack::StackProcess;

/// Gives the samples in one batch to the function `identity-events`, on the table and the ACS of `stack` and
/// with this much time for all of them. The response names the failed messages by their index.
pub async fn consume_in_one_batch(
    stack: &StackProcess,
    samples: &[Sample],
    time: Duration,
) -> SqsBatchResponse {
    let message = |(place, sample): (usize, &Sample)| {
        let mut message = SqsMessage::default();
        message.message_id = Some(place.to_string());
        message.body = Some(sample.envelope.clone());
        message.event_source = Some("aws:sqs".to_owned());
        message
    };
    let mut batch = SqsEvent::default();
    batch.records = samples.iter().enumerate().map(message).collect();
    let mut context = Context::default();
    let end = present().checked_add(time).expect("a moment");
    context.deadline = u64::try_from(end.as_millisecond()).expect("a moment after 1970");
    let batch = serde_json::to_value(batch).expect("a batch in JSON");
    let response = Box::pin(serve_queue(
        lambda::app(stack, present),
        acs_broker_function_identity_events::handle,
        LambdaEvent::new(batch, context),
    ));
    response.await.expect("a function with event sources")
}

#[expect(clippy::disallowed_methods, reason = "the clock of a function")]
fn present() -> Timestamp {
    Timestamp::now()
}
