//! The console of the local stack in a real browser.

use std::env;
use std::fs;
use std::os::unix::fs::symlink;

use acs_broker_harness::process::run;
use acs_broker_harness::stack::StackProcess;
use acs_broker_harness::tools;
use tempfile::TempDir;
use tokio::process::Command;

/// A newcomer gets a live token in one click, and a password change at each provider kills it
/// before their eyes. With `CONSOLE_SCREENSHOT` set the run replaces the image of the documents.
#[tokio::test]
async fn first_visit_to_dead_token() {
    let stack = StackProcess::start().await;
    let folder = test_folder();
    let mut program = Command::new("node");
    program
        .arg(folder.path().join("console.mjs"))
        .env("CONSOLE", stack.gateway())
        .env("FAILURES", env::temp_dir())
        // What the browser itself says when it ends early.
        .env("DEBUG", "pw:browser")
        // The browser leaves its files where the program's temporary folder is.
        .env("TMPDIR", folder.path());
    if is_screenshot_wanted() {
        program.env("SCREENSHOT", tools::repository().join("docs/images/console.png"));
    }

    let output = run(&mut program, "").await;

    assert!(
        output.status.success(),
        "{}{}\nThe stack's log:\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
        stack.server.log(),
    );
}

#[expect(clippy::disallowed_methods, reason = "a person asks for the image by the environment")]
fn is_screenshot_wanted() -> bool {
    env::var_os("CONSOLE_SCREENSHOT").is_some()
}

/// A folder with the test's files beside the packages, where an `import` finds them.
fn test_folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    let sources = tools::repository().join("tests/console");
    for name in ["browser.mjs", "console.mjs"] {
        fs::copy(sources.join(name), folder.path().join(name)).unwrap();
    }
    let packages = tools::node_packages("console").join("node_modules");
    symlink(packages, folder.path().join("node_modules")).unwrap();
    folder
}
