//! The token refresher of docs/clients.md in Microsoft's own package, against the local stack.

use std::fs;
use std::os::unix::fs::symlink;

use acs_broker_harness::process::run;
use acs_broker_harness::stack::StackProcess;
use acs_broker_harness::tools;
use tempfile::TempDir;
use tokio::process::Command;

/// An app that follows the page for clients gets tokens, renews them and loses them.
#[tokio::test]
async fn readme_app_gets_and_loses_tokens() {
    let stack = StackProcess::start().await;
    let app = app_folder();
    let mut program = Command::new("node");
    program
        .arg(app.path().join("app.mjs"))
        .env("BROKER", stack.gateway())
        .env("EMULATOR_CONTROL", format!("{}/_emulator", stack.ready("/acs/http")))
        .env("COMMUNICATION_SERVICES_CONNECTION_STRING", stack.ready("/acs/connectionString"));

    let output = run(&mut program, "").await;

    assert!(
        output.status.success(),
        "{}{}\nThe stack's log:\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
        stack.server.log(),
    );
}

/// A folder with the app's files beside the package, where an `import` finds it.
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
