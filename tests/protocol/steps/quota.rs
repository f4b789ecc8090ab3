//! One user cannot use up the quota that all users share at ACS.

use std::time::Duration;

use acs_broker_core::{BrokerError, BrokerEvent, Initiator, Session};
use tokio::time::{Instant, advance};

use crate::harness::{CREATE, DELETE, Harness, NO_SUCH_IDENTITY, REVOKE, Turn, alice};

/// Returns how long the failed request must wait.
fn pause<T: std::fmt::Debug>(outcome: Result<T, BrokerError>) -> Duration {
    match outcome {
        Err(BrokerError::Paused { retry_after, .. }) => retry_after,
        other => panic!("not paused: {other:?}"),
    }
}

/// A user whose pending operation ACS refuses asks a hundred times in a minute, and ACS is called
/// at most once in five seconds.
#[tokio::test(start_paused = true)]
async fn refused_operation_is_tried_once_in_five_seconds() {
    let harness = Harness::new();
    harness.issue(&harness.session(5)).await.unwrap();
    harness.on_all(REVOKE, || NO_SUCH_IDENTITY);
    harness.revoke(Initiator::Operator).await.unwrap();
    advance(Duration::from_secs(1)).await;
    let (started, before) = (Instant::now(), harness.calls(REVOKE));
    while started.elapsed() < Duration::from_secs(55) {
        advance(Duration::from_millis(500)).await;
        let asked_at = Instant::now();
        let wait = pause(harness.issue(&harness.session(0)).await);
        assert!(wait <= Duration::from_mins(1), "{wait:?}");
        assert!(asked_at.elapsed() < Duration::from_millis(100), "it responds at once");
    }
    let calls = harness.calls(REVOKE) - before;
    assert!((10..=11).contains(&calls), "{calls} calls in 55 seconds");
}

/// Fifty requests at once for such a user make one call.
#[tokio::test(start_paused = true)]
async fn parallel_requests_make_one_call() {
    let harness = Harness::new();
    harness.issue(&harness.session(5)).await.unwrap();
    harness.on_all(REVOKE, || Turn::Respond(503, ""));
    harness.revoke(Initiator::Operator).await.unwrap_err();
    advance(Duration::from_secs(6)).await;
    let before = harness.calls(REVOKE);
    let sessions: Vec<_> = (0..50).map(|_| harness.session(0)).collect();
    let requests = sessions.iter().map(|session| harness.issue(session));
    for outcome in futures_util::future::join_all(requests).await {
        pause(outcome);
    }
    assert_eq!(harness.calls(REVOKE) - before, 1);
}

/// A user who repeats a deletion that ACS refuses does not call ACS each time, and no deletion is
/// lost.
#[tokio::test(start_paused = true)]
async fn repeated_deletion_is_tried_once_in_five_seconds() {
    let harness = Harness::new();
    harness.issue(&harness.session(5)).await.unwrap();
    let own = Initiator::User { signed_in: harness.session(5).sign_in };
    harness.on_all(DELETE, || Turn::Respond(503, ""));
    harness.delete(own).await.unwrap_err();
    let before = harness.calls(DELETE);
    for _ in 0..20 {
        advance(Duration::from_millis(200)).await;
        pause(harness.delete(own).await);
    }
    assert_eq!(harness.calls(DELETE), before);
    advance(Duration::from_secs(2)).await;
    pause(harness.delete(own).await);
    assert_eq!(harness.calls(DELETE), before + 1);
    harness.clear_script();
    advance(Duration::from_secs(5)).await;
    harness.delete(own).await.unwrap();
    assert_eq!(harness.live_identities(), []);
}

