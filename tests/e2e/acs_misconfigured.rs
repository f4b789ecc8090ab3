//! Deployments that ACS refuses, and identities that are gone: the operator is told what to do,
//! nothing is made anew that is only out of reach, and what was accepted is done in the end.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise"
)]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use acs_broker_harness::answer::Answer;
use acs_broker_harness::log::{counted, lines};
use acs_broker_harness::process::free_port;
use acs_broker_harness::stack::{Jwt, Stack};
use acs_broker_harness::sweeper::sweep_later;
use acs_broker_harness::table::change;
use futures_util::future::join_all;
use identity_client::{
    ConnectionString, Deadline, IdentityClient, Options, ReqwestTransport, http_client,
};
use serde_json::json;
use tempfile::TempDir;

/// A sign-in before everything that happens in a test.
const LONG_AGO: i64 = 1_700_000_000;

#[tokio::test]
async fn a_regenerated_key_stops_everything_until_the_setting_follows_and_loses_nothing() {
    let (folder, port) = (TempDir::new().unwrap(), free_port());
    let stack = kept(folder.path(), port).await;
    let [alice, bob, carol] = users(&stack).await;
    let new = stack.sign_in_at("new", LONG_AGO).await;
    stack.acs().regenerate_key("primary").await;

    refused(&stack, [&alice, &bob, &carol], &new).await;
    assert_eq!(stack.acs().identities().await.len(), 3);
    stack.kill().await;

    // A new start reads the connection string anew, as a new deployment does.
    recovers(&kept(folder.path(), port).await, &alice, &new).await;
}

#[tokio::test]
async fn another_resources_connection_string_orphans_nobody() {
    let (folder, port) = (TempDir::new().unwrap(), free_port());
    let stack = kept(folder.path(), port).await;
    let [alice, bob, carol] = users(&stack).await;
    stack.kill().await;
    let (own, put_away) = (folder.path().join("acs.jsonl"), folder.path().join("own.jsonl"));
    fs::rename(&own, &put_away).unwrap();

    let stack = kept(folder.path(), port).await;
    for answer in
        [stack.token(&alice.0).await, stack.revoke(&bob.0).await, stack.delete(&carol.0).await]
    {
        is_misconfigured(&answer);
    }
    assert_eq!(stack.acs().identities().await, [], "nobody got a second identity");
    stack.kill().await;

    fs::rename(&put_away, &own).unwrap();
    let stack = kept(folder.path(), port).await;
    let new = stack.sign_in_at("new", LONG_AGO).await;
    recovers(&stack, &alice, &new).await;
}

#[tokio::test]
async fn a_version_that_acs_does_not_speak_is_told_to_the_operator_and_makes_nothing() {
    let mut command = Stack::command();
    command.arg("--in-memory").env("ACS_API_VERSION", "2024-01-01");
    let stack = Stack::run(&mut command).await;
    let session = stack.sign_in("alice").await;
    is_misconfigured(&stack.token(&session).await);
    assert_eq!(stack.acs().identities().await, []);
    assert_tells_the_remedy(&stack);
}

#[tokio::test]
async fn an_identity_deleted_behind_our_back_is_made_anew_once_for_all_of_a_users_devices() {
    let stack = Stack::start().await;
    let acs = stack.acs();
    let session = stack.sign_in("alice").await;
    let first = stack.token(&session).await.identity();
    delete_at_acs(&stack, &first).await;

    // ACS's word is believed when it says so again a minute later.
    let doubted = stack.token(&session).await;
    assert_eq!((doubted.status.as_u16(), doubted.code().as_str()), (503, "acs_unavailable"));
    assert_ne!(doubted.header("retry-after"), "");
    change(&stack, "alice", |record| {
        let since = record.doubted_since.unwrap();
        record.doubted_since = Some(since.checked_sub(Duration::from_mins(1)).unwrap());
    })
    .await;
    let answers = join_all((0..16).map(|_| stack.token(&session))).await;

    let second = acs.live_identities().await;
    assert_eq!(second.len(), 1);
    let granted: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert!(!granted.is_empty(), "{answers:?}");
    for answer in granted {
        assert_eq!(answer.identity(), second[0]);
        assert!(acs.is_active(&answer.token()).await);
    }
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "identity_busy"));
        assert_ne!(answer.header("retry-after"), "");
    }
    assert_eq!(counted(&stack.server.log(), "IdentityReplaced"), 1);
    assert_eq!(counted(&stack.server.log(), "IdentityPossiblyLost"), 0);
}

