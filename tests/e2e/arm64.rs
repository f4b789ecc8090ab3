//! The functions built for arm64, the processor that the template chooses, against the local stack
//! with ACS over TLS. `make arm64` builds them and runs these tests.

use acs_broker_harness::lambda::{Lambda, settings_over_tls};
use acs_broker_harness::stack::StackProcess;

use crate::cargo_lambda::{invoke_with_sample_events, serve_whole_user_life};
use crate::events::carry_out_each_sample;

/// The functions that are deployed by default serve a user from the first token to the deletion.
#[tokio::test]
async fn functions_serve_whole_user_life() {
    let (_lambda, stack) = start().await;
    serve_whole_user_life(&stack).await;
}

/// Each sample event in `infra/aws/events` does on arm64 what its name says.
#[tokio::test]
async fn sample_events_do_what_they_name() {
    let (lambda, stack) = start().await;
    invoke_with_sample_events(&lambda, &stack).await;
}

/// Each kind of event of an identity provider does on arm64 its operation to its user.
#[tokio::test]
async fn each_kind_does_its_operation() {
    let (_lambda, stack) = start().await;
    carry_out_each_sample(&stack).await;
}

async fn start() -> (Lambda, StackProcess) {
    let mut lambda = Lambda::start().await;
    let stack = lambda.start_stack().await;
    lambda.start_arm64_functions(&settings_over_tls(&stack));
    (lambda, stack)
}
