//! Programs, run as users run them. Everything here panics when a program cannot do its part.
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "a test cannot go on without its program"
)]

use std::env;
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{self, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempPath;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How long a server may take to say that it is ready, on a machine busy with other tests.
const START: Duration = Duration::from_mins(1);

/// How long any other program may run.
const RUN: Duration = Duration::from_mins(3);

/// A server that has said it is ready. Dropping it kills it, as `kill -9` does.
#[derive(Debug)]
pub struct Server {
    /// What it printed, as one line of JSON, when it was ready.
    pub ready: Value,
    log: TempPath,
    child: Child,
}

impl Server {
    /// Starts a server and waits for the line of JSON on standard output that its option `--json`
    /// promises. If it ends or keeps silent instead, the panic's message has its log.
    pub async fn start(command: &mut Command) -> Self {
        let log = tempfile::NamedTempFile::new().expect("a temporary file").into_temp_path();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).expect("the log file just made"))
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let mut output = BufReader::new(child.stdout.take().expect("standard output is piped"));
        let mut line = String::new();
        let read = timeout(START, output.read_line(&mut line)).await;
        let Ok(ready) = serde_json::from_str(&line) else {
            panic!(
                "{command:?} is not ready: {read:?}, it said {line:?} and logged\n{}",
                text(&log)
            );
        };
        // What it prints from now on is nobody's, but must not fill the pipe.
        tokio::spawn(async move { tokio::io::copy(&mut output, &mut tokio::io::sink()).await });
        Self { ready, log, child }
    }

    /// Kills it, as `kill -9` does, and returns when it is gone.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("a running server can be killed");
    }

    /// What it has written to standard error.
    #[must_use]
    pub fn log(&self) -> String {
        text(&self.log)
    }
}

/// A program that runs until it is dropped, which kills it, as `kill -9` does.
#[derive(Debug)]
pub struct Background {
    log: TempPath,
    _child: Child,
}

impl Background {
    /// Starts it.
    pub fn start(command: &mut Command) -> Self {
        let log = tempfile::NamedTempFile::new().expect("a temporary file").into_temp_path();
        let output = File::create(&log).expect("the log file just made");
        let errors = output.try_clone().expect("a second handle of the log file");
        let child = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        Self { log, _child: child }
    }

    /// What it has written to standard output and standard error.
    #[must_use]
    pub fn log(&self) -> String {
        text(&self.log)
    }
}

/// A port that nobody uses. It lies below those that the system gives to whoever asks for port 0,
/// so it stays free until it is used, and between two servers that use it in turn.
#[must_use]
pub fn free_port() -> u16 {
    const PORTS: u16 = 12_000;
    static ASKED: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(process::id() % u32::from(PORTS)).unwrap_or_default();
    (0..PORTS)
        .map(|_| 20_000 + (start + ASKED.fetch_add(1, Ordering::Relaxed)) % PORTS)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .expect("a free port")
}

/// A program of this workspace, as built beside the running test; `cargo test` alone does not
/// build it.
#[must_use]
pub fn workspace_binary(name: &str) -> Command {
    let test = env::current_exe().expect("the path of the running test");
    // target/<profile>/deps/<test>
    let profile = test.ancestors().nth(2).expect("a target directory");
    let binary = profile.join(name);
    assert!(binary.exists(), "{} is not built: run `cargo build -p {name}`", binary.display());
    Command::new(binary)
}

/// Runs a program to its end and returns what it printed. `input` must fit a pipe, 64 KiB.
pub async fn run(command: &mut Command, input: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child =
        command.spawn().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let mut stdin = child.stdin.take().expect("standard input is piped");
    stdin.write_all(input.as_bytes()).await.expect("the program reads its input");
    drop(stdin);
    timeout(RUN, child.wait_with_output())
        .await
        .unwrap_or_else(|_| panic!("{command:?} did not end within {RUN:?}"))
        .expect("the program's output")
}

fn text(log: &TempPath) -> String {
    fs::read_to_string(log).expect("the log file")
}
