//! The state of the local stack by its command line: `--seed`, `--import`, `--export-on-exit`.

use std::path::Path;

use acs_broker_harness::process::run;
use acs_broker_harness::stack::{StackProcess, now};
use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

/// The command of a stack that keeps its state in no folder.
fn command(arguments: &[&str]) -> Command {
    let mut command = StackProcess::command();
    command.arg("--in-memory").args(arguments);
    command
}

async fn users(stack: &StackProcess) -> Value {
    stack.send(stack.request(Method::GET, "/dev/users")).await.json()
}

/// What a stack says that must not start.
async fn refusal(arguments: &[&str]) -> (Option<i32>, String) {
    let output = run(&mut command(arguments), "").await;
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

fn in_folder(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).display().to_string()
}

/// A team begins its tests with the same 20 users each time, one of them suspended.
#[tokio::test]
async fn seed_makes_its_users() {
    let stack = StackProcess::run(&mut command(&["--seed", "demo"])).await;
    let listed = users(&stack).await;
    assert_eq!(listed["total"], 20, "{listed}");
    let session = stack.sign_in("demo-suspended-01").await;
    assert_eq!(stack.token(&session).await.code(), "user_suspended");
}

/// What Ctrl-C has written is what the next stack begins with: identities, cutoffs, dead tokens.
#[tokio::test]
async fn export_on_exit_is_imported() {
    let folder = TempDir::new().unwrap();
    let file = in_folder(&folder, "state.ndjson");
    let stack = StackProcess::run(&mut command(&["--export-on-exit", &file])).await;
    let session = stack.sign_in_at("alice", now() - 100).await;
    let first = stack.token(&session).await;
    let revoked = json!({"operation": "revoke", "subject": "alice"}).to_string();
    let request = stack.request(Method::POST, "/dev/operate").body(revoked);
    assert_eq!(stack.send(request).await.status, 200);
    let (code, errors) = stack.server.interrupt().await;
    assert_eq!(code, Some(0), "{errors}");

    let again = in_folder(&folder, "again.ndjson");
    let options = ["--import", &file, "--export-on-exit", &again];
    let stack = StackProcess::run(&mut command(&options)).await;
    assert_eq!(users(&stack).await["total"], 1);
    let old = stack.sign_in_at("alice", now() - 100).await;
    assert_eq!(stack.token(&old).await.code(), "sign_in_again", "the cutoff came along");
    let fresh = stack.token(&stack.sign_in_at("alice", now() + 200).await).await;
    let guid = |identity: &str| identity.rsplit('_').next().unwrap_or_default().to_owned();
    assert_eq!(guid(&fresh.identity()), guid(&first.identity()), "and the identity");
    let (code, errors) = stack.server.interrupt().await;
    assert_eq!(code, Some(0), "{errors}");
    assert!(Path::new(&again).exists());
}

/// Who mistypes an option or a file reads which one, before anything has started.
#[tokio::test]
async fn wrong_values_are_named() {
    let folder = TempDir::new().unwrap();
    let missing = in_folder(&folder, "missing.ndjson");
    let nowhere = in_folder(&folder, "no/folder/state.ndjson");
    let (code, errors) = refusal(&["--import", &missing, "--export-on-exit", &nowhere]).await;
    assert_eq!(code, Some(1), "{errors}");
    assert!(errors.contains(&format!("The file {missing} of --import cannot be read")), "{errors}");
    let expected = format!("There is no folder for {nowhere} of --export-on-exit.");
    assert!(errors.contains(&expected), "{errors}");

    let broken = in_folder(&folder, "broken.ndjson");
    std::fs::write(&broken, "{}\n").unwrap();
    let (code, errors) = refusal(&["--import", &broken]).await;
    assert_eq!(code, Some(1), "{errors}");
    let expected = format!("--import cannot be made: {broken}: line 1: not the state of a local");
    assert!(errors.contains(&expected), "{errors}");

    let (code, errors) = refusal(&["--seed", "dmeo"]).await;
    assert_eq!(code, Some(2), "{errors}");
    assert!(errors.contains("'dmeo' for '--seed <NAME>'") && errors.contains("demo"), "{errors}");
}

/// A state that cannot be written at the end makes the stack fail: a script must not go on with
/// the old file.
#[tokio::test]
async fn failed_export_is_a_failure() {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("gone")).unwrap();
    let file = in_folder(&folder, "gone/state.ndjson");
    let stack = StackProcess::run(&mut command(&["--export-on-exit", &file])).await;
    std::fs::remove_dir(folder.path().join("gone")).unwrap();
    let (code, errors) = stack.server.interrupt().await;
    assert_eq!(code, Some(1), "{errors}");
    let expected =
        format!("The state is not exported: {file} of --export-on-exit cannot be written");
    assert!(errors.contains(&expected), "{errors}");
}
