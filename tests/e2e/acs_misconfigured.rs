//! ACS refuses the deployment, or an identity is gone: the log tells the operator the remedy, an
//! identity that is only out of reach is kept, and accepted operations are completed in the end.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use acs_broker_core::IdentityState;
use acs_broker_harness::log::{counted, lines};
use acs_broker_harness::process::free_port;
use acs_broker_harness::response::Response;
use acs_broker_harness::stack::{Jwt, StackProcess};
use acs_broker_harness::sweeper::sweep_later;
use acs_broker_harness::table::change;
use futures_util::future::join_all;
use identity_client::{
    ClientOptions, ConnectionString, Deadline, IdentityClient, ReqwestTransport, http_client,
};
use serde_json::json;
use tempfile::TempDir;

/// A sign-in before everything that happens in a test.
const LONG_AGO: i64 = 1_700_000_000;

/// A regenerated key stops every operation until the setting follows, and loses nothing.
#[tokio::test]
async fn regenerated_key_stops_everything_loses_nothing() {
    let (folder, port) = (TempDir::new().unwrap(), free_port());
    let stack = start_with_state(folder.path(), port).await;
    let [alice, bob, carol] = users(&stack).await;
    let new = stack.sign_in_at("new", LONG_AGO).await;
    stack.acs().regenerate_key("primary").await;

    refused(&stack, [&alice, &bob, &carol], &new).await;
    assert_eq!(stack.acs().identities().await.len(), 3);
    stack.kill().await;

    // A new start reads the connection string anew, as a new deployment does.
    recovers(&start_with_state(folder.path(), port).await, &alice, &new).await;
}

/// The connection string of another resource leaves each user with their identity.
#[tokio::test]
async fn foreign_connection_string_orphans_no_user() {
    let (folder, port) = (TempDir::new().unwrap(), free_port());
    let stack = start_with_state(folder.path(), port).await;
    let [alice, bob, carol] = users(&stack).await;
    stack.kill().await;
    let (own, put_away) = (folder.path().join("acs.jsonl"), folder.path().join("own.jsonl"));
    fs::rename(&own, &put_away).unwrap();

    let stack = start_with_state(folder.path(), port).await;
    for response in
        [stack.token(&alice.0).await, stack.revoke(&bob.0).await, stack.delete(&carol.0).await]
    {
        is_misconfigured(&response);
    }
    assert_eq!(stack.acs().identities().await, [], "a user got a second identity");
    stack.kill().await;

    fs::rename(&put_away, &own).unwrap();
    let stack = start_with_state(folder.path(), port).await;
    let new = stack.sign_in_at("new", LONG_AGO).await;
    recovers(&stack, &alice, &new).await;
}

/// An API version that ACS does not know creates nothing, and the log tells the operator the
/// remedy.
#[tokio::test]
async fn unknown_api_version_is_logged_with_hint() {
    let mut command = StackProcess::command();
    command.arg("--in-memory").env("ACS_API_VERSION", "2024-01-01");
    let stack = StackProcess::run(&mut command).await;
    let session = stack.sign_in("alice").await;
    is_misconfigured(&stack.token(&session).await);
    assert_eq!(stack.acs().identities().await, []);
    assert_logs_the_hint(&stack);
}

/// An identity that was deleted at ACS behind the broker is replaced once for all devices of its
/// user.
#[tokio::test]
async fn missing_identity_is_replaced_once() {
    let stack = StackProcess::start().await;
    let acs = stack.acs();
    let session = stack.sign_in("alice").await;
    let first = stack.token(&session).await.identity();
    delete_at_acs(&stack, &first).await;

    // A 404 counts only when a second one confirms it at least a minute later.
    let unconfirmed = stack.token(&session).await;
    assert_eq!(
        (unconfirmed.status.as_u16(), unconfirmed.code().as_str()),
        (503, "acs_unavailable")
    );
    assert_ne!(unconfirmed.header("retry-after"), "");
    change(&stack, "alice", |record| {
        let IdentityState::Bound(bound) = &mut record.identity else { panic!("no identity") };
        let since = bound.not_found_since.unwrap();
        bound.not_found_since = Some(since.checked_sub(Duration::from_mins(1)).unwrap());
    })
    .await;
    let responses = join_all((0..16).map(|_| stack.token(&session))).await;

    let second = acs.live_identities().await;
    assert_eq!(second.len(), 1);
    let granted: Vec<_> = responses.iter().filter(|response| response.status == 200).collect();
    assert!(!granted.is_empty(), "{responses:?}");
    for response in granted {
        assert_eq!(response.identity(), second[0]);
        assert!(acs.is_active(&response.token()).await);
    }
    for response in responses.iter().filter(|response| response.status != 200) {
        assert_eq!((response.status.as_u16(), response.code().as_str()), (503, "identity_busy"));
        assert_ne!(response.header("retry-after"), "");
    }
    assert_eq!(counted(&stack.server.log(), "IdentityReplaced"), 1);
    assert_eq!(counted(&stack.server.log(), "IdentityUnconfirmed"), 0);
}

