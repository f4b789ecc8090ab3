//! The console of the local stack in a real browser. Each test has a stack and a browser.

use std::env;
use std::fs;
use std::os::unix::fs::symlink;

use acs_broker_harness::process::run;
use acs_broker_harness::stack::StackProcess;
use acs_broker_harness::tools;
use tempfile::TempDir;
use tokio::process::Command;

/// A newcomer gets a live token in one click, and a password change at each provider kills it
/// before their eyes. With `CONSOLE_SCREENSHOT` set the run replaces the images of the documents.
#[tokio::test]
async fn first_visit_to_dead_token() {
    let folder = test_folder();
    let mut program = program(&folder, "console.mjs");
    if is_screenshot_wanted() {
        program.env("SCREENSHOTS", tools::repository().join("docs/images"));
    }
    passes_on_a_stack(&mut program).await;
}

/// Each fault switch does what it says, and who is refused reads why and what to do.
#[tokio::test]
async fn faults_explain_themselves() {
    let folder = test_folder();
    passes_on_a_stack(&mut program(&folder, "faults.mjs")).await;
}

/// Seed, export, reset, import and the clock work from the page; 10,000 users stay smooth.
#[tokio::test]
async fn whole_state_comes_and_goes() {
    let folder = test_folder();
    passes_on_a_stack(&mut program(&folder, "state.mjs")).await;
}

/// A page that outlives its stack goes on with the next one.
#[tokio::test]
async fn page_outlives_its_stack() {
    let folder = test_folder();
    let local = StackProcess::command();
    let mut program = program(&folder, "restart.mjs");
    program
        .env("LOCAL", local.as_std().get_program())
        .env("STATE", folder.path().join("state"))
        .env_remove("SCOPE_POLICY");

    let output = run(&mut program, "").await;

    assert!(output.status.success(), "{}", text(&output));
}

async fn passes_on_a_stack(program: &mut Command) {
    let stack = StackProcess::start().await;

    let output = run(program.env("CONSOLE", stack.gateway()), "").await;

    let log = stack.server.log();
    assert!(output.status.success(), "{}\nThe stack's log:\n{log}", text(&output));
}

fn text(output: &std::process::Output) -> String {
    let [stdout, stderr] =
        [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    format!("{stdout}{stderr}")
}

/// The command that runs one of the test's files.
fn program(folder: &TempDir, file: &str) -> Command {
    let mut program = Command::new("node");
    program
        .arg(folder.path().join(file))
        .env("FAILURES", env::temp_dir())
        // What the browser itself says when it ends early.
        .env("DEBUG", "pw:browser")
        // The browser leaves its files where the program's temporary folder is.
        .env("TMPDIR", folder.path());
    program
}

#[expect(clippy::disallowed_methods, reason = "a person asks for the images by the environment")]
fn is_screenshot_wanted() -> bool {
    env::var_os("CONSOLE_SCREENSHOT").is_some()
}

/// A folder with the test's files beside the packages, where an `import` finds them.
fn test_folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    for file in fs::read_dir(tools::repository().join("tests/console")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    let packages = tools::node_packages("console").join("node_modules");
    symlink(packages, folder.path().join("node_modules")).unwrap();
    folder
}
