//! The token refresher of the README, in Microsoft's own package, against `make run`.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::fs;
use std::os::unix::fs::symlink;

use acs_broker_harness::process::run;
use acs_broker_harness::stack::Stack;
use acs_broker_harness::tools;
use tempfile::TempDir;
use tokio::process::Command;

#[tokio::test]
async fn an_app_that_follows_the_readme_gets_renews_and_loses_tokens() {
    let stack = Stack::start().await;
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
