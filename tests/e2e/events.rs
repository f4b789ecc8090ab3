//! Events of identity providers end tokens and sessions by themselves.

use std::time::Duration;

use acs_broker_core::Operation;
use acs_broker_harness::events::{Sample, sample, samples, subject};
use acs_broker_harness::log::lines;
use acs_broker_harness::queue::consume_in_one_batch;
use acs_broker_harness::stack::{Jwt, StackProcess};
use acs_broker_identity_events::{Parsed, ProviderEvent};
use identity_client::Timestamp;
use serde_json::json;

/// A session from before the event, with its token and identity.
struct Before {
    session: Jwt,
    token: String,
    identity: String,
}

async fn before(stack: &StackProcess, event: &ProviderEvent) -> Before {
    let session = stack.sign_in_at(&subject(event), event.occurred_at.as_second() - 100).await;
    let response = stack.token(&session).await;
    Before { session, token: response.token(), identity: response.identity() }
}

/// Signs the user in at the second after the event.
async fn sign_in_after(stack: &StackProcess, event: &ProviderEvent) -> Jwt {
    stack.sign_in_at(&subject(event), event.occurred_at.as_second() + 1).await
}

/// Each kind of event does its operation to its user, and to no other user.
#[tokio::test]
async fn each_kind_does_its_operation() {
    carry_out_each_sample(&StackProcess::start().await).await;
}

/// Publishes each sample about a user of its own, and looks at what has become of the user.
pub(crate) async fn carry_out_each_sample(stack: &StackProcess) {
    for (number, sample) in (1..).zip(samples()) {
        let sample = sample.about(number);
        match sample.read() {
            Ok(Parsed::Event(event)) => assert_does_its_operation(stack, &sample, &event).await,
            Ok(Parsed::Skipped(_)) => {
                let outcome = stack.event(&sample.envelope).await;
                assert_eq!(outcome["done"], true, "{}", sample.name);
            }
            Err(_) => {
                let outcome = stack.event(&sample.envelope).await;
                assert_eq!(outcome["done"], false, "{}", sample.name);
            }
        }
    }
}

async fn assert_does_its_operation(stack: &StackProcess, sample: &Sample, event: &ProviderEvent) {
    let (acs, name) = (stack.acs(), &sample.name);
    let user = before(stack, event).await;
    let outcome = stack.event(&sample.envelope).await;
    assert_eq!(outcome["done"], true, "{name}");

    let fresh = sign_in_after(stack, event).await;
    if event.operation == Operation::Unsuspend {
        assert!(acs.is_active(&user.token).await, "{name}");
        assert_eq!(stack.token(&fresh).await.identity(), user.identity, "{name}");
        return;
    }
    assert!(!acs.is_active(&user.token).await, "{name}: the token from before lives");
    match event.operation {
        Operation::Revoke { .. } => {
            assert_eq!(stack.token(&user.session).await.code(), "sign_in_again", "{name}");
            assert_eq!(stack.token(&fresh).await.identity(), user.identity, "{name}");
        }
        Operation::Suspend => {
            assert_eq!(stack.token(&user.session).await.code(), "user_suspended", "{name}");
            assert_eq!(stack.token(&fresh).await.code(), "user_suspended", "{name}");
        }
        _ => {
            assert_eq!(stack.token(&user.session).await.code(), "sign_in_again", "{name}");
            assert_ne!(stack.token(&fresh).await.identity(), user.identity, "{name}");
        }
    }
}

/// A late or repeated event does not end a session that began after it.
#[tokio::test]
async fn late_event_spares_newer_session() {
    let stack = StackProcess::start().await;
    let sample = sample("cognito-change-password");
    let event = sample.event().unwrap();
    before(&stack, &event).await;
    stack.event(&sample.envelope).await;
    let fresh = sign_in_after(&stack, &event).await;
    let token = stack.acs_token(&fresh).await;
    let revocations = stack.acs().requests("revoke").await;
    for _ in 0..3 {
        assert_eq!(stack.event(&sample.envelope).await["done"], true);
    }
    assert!(stack.acs().is_active(&token).await);
    assert_eq!(stack.acs().requests("revoke").await, revocations, "ACS was called again");
}

