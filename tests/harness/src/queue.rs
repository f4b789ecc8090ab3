//! The queue of `revoke`, when a test decides how long a batch may take.

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use identity_client::Timestamp;
use lambda_runtime::Context;

use crate::events::Sample;
use crate::lambda;
use crate::stack::Stack;

/// Gives the samples in one batch to the function `revoke` on the table and the ACS of `stack`, with
/// this much time for all of them, and returns which messages, by their place, are not done.
///
/// # Panics
/// When it cannot start.
#[expect(clippy::expect_used, reason = "a test cannot go on without the function")]
pub async fn revoke_in_one_batch(
    stack: &Stack,
    samples: &[Sample],
    time: Duration,
) -> SqsBatchResponse {
    let message = |(place, sample): (usize, &Sample)| {
        let mut message = SqsMessage::default();
        message.message_id = Some(place.to_string());
        message.body = Some(sample.envelope.clone());
        message
    };
    let mut batch = SqsEvent::default();
    batch.records = samples.iter().enumerate().map(message).collect();
    let mut context = Context::default();
    let end = present().checked_add(time).expect("a moment");
    context.deadline = u64::try_from(end.as_millisecond()).expect("a moment after 1970");
    let answer = Box::pin(acs_broker_revoke::consume(lambda::app(stack, present), batch, context));
    answer.await.expect("a function that knows whose events to believe")
}

#[expect(clippy::disallowed_methods, reason = "the clock of a function")]
fn present() -> Timestamp {
    Timestamp::now()
}
