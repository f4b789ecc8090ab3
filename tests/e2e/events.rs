//! What identity providers say: it ends tokens and sessions by itself.

use std::time::Duration;

use acs_broker_harness::events::{Sample, sample, samples, subject};
use acs_broker_harness::log::lines;
use acs_broker_harness::queue::revoke_in_one_batch;
use acs_broker_harness::stack::{Jwt, Stack};
use acs_broker_identity_events::{Action, IdentityEvent, Reading};
use identity_client::Timestamp;
use serde_json::json;

/// A user with a token from before the event, and the session it belongs to.
struct Before {
    session: Jwt,
    token: String,
    identity: String,
}

async fn before(stack: &Stack, event: &IdentityEvent) -> Before {
    let session = stack.sign_in_at(&subject(event), event.occurred_at.as_second() - 100).await;
    let answer = stack.token(&session).await;
    Before { session, token: answer.token(), identity: answer.identity() }
}

/// A session that begins in the second after the event.
async fn sign_in_after(stack: &Stack, event: &IdentityEvent) -> Jwt {
    stack.sign_in_at(&subject(event), event.occurred_at.as_second() + 1).await
}

#[tokio::test]
async fn every_kind_of_event_does_to_its_user_what_it_should_and_to_nobody_else() {
    let stack = Stack::start().await;
    for (number, sample) in (1..).zip(samples()) {
        let sample = sample.about(number);
        match sample.read() {
            Ok(Reading::Change(event)) => acts(&stack, &sample, &event).await,
            Ok(Reading::Ignored(_)) => {
                let said = stack.event(&sample.envelope).await;
                assert_eq!(said, json!({"function": "revoke", "done": true}), "{}", sample.name);
            }
            Err(_) => {
                let said = stack.event(&sample.envelope).await;
                assert_eq!(said, json!({"function": "revoke", "done": false}), "{}", sample.name);
            }
        }
    }
}

async fn acts(stack: &Stack, sample: &Sample, event: &IdentityEvent) {
    let (acs, name) = (stack.acs(), &sample.name);
    let user = before(stack, event).await;
    let said = stack.event(&sample.envelope).await;
    let function = if event.action == Action::Delete { "delete" } else { "revoke" };
    assert_eq!(said, json!({"function": function, "done": true}), "{name}");

    let fresh = sign_in_after(stack, event).await;
    if event.action == Action::Unsuspend {
        assert!(acs.is_active(&user.token).await, "{name}");
        assert_eq!(stack.token(&fresh).await.identity(), user.identity, "{name}");
        return;
    }
    assert!(!acs.is_active(&user.token).await, "{name}: the token from before lives");
    match event.action {
        Action::Revoke => {
            assert_eq!(stack.token(&user.session).await.code(), "sign_in_again", "{name}");
            assert_eq!(stack.token(&fresh).await.identity(), user.identity, "{name}");
        }
        Action::Suspend => {
            assert_eq!(stack.token(&user.session).await.code(), "user_suspended", "{name}");
            assert_eq!(stack.token(&fresh).await.code(), "user_suspended", "{name}");
        }
        _ => {
            assert_eq!(stack.token(&user.session).await.code(), "sign_in_again", "{name}");
            assert_ne!(stack.token(&fresh).await.identity(), user.identity, "{name}");
        }
    }
}

#[tokio::test]
async fn a_late_or_repeated_event_does_not_sign_out_who_has_signed_in_since() {
    let stack = Stack::start().await;
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
    assert_eq!(stack.acs().requests("revoke").await, revocations, "ACS was asked again");
}

#[tokio::test]
async fn a_suspension_ends_with_its_own_end_in_whatever_order_the_two_arrive() {
    let stack = Stack::start().await;
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
    assert_eq!(stack.token(&later).await.code(), "user_suspended", "an older word lifts nothing");
}

#[tokio::test]
async fn a_whole_batch_locks_its_users_out_while_acs_is_silent() {
    // Three messages in nine seconds have as much time each as the template's ten in thirty.
    const USERS: u8 = 3;
    const TIME: Duration = Duration::from_secs(9);
    let stack = Stack::start().await;
    let (mut samples, mut sessions) = (Vec::new(), Vec::new());
    for number in 1..=USERS {
        let sample = sample("generic-password-changed").about(number);
        sessions.push(before(&stack, &sample.event().unwrap()).await.session);
        samples.push(sample);
    }
    let silence = json!({"operation": "revoke", "effect": {"delayMs": 60_000}});
    stack.acs().add_fault(silence).await;

    let answer = revoke_in_one_batch(&stack, &samples, TIME).await;
    let put_back = serde_json::to_value(answer.batch_item_failures).unwrap();
    assert_eq!(put_back, json!([]), "not written down");
    assert!(stack.acs().requests("revoke").await >= u64::from(USERS), "ACS was not asked");
    for session in &sessions {
        assert_eq!(stack.token(session).await.code(), "sign_in_again");
    }
}

#[tokio::test]
async fn an_event_that_names_nobody_is_counted_and_logged_for_the_operator() {
    let stack = Stack::start().await;
    let nobody = samples().into_iter().find(|sample| sample.name.ends_with("without-user"));
    assert_eq!(stack.event(&nobody.unwrap().envelope).await["done"], false);
    let log = stack.server.log();
    let line = lines(&log).find(|line| line["EventWithoutUser"] == 1).unwrap();
    assert_eq!((&line["level"], &line["code"]), (&json!("ERROR"), &json!("event_without_user")));
    assert!(line["remedy"].as_str().unwrap().contains("dead-letter queue"), "{line}");
}

#[tokio::test]
async fn an_operator_sees_how_long_a_password_change_took_to_end_the_tokens() {
    let stack = Stack::start().await;
    let sample = sample("generic-password-changed").at(acs_broker_harness::stack::now() - 2);
    stack.event(&sample.envelope).await;
    let log = stack.server.log();
    let line = lines(&log).find(|line| line["EventHandled"] == 1).unwrap();
    let milliseconds = line["EventToRevocation"].as_u64().unwrap();
    assert!((2000..60_000).contains(&milliseconds), "{line}");
    assert_eq!(line["operation"], "revokeByEvent");
    assert!(!log.contains(&subject(&sample.event().unwrap())), "no user by name");
}