/// A later unsuspension ends a suspension, in whichever order the two arrive.
#[tokio::test]
async fn suspension_ends_in_any_order() {
    let stack = StackProcess::start().await;
    let at = |name: &str, second| sample(name).at(second);
    let suspended = at("generic-user-suspended", 1_790_000_000);
    let lifted = at("generic-user-unsuspended", 1_790_000_100);
    let event = suspended.event().unwrap();
    assert_eq!(event.occurred_at, Timestamp::from_second(1_790_000_000).unwrap());
    let later = stack.sign_in_at(&subject(&event), 1_790_000_200).await;

    stack.event(&lifted.envelope).await;
    stack.event(&suspended.envelope).await;
    assert_eq!(stack.token(&later).await.status, 200, "the late suspension was lifted before");

    let again = at("generic-user-suspended", 1_790_000_300);
    stack.event(&again.envelope).await;
    assert_eq!(stack.token(&later).await.code(), "user_suspended");
    stack.event(&lifted.envelope).await;
    assert_eq!(stack.token(&later).await.code(), "user_suspended", "an older event lifts nothing");
}

/// A whole batch locks its users out while ACS is silent.
#[tokio::test]
async fn batch_locks_out_despite_silent_acs() {
    // Three messages in nine seconds have as much time each as the template's ten in thirty.
    const USERS: u8 = 3;
    const TIME: Duration = Duration::from_secs(9);
    let stack = StackProcess::start().await;
    let (mut samples, mut sessions) = (Vec::new(), Vec::new());
    for number in 1..=USERS {
        let sample = sample("generic-password-changed").about(number);
        sessions.push(before(&stack, &sample.event().unwrap()).await.session);
        samples.push(sample);
    }
    let silence = json!({"operation": "revoke", "effect": {"delayMs": 60_000}});
    stack.acs().add_fault(silence).await;

    let response = consume_in_one_batch(&stack, &samples, TIME).await;
    let failed = serde_json::to_value(response.batch_item_failures).unwrap();
    assert_eq!(failed, json!([]), "not stored");
    assert!(stack.acs().requests("revoke").await >= u64::from(USERS), "ACS was not called");
    for session in &sessions {
        assert_eq!(stack.token(session).await.code(), "sign_in_again");
    }
}

/// An event without a user is counted, and logged for the operator.
#[tokio::test]
async fn event_without_user_is_logged() {
    let stack = StackProcess::start().await;
    let without_user = samples().into_iter().find(|sample| sample.name.ends_with("without-user"));
    assert_eq!(stack.event(&without_user.unwrap().envelope).await["done"], false);
    let log = stack.server.log();
    let line = lines(&log).find(|line| line["EventWithoutUser"] == 1).unwrap();
    assert_eq!((&line["level"], &line["code"]), (&json!("ERROR"), &json!("event_without_user")));
    assert!(line["hint"].as_str().unwrap().contains("dead-letter queue"), "{line}");
}

/// The log shows the operator how long a password change took to end the tokens.
#[tokio::test]
async fn revocation_latency_is_measured() {
    let stack = StackProcess::start().await;
    let sample = sample("generic-password-changed").at(acs_broker_harness::stack::now() - 2);
    stack.event(&sample.envelope).await;
    let log = stack.server.log();
    let line = lines(&log).find(|line| line["EventHandled"] == 1).unwrap();
    let milliseconds = line["RevocationLatency"].as_u64().unwrap();
    assert!((2000..60_000).contains(&milliseconds), "{line}");
    assert_eq!(line["operation"], "consumeEvent");
    assert!(!log.contains(&subject(&sample.event().unwrap())), "no user by name");
}
