//! Tests of the process: its stack, its credentials and its exit codes.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends at the first surprise"
)]

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

/// Starts an AWS that responds to its first request with an error, and returns that request.
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

/// A named profile's credentials are used, whatever the environment has.
#[test]
fn named_profile_overrides_the_environment() {
    let (request, output) = show(&[], NO_STACK);
    assert!(request.contains("Credential=AKIDENVIRONMENT/"), "{request}");
    assert!(request.contains("/eu-west-1/cloudformation/"), "{request}");
    assert_eq!(
        text(&output.stderr),
        "acs-broker: the stack prod cannot be described: \
         DescribeStacks: ValidationError: Stack with id prod does not exist\n"
    );
    assert_eq!(output.status.code(), Some(1));

    let (request, _) = show(&["--profile", "ops"], NO_STACK);
    assert!(request.contains("Credential=AKIDPROFILE/"), "{request}");
}

/// A mistake on the command line exits with 2, and scripts read it as JSON.
#[test]
fn usage_error_exits_with_2() {
    for arguments in [
        &["revoke", "--json", "--local"][..],
        &["show", "alice", "--json"],
        &["show", "alice", "--json", "--local", "--stack", "prod"],
        &["show", "alice", "--json", "--local", "--region", "eu-west-1"],
        &["dance", "--json"],
    ] {
        let output = acs_broker(arguments).output().unwrap();
        let error = text(&output.stderr);
        assert!(
            error.starts_with(r#"{"error":{"kind":"usage","message":""#),
            "{arguments:?}: {error}"
        );
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    let output = acs_broker(&["show", "alice"]).output().unwrap();
    assert_eq!(text(&output.stderr), "acs-broker: say which stack: --stack NAME or --local\n");
}

/// Help is not a mistake.
#[test]
fn help_exits_with_0() {
    for arguments in [&["--help"][..], &["--help", "--json"], &["revoke", "--help"]] {
        let output = acs_broker(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(text(&output.stdout).contains("Usage: acs-broker"), "{arguments:?}");
    }
}

/// The error about a local stack that does not run tells how to start one.
#[test]
fn missing_local_stack_names_make_run() {
    // No process listens on port 1.
    let output = acs_broker(&["show", "alice", "--local=http://127.0.0.1:1"]).output().unwrap();
    let error = text(&output.stderr);
    assert!(error.contains("start one with make run"), "{error}");
    assert_eq!(output.status.code(), Some(1));
}

/// Starts a local stack that is so many seconds ahead of this machine, and moved by an offset. It
/// responds to two requests.
#[expect(clippy::disallowed_methods, reason = "the tool under test reads this machine's clock")]
fn local_stack(ahead: i64, offset: i64) -> (String, thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        for _ in 0..2 {
            let (mut connection, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let length = connection.read(&mut request).unwrap();
            let now = jiff::Timestamp::now();
            let now = now.checked_add(jiff::SignedDuration::from_secs(ahead + offset)).unwrap();
            let body = if text(&request[..length]).starts_with("GET /dev/clock ") {
                format!(r#"{{"now":"{now}","offsetSeconds":{offset}}}"#)
            } else {
                r#"{"issuer":"https://idp.example","settings":{"AWS_ACCESS_KEY_ID":"a",
                "AWS_SECRET_ACCESS_KEY":"b","AWS_REGION":"c","TABLE_NAME":"users",
                "AWS_ENDPOINT_URL_DYNAMODB":"http://127.0.0.1:1"}}"#
                    .to_owned()
            };
            let head = format!(
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            connection.write_all(head.as_bytes()).unwrap();
            connection.write_all(body.as_bytes()).unwrap();
        }
    });
    (url, server)
}

/// With a wrong clock nobody is locked out, and no session that lives on is reported as ended.
#[test]
fn wrong_clock_writes_nothing() {
    for (arguments, ahead, difference) in [
        (&["revoke", "alice"][..], -3_600, "ahead of that of the local stack"),
        (&["suspend", "alice"], 3_600, "behind that of the local stack"),
        (&["delete", "alice", "--yes"], 240, "behind that of the local stack"),
        (&["revoke-all", "--yes"], -240, "ahead of that of the local stack"),
    ] {
        let (url, server) = local_stack(ahead, 86_400);
        let output = acs_broker(arguments).arg(format!("--local={url}")).output().unwrap();
        let error = text(&output.stderr);
        assert!(error.contains(difference), "{arguments:?}: {error}");
        assert!(error.contains("nothing was done: set it"), "{arguments:?}: {error}");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        server.join().unwrap();
    }
}

/// A line that cannot be read is refused by its number before the stack is even looked for.
#[test]
fn wrong_line_is_named_by_number() {
    let mut users = NamedTempFile::new().unwrap();
    users.write_all(b"alice\r\n\r\n\"bob\"x\r\n").unwrap();
    let file = users.path().to_str().unwrap();
    let output = acs_broker(&["revoke", "--file", file, "--yes"]).output().unwrap();
    let error = text(&output.stderr);
    let expected = format!(
        "acs-broker: {file}: line 3: a quote must stand around a whole value, and be doubled \
         inside one\n"
    );
    assert_eq!(error, expected);
    assert_eq!(output.status.code(), Some(2));
}

/// An export through a pipe would be empty where it is read for the second time.
#[cfg(unix)]
#[test]
fn piped_export_is_refused() {
    let (url, server) = local_stack(0, 0);
    let mut command = acs_broker(&["import", "/dev/stdin", "--yes"]);
    command.arg(format!("--local={url}")).stdin(std::process::Stdio::piped());
    let output = command.output().unwrap();
    let error = text(&output.stderr);
    assert!(error.contains("/dev/stdin: is not a regular file"), "{error}");
    assert_eq!(output.status.code(), Some(2));
    server.join().unwrap();
}

/// Colours are off where `NO_COLOR` asks for it, even if others ask for colours.
#[test]
fn no_color_is_respected() {
    let help = |variables: &[(&str, &str)]| {
        let mut command = acs_broker(&["--help"]);
        command.envs(variables.iter().copied());
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert!(help(&[("CLICOLOR_FORCE", "1")]).contains('\u{1b}'));
    assert!(!help(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]).contains('\u{1b}'));
}

/// The completions and the manual pages need no stack, and name every command.
#[test]
fn completions_and_man_need_no_stack() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = acs_broker(&["completions", shell]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{shell}");
        assert!(text(&output.stdout).contains("revoke-all"), "{shell}");
    }
    let folder = tempfile::tempdir().unwrap();
    let output = acs_broker(&["man"]).arg(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let page = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(page("acs-broker.1").contains("Exit codes"));
    assert!(page("acs-broker-revoke.1").contains("Examples"));
    assert!(page("acs-broker-dead-letters-replay.1").contains("Examples"));
    let output = acs_broker(&["man", "/nowhere"]).output().unwrap();
    assert!(text(&output.stderr).contains("/nowhere cannot be written"));
    assert_eq!(output.status.code(), Some(1));
}

/// An address behind a blank, the commonest slip with `--local`, is named.
#[test]
fn detached_address_is_named() {
    let output =
        acs_broker(&["--local", "http://127.0.0.1:8080", "show", "alice"]).output().unwrap();
    let error = text(&output.stderr);
    assert_eq!(error, "acs-broker: --local: write --local=URL, with = and without a blank\n");
    assert_eq!(output.status.code(), Some(2));
}

/// An operator who is not signed in is told to, instead of the SDK's chain of sources.
#[test]
fn missing_credentials_name_the_sign_in() {
    let mut command = acs_broker(&["show", "alice", "--stack", "prod", "--region", "eu-west-1"]);
    let output = command.env("AWS_EC2_METADATA_DISABLED", "true").output().unwrap();
    let error = text(&output.stderr);
    assert!(error.contains("no AWS credentials: sign in with `aws sso login`"), "{error}");
    assert_eq!(output.status.code(), Some(1));
}
