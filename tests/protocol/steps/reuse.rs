//! A user who asks in a loop gets the same token again, and never one that a revocation should
//! have stopped.

use std::sync::Arc;
use std::time::Duration;

use acs_broker_core::{BrokerError, Initiator, Issued, Session, TokenSource};
use identity_client::Scope;
use tokio::time::advance;

use crate::harness::{Harness, ISSUE, grant};

/// Returns a user whose next token would be one from memory, and that token.
async fn asking_in_a_loop(harness: &Harness) -> Issued {
    for _ in 0..2 {
        harness.issue(&harness.session(5)).await.unwrap();
    }
    let issued = harness.issue(&harness.session(5)).await.unwrap();
    assert_eq!(issued.source, TokenSource::Reused);
    issued
}

/// From the third request within a minute on, a request costs one read and no call of ACS.
#[tokio::test(start_paused = true)]
async fn third_request_gets_same_token() {
    let harness = Harness::new();
    let first = harness.issue(&harness.session(5)).await.unwrap();
    let second = harness.issue(&harness.session(5)).await.unwrap();
    assert_eq!((first.source, second.source), (TokenSource::Created, TokenSource::Minted));
    let calls = harness.calls(ISSUE);
    for _ in 0..10 {
        advance(Duration::from_secs(4)).await;
        let issued = harness.issue(&harness.session(5)).await.unwrap();
        assert_eq!((issued.source, &issued.token), (TokenSource::Reused, &second.token));
        assert!(harness.is_active(&issued));
    }
    assert_eq!(harness.calls(ISSUE), calls);
    advance(Duration::from_secs(21)).await;
    let later = harness.issue(&harness.session(5)).await.unwrap();
    assert_eq!(later.source, TokenSource::Minted, "a minute after it was minted");
}

/// No operation leaves a dead token to be handed out, also when another process
/// carries the operation out.
#[tokio::test(start_paused = true)]
async fn every_operation_ends_reuse() {
    type Step = fn(Arc<Harness>) -> std::pin::Pin<Box<dyn Future<Output = ()>>>;
    let steps: [(&str, Step); 6] = [
        ("operator", |harness| {
            Box::pin(async move { harness.revoke(Initiator::Operator).await.unwrap() })
        }),
        ("event", |harness| {
            let occurred_at = harness.now();
            let event = Initiator::IdentityProvider { occurred_at };
            Box::pin(async move { harness.revoke(event).await.unwrap() })
        }),
        ("sessions kept", |harness| {
            Box::pin(async move { harness.revoke_keeping_sessions().await })
        }),
        ("suspension", |harness| {
            Box::pin(async move {
                harness.suspend(Initiator::Operator).await.unwrap();
                harness.unsuspend(Initiator::Operator).await;
            })
        }),
        ("deletion", |harness| {
            Box::pin(async move { harness.delete(Initiator::Operator).await.unwrap() })
        }),
        ("all users", |harness| {
            Box::pin(async move {
                harness.revoke_all().await;
                harness.scan().await.unwrap();
            })
        }),
    ];
    for (name, step) in steps {
        let harness = Harness::new();
        let old = asking_in_a_loop(&harness).await;
        step(Arc::clone(&harness)).await;
        assert!(!harness.is_active(&old), "{name}");
        advance(Duration::from_secs(1)).await;
        let new = harness.issue(&harness.session(0)).await.unwrap();
        assert_ne!(new.source, TokenSource::Reused, "{name}");
        assert!(harness.is_active(&new), "{name}");
    }
}

/// A session that has ended gets no token from memory either.
#[tokio::test(start_paused = true)]
async fn ended_session_gets_no_reused_token() {
    let harness = Harness::new();
    asking_in_a_loop(&harness).await;
    harness.revoke(Initiator::User { signed_in: harness.session(5).sign_in }).await.unwrap();
    let refused = harness.issue(&harness.session(5)).await;
    assert!(matches!(refused, Err(BrokerError::SignInAgain)), "{refused:?}");
}

/// The cutoff of all users counts before the scan has reached the user's row.
#[tokio::test(start_paused = true)]
async fn global_cutoff_ends_reuse() {
    let harness = Harness::new();
    asking_in_a_loop(&harness).await;
    harness.revoke_all().await;
    let refused = harness.issue(&harness.session(5)).await;
    assert!(matches!(refused, Err(BrokerError::SignInAgain)), "{refused:?}");
    advance(Duration::from_secs(1)).await;
    let new = harness.issue(&harness.session(0)).await.unwrap();
    assert_eq!(new.source, TokenSource::Minted);
    assert!(harness.is_active(&new));
}

/// A token for other scopes is another token.
#[tokio::test(start_paused = true)]
async fn other_grant_is_minted() {
    let harness = Harness::new();
    asking_in_a_loop(&harness).await;
    let mut other = grant();
    other.scopes = vec![Scope::ChatJoin];
    let issued = harness.issue_grant(&harness.session(5), &other).await.unwrap();
    assert_eq!(issued.source, TokenSource::Minted);
}

/// A user who makes the function mint by asking for ever other tokens is refused, until a minute
/// has passed; other users are not.
#[tokio::test(start_paused = true)]
async fn twenty_first_mint_is_refused() {
    let harness = Harness::new();
    harness.issue(&harness.session(5)).await.unwrap();
    let mut number = 0;
    let refused = loop {
        let mut other = grant();
        other.lifetime = (60 + number).try_into().unwrap();
        number += 1;
        advance(Duration::from_secs(1)).await;
        match harness.issue_grant(&harness.session(0), &other).await {
            Ok(_) => {}
            Err(refused) => break refused,
        }
    };
    let BrokerError::TooManyRequests { retry_after } = refused else { panic!("{refused:?}") };
    assert_eq!((number, retry_after), (21, Duration::from_secs(40)));
    advance(retry_after).await;
    let mut other = grant();
    other.lifetime = 100.try_into().unwrap();
    harness.issue_grant(&harness.session(0), &other).await.unwrap();
}

/// A regenerated key kills its tokens. Once this process knows that another key signs, it hands out
/// no token of the old one.
#[tokio::test(start_paused = true)]
async fn switched_key_ends_reuse() {
    let harness = Harness::new();
    let old = asking_in_a_loop(&harness).await;
    harness.regenerate_primary_key();
    assert!(!harness.is_active(&old));
    let bob = "user https://idp.example bob".parse().unwrap();
    harness.issue(&Session { user: bob, ..harness.session(5) }).await.unwrap();
    let new = harness.issue(&harness.session(5)).await.unwrap();
    assert_eq!(new.source, TokenSource::Minted);
    assert!(harness.is_active(&new));
}
