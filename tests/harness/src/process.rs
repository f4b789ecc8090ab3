//! Runs programs as users run them. Every function panics if its program fails to do its part.

use std::env;
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{self, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How long a server may take to be ready on a machine that is busy with other tests.
const START_TIMEOUT: Duration = Duration::from_mins(1);

/// How long a killed program may take to end.
const KILL_TIMEOUT: Duration = Duration::from_secs(10);

/// The log of a program, in its temporary folder.
const LOG: &str = "log";

/// How long any other program may run.
const RUN_TIMEOUT: Duration = Duration::from_mins(3);

/// A server that is ready. Dropping it kills it, as `kill -9` does.
#[derive(Debug)]
pub struct Server {
    /// The line of JSON that the server printed when it was ready.
    pub ready: Value,
    process: Process,
}

impl Server {
    /// Starts a server and waits for its line of JSON on standard output. If the server ends or stays
    /// silent instead, the panic's message has its log.
    pub async fn start(command: &mut Command) -> Self {
        let mut process = Process::spawn(command, |_| Stdio::piped());
        let output = process.child.stdout.take().expect("standard output is piped");
        let mut output = BufReader::new(output);
        let mut line = String::new();
        let read = timeout(START_TIMEOUT, output.read_line(&mut line)).await;
        let Ok(ready) = serde_json::from_str(&line) else {
            panic!(
                "{command:?} is not ready: {read:?}, it printed {line:?} and logged\n{}",
                process.log()
            );
        };
        // Later output is of no use, but must not fill the pipe: the server would block.
        tokio::spawn(async move { tokio::io::copy(&mut output, &mut tokio::io::sink()).await });
        Self { ready, process }
    }

    /// Kills the server, as `kill -9` does, and returns when it is gone.
    pub async fn kill(mut self) {
        self.process.child.kill().await.expect("a running server can be killed");
    }

    /// Ends the server as Ctrl-C does, and returns its exit code and its standard error.
    pub async fn interrupt(mut self) -> (Option<i32>, String) {
        let id = self.process.child.id().expect("a running server").to_string();
        let sent = Command::new("kill").args(["-INT", &id]).status().await;
        assert!(sent.expect("the program kill").success());
        let ended = timeout(START_TIMEOUT, self.process.child.wait()).await;
        let ended = ended.expect("an interrupted server ends").expect("its exit code");
        (ended.code(), self.process.log())
    }

    /// The server's standard error.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }
}

/// A program that runs in the background. Dropping it kills it, as `kill -9` does.
#[derive(Debug)]
pub struct Background(Process);

impl Background {
    /// Starts the program.
    pub fn start(command: &mut Command) -> Self {
        let to_log = |log: &File| log.try_clone().expect("a second handle of the log file").into();
        Self(Process::spawn(command, to_log))
    }

    /// The program's standard output and standard error.
    #[must_use]
    pub fn log(&self) -> String {
        self.0.log()
    }
}

/// A running program. Its temporary folder is its own and also has its log: a program that is
/// killed cannot clean up, so the folder is removed here.
#[derive(Debug)]
struct Process {
    child: Child,
    folder: TempDir,
}

impl Process {
    fn spawn(command: &mut Command, stdout: impl Fn(&File) -> Stdio) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let log = File::create(folder.path().join(LOG)).expect("a log file");
        let child = command
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .stdout(stdout(&log))
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        Self { child, folder }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join(LOG)).expect("the log file")
    }
}

impl Drop for Process {
    /// Waits until the program is gone. While it writes, its folder cannot be removed for good.
    fn drop(&mut self) {
        // An error means that it has ended already.
        drop(self.child.start_kill());
        let killed = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && killed.elapsed() < KILL_TIMEOUT {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// A free port below those that the system assigns for port 0. It stays free until a server takes
/// it, and between two servers that take it in turn.
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

/// The command of a program of this workspace, which `cargo build --workspace` has built beside the
/// running test.
#[must_use]
pub fn workspace_binary(name: &str) -> Command {
    let test = env::current_exe().expect("the path of the running test");
    // target/<profile>/deps/<test>
    let profile = test.ancestors().nth(2).expect("a target directory");
    let binary = profile.join(name);
    assert!(binary.exists(), "{} is not built: run `cargo build -p {name}`", binary.display());
    Command::new(binary)
}

/// Runs a program to its end and returns its output. `input` must fit a pipe, 64 KiB.
pub async fn run(command: &mut Command, input: &str) -> Output {
    let folder = TempDir::new().expect("a temporary folder");
    command.env("TMPDIR", folder.path());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child =
        command.spawn().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let mut stdin = child.stdin.take().expect("standard input is piped");
    stdin.write_all(input.as_bytes()).await.expect("the program reads its input");
    drop(stdin);
    timeout(RUN_TIMEOUT, child.wait_with_output())
        .await
        .unwrap_or_else(|_| panic!("{command:?} did not end within {RUN_TIMEOUT:?}"))
        .expect("the program's output")
}