/// A user whose identity was deleted at ACS behind the broker can still revoke and be deleted.
#[tokio::test]
async fn missing_identity_can_be_revoked_and_deleted() {
    let stack = StackProcess::start().await;
    for (name, keeps) in [("revoking", true), ("deleting", false)] {
        let session = stack.sign_in_at(name, LONG_AGO).await;
        let identity = stack.token(&session).await.identity();
        delete_at_acs(&stack, &identity).await;
        let response =
            if keeps { stack.revoke(&session).await } else { stack.delete(&session).await };
        assert_eq!(response.status, 204, "{name}");
    }
    let report = sweep_later(&stack).await;
    let confirmed = (&report["revoked"], &report["deleted"]);
    assert_eq!(confirmed, (&json!(1), &json!(1)), "{report}");
    let report = sweep_later(&stack).await;
    assert_eq!((&report["revoked"], &report["deleted"]), (&json!(0), &json!(0)), "{report}");
}

/// Starts a stack whose users and identities outlive it.
async fn start_with_state(folder: &Path, port: u16) -> StackProcess {
    StackProcess::run(StackProcess::command_on(port).arg("--state").arg(folder)).await
}

/// Three users who have signed in long ago, each with a token.
async fn users(stack: &StackProcess) -> [(Jwt, Response); 3] {
    let user = async |name| {
        let session = stack.sign_in_at(name, LONG_AGO).await;
        let response = stack.token(&session).await;
        assert_eq!(response.status, 200);
        (session, response)
    };
    [user("alice").await, user("bob").await, user("carol").await]
}

/// Asserts that ACS refuses a renewal, a revocation, a deletion and a new user.
async fn refused(stack: &StackProcess, [alice, bob, carol]: [&(Jwt, Response); 3], new: &Jwt) {
    for response in [
        stack.token(new).await,
        stack.token(&alice.0).await,
        stack.revoke(&bob.0).await,
        stack.delete(&carol.0).await,
    ] {
        is_misconfigured(&response);
    }
    assert_logs_the_hint(stack);
}

/// Asserts that all users go on as before, and that the accepted operations are completed.
async fn recovers(stack: &StackProcess, alice: &(Jwt, Response), new: &Jwt) {
    let acs = stack.acs();
    assert_eq!(stack.token(&alice.0).await.identity(), alice.1.identity());
    assert_eq!(stack.token(new).await.status, 200);
    let report = sweep_later(stack).await;
    assert_eq!((&report["revoked"], &report["deleted"]), (&json!(1), &json!(1)), "{report}");
    assert_eq!(acs.live_identities().await.len(), 3, "alice's, bob's and the new user's");
}

fn is_misconfigured(response: &Response) {
    let seen = (response.status.as_u16(), response.code(), response.header("retry-after"));
    assert_eq!(seen, (500, "acs_misconfigured".to_owned(), ""), "{response:?}");
}

fn assert_logs_the_hint(stack: &StackProcess) {
    let log = stack.server.log();
    let logged: Vec<_> = lines(&log).filter(|line| line["code"] == "acs_misconfigured").collect();
    assert!(!logged.is_empty(), "{log}");
    for line in logged {
        assert_eq!(line["level"], "ERROR");
        assert!(line["hint"].as_str().unwrap().contains("ACS_CONNECTION_STRING"), "{line}");
    }
}

/// Deletes an identity at ACS behind the broker, with the same key.
async fn delete_at_acs(stack: &StackProcess, identity: &str) {
    let text = stack.ready("/acs/connectionString");
    let ConnectionString { endpoint, access_key } = ConnectionString::parse_insecure(text).unwrap();
    let transport = Arc::new(ReqwestTransport::new(http_client(None).unwrap()));
    let client = IdentityClient::new(endpoint, access_key, transport, ClientOptions::default());
    #[expect(clippy::disallowed_methods, reason = "the clock of another client")]
    let deadline = Deadline::new(identity_client::Timestamp::now(), Duration::from_secs(30));
    client.delete_user(&identity.parse().unwrap(), &deadline).await.unwrap();
}
