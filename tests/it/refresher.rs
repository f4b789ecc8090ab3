//! The token refresher of the README, in Microsoft's own package, against `make run`.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise"
)]

use std::fs;
use std::os::unix::fs::symlink;

use tempfile::TempDir;
use tests::process::{Server, run, workspace_binary};
use tests::tools;
use tokio::process::Command;

#[tokio::test]
async fn an_app_that_follows_the_readme_gets_renews_and_loses_tokens() {
    let stack = start_stack().await;
    let app = app_folder();
    let acs = stack.ready["acs"]["http"].as_str().unwrap();

    let mut program = Command::new("node");
    program
        .arg(app.path().join("app.mjs"))
        .env("BROKER", stack.ready["gateway"].as_str().unwrap())
        .env("EMULATOR_CONTROL", format!("{acs}/_emulator"))
        .env("COMMUNICATION_SERVICES_CONNECTION_STRING", "");
    let output = run(&mut program, "").await;

    assert!(
        output.status.success(),
        "{}{}\nThe stack's log:\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
        stack.log(),
    );
}

/// The app's files beside the package, as npm would lay them: an `import` looks nowhere else.
fn app_folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    let sources = tools::repository().join("tests/sdk/js");
    for name in ["app.mjs", "emulator.mjs", "refresher.mjs"] {
        fs::copy(sources.join(name), folder.path().join(name)).unwrap();
    }
    let packages = tools::node_packages("common-2.4.2").join("node_modules");
    symlink(packages, folder.path().join("node_modules")).unwrap();
    folder
}

async fn start_stack() -> Server {
    let mut command = workspace_binary("local");
    command.args(["--json", "--in-memory", "--port", "0", "--acs-port", "0"]);
    command.args(["--acs-https-port", "0", "--table-port", "0"]);
    Server::start(&mut command).await
}
