//! Microsoft's own packages, unmodified, run the programs of `tests/sdk` against the emulator.

use std::path::Path;

use acs_broker_harness::process::{Server, run, workspace_binary};
use acs_broker_harness::tools;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// `azure-communication-administration` 1.0.0b2 for Python, its synchronous client, over https.
#[tokio::test]
async fn administration_b2_python_https() {
    run_against_emulator(python("administration-1.0.0b2", "administration.py", "sync"), "https")
        .await;
}

/// `azure-communication-administration` 1.0.0b2 for Python, its synchronous client, over http.
#[tokio::test]
async fn administration_b2_python_http() {
    run_against_emulator(python("administration-1.0.0b2", "administration.py", "sync"), "http")
        .await;
}

/// `azure-communication-administration` 1.0.0b2 for Python, its asynchronous client, over https.
#[tokio::test]
async fn administration_b2_async_python_https() {
    run_against_emulator(python("administration-1.0.0b2", "administration.py", "aio"), "https")
        .await;
}

/// `azure-communication-administration` 1.0.0b2 for Python, its asynchronous client, over http.
#[tokio::test]
async fn administration_b2_async_python_http() {
    run_against_emulator(python("administration-1.0.0b2", "administration.py", "aio"), "http")
        .await;
}

/// `azure-communication-administration` 1.0.0b4 for Python, its synchronous client, over https.
#[tokio::test]
async fn administration_b4_python_https() {
    run_against_emulator(python("administration-1.0.0b4", "administration.py", "sync"), "https")
        .await;
}

/// `azure-communication-administration` 1.0.0b4 for Python, its synchronous client, over http.
#[tokio::test]
async fn administration_b4_python_http() {
    run_against_emulator(python("administration-1.0.0b4", "administration.py", "sync"), "http")
        .await;
}

/// `azure-communication-administration` 1.0.0b4 for Python, its asynchronous client, over https.
#[tokio::test]
async fn administration_b4_async_python_https() {
    run_against_emulator(python("administration-1.0.0b4", "administration.py", "aio"), "https")
        .await;
}

/// `azure-communication-administration` 1.0.0b4 for Python, its asynchronous client, over http.
#[tokio::test]
async fn administration_b4_async_python_http() {
    run_against_emulator(python("administration-1.0.0b4", "administration.py", "aio"), "http")
        .await;
}

/// `azure-communication-identity` 1.0.1 for Python, its synchronous client, over https.
#[tokio::test]
async fn identity_1_0_1_python_https() {
    run_against_emulator(python("identity-1.0.1", "identity.py", "sync"), "https").await;
}

/// `azure-communication-identity` 1.0.1 for Python, its synchronous client, over http.
#[tokio::test]
async fn identity_1_0_1_python_http() {
    run_against_emulator(python("identity-1.0.1", "identity.py", "sync"), "http").await;
}

/// `azure-communication-identity` 1.0.1 for Python, its asynchronous client, over https.
#[tokio::test]
async fn identity_1_0_1_async_python_https() {
    run_against_emulator(python("identity-1.0.1", "identity.py", "aio"), "https").await;
}

/// `azure-communication-identity` 1.0.1 for Python, its asynchronous client, over http.
#[tokio::test]
async fn identity_1_0_1_async_python_http() {
    run_against_emulator(python("identity-1.0.1", "identity.py", "aio"), "http").await;
}

/// `azure-communication-identity` 1.3.1 for Python, its synchronous client, over https.
#[tokio::test]
async fn identity_1_3_1_python_https() {
    run_against_emulator(python("identity-1.3.1", "identity.py", "sync"), "https").await;
}

/// `azure-communication-identity` 1.3.1 for Python, its synchronous client, over http.
#[tokio::test]
async fn identity_1_3_1_python_http() {
    run_against_emulator(python("identity-1.3.1", "identity.py", "sync"), "http").await;
}

/// `azure-communication-identity` 1.3.1 for Python, its asynchronous client, over https.
#[tokio::test]
async fn identity_1_3_1_async_python_https() {
    run_against_emulator(python("identity-1.3.1", "identity.py", "aio"), "https").await;
}

/// `azure-communication-identity` 1.3.1 for Python, its asynchronous client, over http.
#[tokio::test]
async fn identity_1_3_1_async_python_http() {
    run_against_emulator(python("identity-1.3.1", "identity.py", "aio"), "http").await;
}