#[tokio::test]
async fn whose_identity_was_deleted_behind_our_back_can_still_revoke_and_leave() {
    let stack = Stack::start().await;
    for (name, keeps) in [("revoking", true), ("deleting", false)] {
        let session = stack.sign_in_at(name, LONG_AGO).await;
        let identity = stack.token(&session).await.identity();
        delete_at_acs(&stack, &identity).await;
        let answer =
            if keeps { stack.revoke(&session).await } else { stack.delete(&session).await };
        assert_eq!(answer.status, 204, "{name}");
    }
    let report = sweep_later(&stack).await;
    let said_twice = (&report["revoked"], &report["deleted"]);
    assert_eq!(said_twice, (&json!(1), &json!(1)), "{report}");
    let report = sweep_later(&stack).await;
    assert_eq!((&report["revoked"], &report["deleted"]), (&json!(0), &json!(0)), "{report}");
}

/// A stack whose users and identities outlive it.
async fn kept(folder: &Path, port: u16) -> Stack {
    Stack::run(Stack::command_on(port).arg("--state").arg(folder)).await
}

/// Three users who have signed in long ago, each with a token.
async fn users(stack: &Stack) -> [(Jwt, Answer); 3] {
    let user = async |name| {
        let session = stack.sign_in_at(name, LONG_AGO).await;
        let answer = stack.token(&session).await;
        assert_eq!(answer.status, 200);
        (session, answer)
    };
    [user("alice").await, user("bob").await, user("carol").await]
}

/// The first renews, the second revokes, the third leaves, a fourth is new: ACS refuses them all.
async fn refused(stack: &Stack, [alice, bob, carol]: [&(Jwt, Answer); 3], new: &Jwt) {
    for answer in [
        stack.token(new).await,
        stack.token(&alice.0).await,
        stack.revoke(&bob.0).await,
        stack.delete(&carol.0).await,
    ] {
        is_misconfigured(&answer);
    }
    assert_tells_the_remedy(stack);
}

/// All goes on where it stopped, and what was accepted meanwhile is done.
async fn recovers(stack: &Stack, alice: &(Jwt, Answer), new: &Jwt) {
    let acs = stack.acs();
    assert_eq!(stack.token(&alice.0).await.identity(), alice.1.identity());
    assert_eq!(stack.token(new).await.status, 200);
    let report = sweep_later(stack).await;
    assert_eq!((&report["revoked"], &report["deleted"]), (&json!(1), &json!(1)), "{report}");
    assert_eq!(acs.live_identities().await.len(), 3, "alice's, bob's and the new user's");
}

fn is_misconfigured(answer: &Answer) {
    let seen = (answer.status.as_u16(), answer.code(), answer.header("retry-after"));
    assert_eq!(seen, (500, "acs_misconfigured".to_owned(), ""), "{answer:?}");
}

fn assert_tells_the_remedy(stack: &Stack) {
    let log = stack.server.log();
    let told: Vec<_> = lines(&log).filter(|line| line["code"] == "acs_misconfigured").collect();
    assert!(!told.is_empty(), "{log}");
    for line in told {
        assert_eq!(line["level"], "ERROR");
        assert!(line["remedy"].as_str().unwrap().contains("ACS_CONNECTION_STRING"), "{line}");
    }
}

/// Deletes an identity as somebody else does who has the key.
async fn delete_at_acs(stack: &Stack, identity: &str) {
    let text = stack.ready("/acs/connectionString");
    let ConnectionString { endpoint, access_key } = ConnectionString::parse_insecure(text).unwrap();
    let transport = Arc::new(ReqwestTransport::new(http_client(None).unwrap()));
    let client = IdentityClient::new(endpoint, access_key, transport, Options::default());
    #[expect(clippy::disallowed_methods, reason = "the clock of somebody else")]
    let deadline = Deadline::new(identity_client::Timestamp::now(), Duration::from_secs(30));
    client.delete_user(&identity.parse().unwrap(), &deadline).await.unwrap();
}
