//! The process: which stack it asks, as whom, and how it exits.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests and their harness")]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Output};
use std::thread;

use tempfile::NamedTempFile;

/// The tool in an empty environment.
fn acs_broker(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_acs-broker"));
    command.env_clear().args(arguments);
    command
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// An AWS that answers its first request with an error, and tells what was asked.
fn aws(respond: &'static str) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !text(&request).contains("StackName=") {
            let mut chunk = [0; 4096];
            let length = connection.read(&mut chunk).unwrap();
            assert_ne!(length, 0, "the request broke off");
            request.extend_from_slice(&chunk[..length]);
        }
        let head = format!("HTTP/1.1 400 Bad Request\r\nContent-Length: {}\r\n\r\n", respond.len());
        connection.write_all(head.as_bytes()).unwrap();
        connection.write_all(respond.as_bytes()).unwrap();
        text(&request).to_owned()
    });
    (url, server)
}

const NO_STACK: &str = "<ErrorResponse><Error><Code>ValidationError</Code>\
    <Message>Stack with id prod does not exist</Message></Error></ErrorResponse>";

const PROFILE: &str = "[ops]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = s\n";

fn show(arguments: &[&str], respond: &'static str) -> (String, Output) {
    let (url, server) = aws(respond);
    let mut profiles = NamedTempFile::new().unwrap();
    profiles.write_all(PROFILE.as_bytes()).unwrap();
    let output = acs_broker(&["show", "alice", "--region", "eu-west-1"])
        .args(arguments)
        .env("ACS_BROKER_STACK", "prod")
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT")
        .env("AWS_SECRET_ACCESS_KEY", "s")
        .env("AWS_SHARED_CREDENTIALS_FILE", profiles.path())
        .output()
        .unwrap();
    (server.join().unwrap(), output)
}

#[test]
fn an_operator_acts_in_the_account_that_they_name_whatever_the_environment_has() {
    let (asked, output) = show(&[], NO_STACK);
    assert!(asked.contains("Credential=AKIDENVIRONMENT/"), "{asked}");
    assert!(asked.contains("/eu-west-1/cloudformation/"), "{asked}");
    assert_eq!(
        text(&output.stderr),
        "acs-broker: the stack prod cannot be described: \
         DescribeStacks: ValidationError: Stack with id prod does not exist\n"
    );
    assert_eq!(output.status.code(), Some(1));

    let (asked, _) = show(&["--profile", "ops"], NO_STACK);
    assert!(asked.contains("Credential=AKIDPROFILE/"), "{asked}");
}

#[test]
fn a_mistake_on_the_command_line_exits_with_2_and_is_json_for_scripts() {
    for arguments in [
        &["revoke", "--json", "--local"][..],
        &["show", "alice", "--json"],
        &["show", "alice", "--json", "--local", "--stack", "prod"],
        &["show", "alice", "--json", "--local", "--region", "eu-west-1"],
        &["dance", "--json"],
    ] {
        let output = acs_broker(arguments).output().unwrap();
        let said = text(&output.stderr);
        assert!(
            said.starts_with(r#"{"error":{"kind":"usage","message":""#),
            "{arguments:?}: {said}"
        );
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    let output = acs_broker(&["show", "alice"]).output().unwrap();
    assert_eq!(text(&output.stderr), "acs-broker: say which stack: --stack NAME or --local\n");
}

#[test]
fn help_is_no_mistake() {
    for arguments in [&["--help"][..], &["--help", "--json"], &["revoke", "--help"]] {
        let output = acs_broker(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(text(&output.stdout).contains("Usage: acs-broker"), "{arguments:?}");
    }
}

#[test]
fn a_local_stack_that_is_not_running_is_told_with_how_to_start_one() {
    // Port 1 is nobody's.
    let output = acs_broker(&["show", "alice", "--local=http://127.0.0.1:1"]).output().unwrap();
    let said = text(&output.stderr);
    assert!(said.contains("start one with make run"), "{said}");
    assert_eq!(output.status.code(), Some(1));
}
