//! The stack as a process: how it starts, how it ends, and how it says that it cannot start.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};

/// The command of a stack in a folder of its own.
fn command(folder: &tempfile::TempDir, ports: [u16; 4]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_acs-broker-local"));
    let options = ["--port", "--acs-port", "--acs-https-port", "--table-port"];
    for (option, port) in options.into_iter().zip(ports) {
        command.args([option, &port.to_string()]);
    }
    command.current_dir(folder.path()).env("TMPDIR", folder.path());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What is printed until the stack is ready, by its last line.
fn until_ready(child: &mut Child) -> String {
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    while !text.contains("certificate") {
        assert_ne!(output.read_line(&mut text).unwrap(), 0, "{text}");
    }
    child.stdout = Some(output.into_inner());
    text
}

/// Ends the stack as Ctrl-C does.
fn interrupted(mut child: Child) -> (Option<i32>, String) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    (child.wait().unwrap().code(), errors)
}

fn failed(output: Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

mod end {
    use super::*;

    /// Somebody who presses Ctrl-C learns that nothing is lost, and where it is.
    #[test]
    fn says_where_state_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = command(&folder, [0; 4]).spawn().unwrap();
        until_ready(&mut child);
        let (code, errors) = interrupted(child);
        assert_eq!((code, errors.as_str()), (Some(0), "stopped; the state is kept in .local\n"));
        assert!(folder.path().join(".local/table.sqlite").exists());
    }

    /// Somebody who asked for it learns that everything is gone.
    #[test]
    fn says_that_nothing_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = command(&folder, [0; 4]).arg("--in-memory").spawn().unwrap();
        until_ready(&mut child);
        let (code, errors) = interrupted(child);
        assert_eq!(code, Some(0));
        assert_eq!(errors, "stopped; nothing is kept (--in-memory)\n");
    }
}

mod export_on_exit {
    use super::*;

    fn exporting(folder: &tempfile::TempDir, file: &str) -> (Option<i32>, String) {
        let mut stack = command(folder, [0; 4]);
        let mut child = stack.args(["--in-memory", "--export-on-exit", file]).spawn().unwrap();
        until_ready(&mut child);
        interrupted(child)
    }

    /// Other users of the machine cannot read the sessions in the file.
    #[test]
    fn is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (code, errors) = exporting(&folder, "state.ndjson");
        assert_eq!(code, Some(0), "{errors}");
        let file = folder.path().join("state.ndjson");
        assert!(std::fs::read_to_string(&file).unwrap().starts_with("{\"format\""));
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}

mod start {
    use super::*;

    /// A newcomer sees the command to try first, then the addresses, without scrolling.
    #[test]
    fn fits_one_screen() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = command(&folder, [0; 4]).arg("--in-memory").spawn().unwrap();
        let text = until_ready(&mut child);
        interrupted(child);
        assert!(text.lines().count() < 24, "{text}");
        let (first, second) = (text.find("curl ").unwrap(), text.find("table ").unwrap());
        assert!(first < second && !text.contains("WARNING") && !text.contains('\u{1b}'), "{text}");
    }

    /// A stack that phones can reach says what else can.
    #[test]
    fn warns_of_another_host() {
        let folder = tempfile::tempdir().unwrap();
        let mut stack = command(&folder, [0; 4]);
        let mut child = stack.args(["--in-memory", "--host", "0.0.0.0"]).spawn().unwrap();
        let text = until_ready(&mut child);
        interrupted(child);
        assert!(text.contains("WARNING: anyone who reaches port "), "{text}");
        assert!(text.contains("can sign in as\nanybody"), "{text}");
        // The issuer's name, and so every user, stays the same.
        assert!(text.contains("API, sign-in       http://127.0.0.1:"), "{text}");
    }

    /// Somebody whose temporary folder is gone is not sent to the folder of another option.
    #[test]
    fn names_missing_temporary_folder() {
        let folder = tempfile::tempdir().unwrap();
        let mut stack = command(&folder, [0; 4]);
        let stack = stack.arg("--in-memory").env("TMPDIR", folder.path().join("missing"));
        let errors = failed(stack.output().unwrap());
        assert!(errors.contains("/missing, which TMPDIR names"), "{errors}");
        assert!(!errors.contains(".local"), "{errors}");
    }

    /// All that has to be changed is named at once, a sentence each, ports and settings.
    #[test]
    fn names_all_faults_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let taken = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [first, second] = taken.each_ref().map(|port| port.local_addr().unwrap().port());
        let mut stack = command(&folder, [first, 0, second, 0]);
        let wrong = stack.env("TOMBSTONE_DAYS", "x").env("SIGN_IN_CLAIM", "signed in");
        let errors = failed(wrong.output().unwrap());
        let lines: Vec<_> = errors.lines().collect();
        assert_eq!(lines.len(), 5, "{errors}");
        assert_eq!(lines[0], "The stack cannot start.");
        let remedy = "choose another with --port, or 0 for a free one.";
        assert_eq!(
            lines[1],
            format!("Port {first} of --port is taken by another process: {remedy}")
        );
        assert!(lines[2].starts_with(&format!("Port {second} of --acs-https-port is taken")));
        assert!(errors.contains("The setting TOMBSTONE_DAYS must be a whole number"), "{errors}");
        assert!(errors.contains("The setting SIGN_IN_CLAIM must be the name"), "{errors}");
        assert!(!folder.path().join(".local").exists(), "nothing has started");
    }
}