/// A user who revokes in a loop and keeps the sessions calls ACS five times a minute; others, and the
/// operators, are not held up.
#[tokio::test(start_paused = true)]
async fn repeated_revocation_is_refused() {
    let harness = Harness::new();
    let session = harness.session(5);
    harness.issue(&session).await.unwrap();
    let own = Initiator::User { signed_in: session.sign_in };
    let mut refused = 0;
    for _ in 0..59 {
        advance(Duration::from_secs(1)).await;
        match harness.revoke_and_keep(own).await {
            Ok(()) => {}
            Err(BrokerError::TooManyRequests { retry_after }) => {
                assert!(retry_after <= Duration::from_mins(1), "{retry_after:?}");
                refused += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((harness.calls(REVOKE), refused), (5, 54));
    harness.revoke_and_keep(Initiator::Operator).await.unwrap();
    advance(Duration::from_secs(3)).await;
    harness.revoke_and_keep(own).await.unwrap();
    harness.revoke(own).await.unwrap();
    assert_eq!(
        harness.calls(REVOKE),
        8,
        "an own revocation that ends the session is never refused"
    );
}

/// Five seconds after ACS has recovered at the latest, the user has a token.
#[tokio::test(start_paused = true)]
async fn recovery_takes_five_seconds() {
    let harness = Harness::new();
    harness.issue(&harness.session(5)).await.unwrap();
    harness.on_all(REVOKE, || Turn::Respond(503, ""));
    harness.revoke(Initiator::Operator).await.unwrap_err();
    advance(Duration::from_secs(20)).await;
    pause(harness.issue(&harness.session(0)).await);
    harness.clear_script();
    advance(Duration::from_secs(5)).await;
    harness.issue(&harness.session(0)).await.unwrap();
}

/// A request waits for an attempt that is under way, and gets its token when it is done.
#[tokio::test(start_paused = true)]
async fn attempt_under_way_is_waited_for() {
    let harness = Harness::new();
    harness.issue(&harness.session(5)).await.unwrap();
    harness.interleave(REVOKE, |harness| async move {
        let other = std::sync::Arc::clone(&harness);
        tokio::spawn(async move { other.issue(&other.session(0)).await.unwrap() });
        tokio::time::sleep(Duration::from_secs(1)).await;
    });
    harness.revoke(Initiator::User { signed_in: harness.session(5).sign_in }).await.unwrap();
    assert_eq!(harness.calls(REVOKE), 1);
}

/// Lost creations slow down: 1, 2, 4 seconds and so on, so that one user does not make an orphan a
/// moment.
#[tokio::test(start_paused = true)]
async fn lost_creations_slow_down() {
    let harness = Harness::new();
    harness.on_all(CREATE, || Turn::ReplyLost);
    for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
        let wait = pause(harness.issue(&harness.session(0)).await);
        assert_eq!(wait, Duration::from_secs(seconds));
        let moment = Duration::from_millis(1);
        advance(wait.checked_sub(moment).unwrap()).await;
        let calls = harness.calls(CREATE);
        let rest = pause(harness.issue(&harness.session(0)).await);
        assert!(rest <= Duration::from_millis(1), "{rest:?}");
        assert_eq!(harness.calls(CREATE), calls, "no creation during the pause");
        advance(Duration::from_millis(1)).await;
    }
    assert_eq!(harness.record(&alice()).await.unconfirmed_identities, 8);
    harness.clear_script();
    assert!(harness.issue(&harness.session(0)).await.unwrap().created());
    assert_eq!(harness.record(&alice()).await.creation_pause, None, "a binding ends the pauses");
    let lost =
        harness.events().into_iter().filter(|event| *event == BrokerEvent::IdentityUnconfirmed);
    assert_eq!(lost.count(), 8);
}

/// One user asks fifty times a second for half a minute. Without the memory they would use up
/// ACS's quota of a thousand tokens; with it, fifty other users notice nothing.
#[tokio::test(start_paused = true)]
async fn greedy_user_leaves_room_for_others() {
    let harness = Harness::with_quotas();
    let session = |name: &str| {
        let user = format!("user https://idp.example {name}").parse().unwrap();
        Session { user, ..harness.session(60) }
    };
    let others: Vec<_> = (0..50).map(|number| session(&format!("user {number}"))).collect();
    for turn in 0..1500 {
        harness.issue(&session("greedy")).await.unwrap();
        // Each of the others asks twice in the half minute.
        if turn % 15 == 0 {
            harness.issue(&others[turn / 15 % 50]).await.unwrap();
        }
        advance(Duration::from_millis(20)).await;
    }
    // Each call that mints is a POST below `/identities`.
    let calls = harness.calls(CREATE);
    assert!(calls <= 103, "{calls} calls for 1,600 requests");
}
