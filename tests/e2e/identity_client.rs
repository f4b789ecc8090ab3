//! The identity client against the emulator's server: each API version over the network, and the
//! quickstart as a program.
#![expect(clippy::disallowed_methods, reason = "the clock of a client")]

use std::fs;
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use acs_broker_harness::emulator::EmulatorControl;
use acs_broker_harness::process::{Server, run, workspace_binary};
use identity_client::{
    ApiVersion, ClientOptions, ConnectionString, Deadline, IdentityClient, Lifetime,
    ReqwestTransport, Scope, Timestamp, http_client,
};
use serde_json::Value;
use tempfile::TempDir;

const GA_VERSIONS: [&str; 7] = [
    "2021-03-07",
    "2022-06-01",
    "2022-10-01",
    "2023-10-01",
    "2025-06-30",
    "2026-07-22",
    "2026-09-23",
];

/// The emulator's server, and the folder of its certificate, which lives as long.
struct EmulatorProcess {
    server: Server,
    _folder: TempDir,
}

async fn emulator() -> EmulatorProcess {
    let folder = TempDir::new().expect("a temporary folder");
    let mut command = workspace_binary("acs-emulator");
    command.args(["--json", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--ca-file"]);
    command.arg(folder.path().join("ca.pem"));
    EmulatorProcess { server: Server::start(&mut command).await, _folder: folder }
}

fn text<'a>(ready: &'a Value, pointer: &str) -> &'a str {
    ready.pointer(pointer).and_then(Value::as_str).expect("the ready line names it")
}

fn acs(ready: &Value) -> EmulatorControl {
    EmulatorControl::new(text(ready, "/http"))
}

fn deadline() -> Deadline {
    Deadline::new(Timestamp::now(), Duration::from_secs(20))
}

fn client(ready: &Value, api_version: ApiVersion) -> IdentityClient {
    let authority = fs::read(text(ready, "/caFile")).expect("the emulator's authority");
    let http = http_client(Some(&authority)).expect("an HTTP client");
    let connection: ConnectionString =
        text(ready, "/connectionStrings/https").parse().expect("a connection string");
    let options = ClientOptions { api_version, ..ClientOptions::default() };
    let transport = Arc::new(ReqwestTransport::new(http));
    IdentityClient::new(connection.endpoint, connection.access_key, transport, options)
}

/// Each operation works over https in each GA version.
#[tokio::test]
async fn every_ga_version_works_over_https() {
    let emulator = emulator().await;
    let acs = acs(&emulator.server.ready);
    for version in GA_VERSIONS {
        let client = client(&emulator.server.ready, version.parse().expect("a version"));
        let user = client.create_user(&deadline()).await.expect(version);
        let scopes = [Scope::Chat, Scope::Voip];
        let day = Lifetime::DEFAULT;
        let issued = client.issue_token(&user, &scopes, day, &deadline()).await;
        let issued = issued.expect(version);
        assert_eq!(issued.identity, user);
        let created = client.create_user_with_token(&scopes, day, &deadline()).await;
        let created = created.expect(version);
        assert_ne!(created.identity, user, "{version}");
        let first_token = created.token.expect(version);
        for token in [&issued.token, &first_token] {
            assert!(acs.is_active(token.secret()).await, "{version}");
        }

        client.revoke_tokens(&user, &deadline()).await.expect(version);
        assert!(!acs.is_active(issued.token.secret()).await, "{version}");
        client.delete_user(&created.identity, &deadline()).await.expect(version);
        assert!(!acs.is_active(first_token.secret()).await, "{version}");
        let gone = client.delete_user(&created.identity, &deadline()).await;
        assert!(gone.expect_err(version).is_no_such_identity(), "{version}");
    }
}

/// A short lifetime and the join scopes work in the versions that have them.
#[tokio::test]
async fn short_lifetime_and_join_scopes_work() {
    let emulator = emulator().await;
    let scopes = [Scope::ChatJoin, Scope::ChatJoinLimited, Scope::VoipJoin];
    let client = client(&emulator.server.ready, ApiVersion::default());
    let before = Timestamp::now();
    let created = client.create_user_with_token(&scopes, Lifetime::MIN, &deadline()).await;
    let token = created.expect("an identity").token.expect("a token");
    let life = token.expires_on().duration_since(before);
    assert!((3595..=3605).contains(&life.as_secs()), "{life:?}");
}

async fn quickstart(environment: &[(&str, &str)]) -> (Output, String) {
    let mut command = workspace_binary("examples/quickstart");
    command.env_remove("COMMUNICATION_SERVICES_CONNECTION_STRING");
    let output = run(command.envs(environment.iter().copied()), "").await;
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    (output, String::from_utf8(text).expect("text"))
}

/// The quickstart creates a user, issues and revokes a token, and deletes the user.
#[tokio::test]
async fn quickstart_runs_to_the_end() {
    let emulator = emulator().await;
    let (output, printed) = quickstart(&[
        (
            "COMMUNICATION_SERVICES_CONNECTION_STRING",
            text(&emulator.server.ready, "/connectionStrings/https"),
        ),
        ("ACS_EXTRA_CA_FILE", text(&emulator.server.ready, "/caFile")),
    ])
    .await;
    assert!(output.status.success(), "{printed}");
    let lines: Vec<&str> = printed.lines().filter(|line| !line.is_empty()).collect();
    let [_, created, issued, token, revoked, deleted] = lines.as_slice() else {
        panic!("other lines than expected: {lines:?}");
    };
    let id = created.strip_prefix("Created a user with ID: ").expect("an id");
    assert!(issued.starts_with("Issued a token with scope voip that expires at "));
    assert!(revoked.ends_with(id) && deleted.ends_with(id), "{revoked} {deleted}");
    let acs = acs(&emulator.server.ready);
    assert!(!acs.is_active(token).await);
}

/// A quickstart that cannot go on says why and fails, and does not show the key.
#[tokio::test]
async fn failing_quickstart_explains_without_key() {
    let emulator = emulator().await;
    let variable = "COMMUNICATION_SERVICES_CONNECTION_STRING";
    let http = text(&emulator.server.ready, "/connectionStrings/http");
    let key = http.split_once("accesskey=").expect("a key").1;
    let wrong_key = http.replace(key, "c2VjcmV0LWNhbmFyeQ==");
    let cases: [(&[(&str, &str)], &str); 4] = [
        (&[], "COMMUNICATION_SERVICES_CONNECTION_STRING is not set"),
        (&[(variable, "endpoint=https://a/")], "accesskey"),
        (&[(variable, http)], "https"),
        (
            &[(variable, &wrong_key), ("ACS_ALLOW_HTTP", "1")],
            "could not create a user: the credential was not accepted",
        ),
    ];
    for (environment, reason) in cases {
        let (output, printed) = quickstart(environment).await;
        assert!(!output.status.success() && printed.contains(reason), "{reason}: {printed}");
        assert!(!printed.contains(key) && !printed.contains("c2Vj"), "{printed}");
    }
}