/// `azure-communication-identity` 1.5.0 for Python, its synchronous client, over https.
#[tokio::test]
async fn identity_1_5_0_python_https() {
    run_against_emulator(python("identity-1.5.0", "identity.py", "sync"), "https").await;
}

/// `azure-communication-identity` 1.5.0 for Python, its synchronous client, over http.
#[tokio::test]
async fn identity_1_5_0_python_http() {
    run_against_emulator(python("identity-1.5.0", "identity.py", "sync"), "http").await;
}

/// `azure-communication-identity` 1.5.0 for Python, its asynchronous client, over https.
#[tokio::test]
async fn identity_1_5_0_async_python_https() {
    run_against_emulator(python("identity-1.5.0", "identity.py", "aio"), "https").await;
}

/// `azure-communication-identity` 1.5.0 for Python, its asynchronous client, over http.
#[tokio::test]
async fn identity_1_5_0_async_python_http() {
    run_against_emulator(python("identity-1.5.0", "identity.py", "aio"), "http").await;
}

/// `@azure/communication-administration` 1.0.0-beta.3 for JavaScript, over https.
#[tokio::test]
async fn administration_beta_3_javascript_https() {
    run_against_emulator(javascript("administration-1.0.0-beta.3", "administration.mjs"), "https")
        .await;
}

/// `@azure/communication-administration` 1.0.0-beta.3 for JavaScript, over http.
#[tokio::test]
async fn administration_beta_3_javascript_http() {
    run_against_emulator(javascript("administration-1.0.0-beta.3", "administration.mjs"), "http")
        .await;
}

/// `@azure/communication-identity` 1.3.1 for JavaScript, over https.
#[tokio::test]
async fn identity_1_3_1_javascript_https() {
    run_against_emulator(javascript("identity-1.3.1", "identity.mjs"), "https").await;
}

/// `@azure/communication-identity` 1.3.1 for JavaScript, over http.
#[tokio::test]
async fn identity_1_3_1_javascript_http() {
    run_against_emulator(javascript("identity-1.3.1", "identity.mjs"), "http").await;
}

/// The command of a program in `tests/sdk/python` with one of the two clients: `sync` or `aio`.
fn python(packages: &str, program: &str, client: &str) -> Command {
    let mut command = Command::new("python3");
    // -S keeps the machine's own packages out.
    command.args(["-S", "-B"]).arg(tools::repository().join("tests/sdk/python").join(program));
    command.arg(client).env("PYTHONPATH", tools::python_packages(packages));
    command
}

/// The command of a program in `tests/sdk/js`.
fn javascript(packages: &str, program: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(tools::repository().join("tests/sdk/js").join(program));
    command.env("SDK_PACKAGES", tools::node_packages(packages));
    command
}

/// Runs the program against an emulator of its own, which it reaches over `scheme`.
async fn run_against_emulator(mut program: Command, scheme: &str) {
    let folder = TempDir::new().unwrap();
    let ca_file = folder.path().join("ca.pem");
    let emulator = start_emulator(&ca_file).await;
    program
        .env(
            "COMMUNICATION_SERVICES_CONNECTION_STRING",
            text(&emulator.ready["connectionStrings"][scheme]),
        )
        .env("COMMUNICATION_SERVICES_ENDPOINT", text(&emulator.ready[scheme]))
        .env("COMMUNICATION_SERVICES_ACCESSKEY", KEY)
        .env("EMULATOR_CONTROL", format!("{}/_emulator", text(&emulator.ready["http"])))
        .env("REQUESTS_CA_BUNDLE", &ca_file)
        .env("SSL_CERT_FILE", &ca_file)
        .env("NODE_EXTRA_CA_CERTS", &ca_file)
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1");

    let output = run(&mut program, "").await;

    assert!(
        output.status.success(),
        "{}{}\nThe emulator's log:\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
        emulator.log(),
    );
}

async fn start_emulator(ca_file: &Path) -> Server {
    let mut command = workspace_binary("acs-emulator");
    command.args(["--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--json"]);
    command.args(["--access-key", KEY, "--ca-file"]).arg(ca_file);
    Server::start(&mut command).await
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
