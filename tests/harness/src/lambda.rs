//! The functions as processes, with cargo-lambda's emulator in Lambda's place.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use acs_broker_lambda::App;
use identity_client::Timestamp;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use crate::process::{Background, free_port, run, workspace_binary};
use crate::stack::StackProcess;
use crate::tools;

/// The functions of this repository, each a binary of its name.
pub const FUNCTIONS: [&str; 5] = ["issue", "revoke", "delete", "identity-events", "sweep"];

/// Where Debian and Ubuntu put arm64's libraries (`libc6-arm64-cross`).
const ARM64_LIBRARIES: &str = "/usr/aarch64-linux-gnu";

/// How long the emulator may take to listen on a machine that is busy with other tests.
const START_TIMEOUT: Duration = Duration::from_mins(1);

/// An emulated Lambda. Dropping it kills the emulator and the functions.
#[derive(Debug)]
pub struct Lambda {
    port: u16,
    functions: BTreeMap<&'static str, Background>,
    _emulator: Background,
}

/// The environment of a function: its settings.
pub type Environment = BTreeMap<String, String>;

impl Lambda {
    /// Starts the emulator, with no function yet; an invocation waits for its function.
    pub async fn start() -> Self {
        let port = free_port();
        let mut command = cargo_lambda("watch", port);
        command.arg("--only-lambda-apis");
        let emulator = Background::start(&mut command);
        let listening = async {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        let started = timeout(START_TIMEOUT, listening).await;
        assert!(started.is_ok(), "cargo-lambda does not listen:\n{}", emulator.log());
        Self { port, functions: BTreeMap::new(), _emulator: emulator }
    }

    /// Starts a stack whose gateway invokes this Lambda's functions.
    pub async fn start_stack(&self) -> StackProcess {
        let url = format!("http://127.0.0.1:{}", self.port);
        StackProcess::start_with(&["--in-memory", "--functions", &url]).await
    }

    /// Starts every function. Call it once: the emulator never hands out the invocations of a
    /// function that has ended.
    pub fn start_functions(&mut self, settings: &Environment) {
        self.start_all(settings, workspace_binary);
    }

    /// Starts every function from the packages that are deployed.
    pub fn start_packaged_functions(&mut self, settings: &Environment) {
        self.start_all(settings, |name| Command::new(tools::packaged(name)));
    }

    /// Starts every function as `make arm64` has built it, on an emulated processor unless this
    /// machine has such a processor.
    pub fn start_arm64_functions(&mut self, settings: &Environment) {
        self.start_all(settings, |name| {
            let program = tools::packaged_for_arm64(name);
            if cfg!(target_arch = "aarch64") {
                return Command::new(program);
            }
            let mut qemu = Command::new("qemu-aarch64");
            qemu.args(["-L", ARM64_LIBRARIES]).arg(program);
            qemu
        });
    }

    fn start_all(&mut self, settings: &Environment, program: impl Fn(&str) -> Command) {
        for name in FUNCTIONS {
            let mut command = with_environment(program(name), name, settings);
            let runtime_api = format!("http://127.0.0.1:{}/.rt/{name}", self.port);
            command.env("AWS_LAMBDA_RUNTIME_API", runtime_api);
            self.functions.insert(name, Background::start(&mut command));
        }
    }

    /// Runs `cargo lambda invoke` with the event in a file.
    pub async fn invoke(&self, name: &str, event: &Path) -> Output {
        let mut command = cargo_lambda("invoke", self.port);
        command.arg(name).arg("--data-file").arg(event).args(["--output-format", "json"]);
        run(&mut command, "").await
    }

    /// The output of a function.
    #[must_use]
    pub fn log(&self, name: &str) -> String {
        self.functions.get(name).map(Background::log).unwrap_or_default()
    }
}

/// The settings with which a function uses the table and the ACS of `stack`.
#[must_use]
pub fn settings(stack: &StackProcess) -> Environment {
    let settings = stack.server.ready.get("settings").cloned().unwrap_or_default();
    let settings: BTreeMap<String, Value> =
        serde_json::from_value(settings).expect("the settings of the ready line");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    settings.iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

/// The same with ACS over TLS, as on AWS.
#[must_use]
pub fn settings_over_tls(stack: &StackProcess) -> Environment {
    let mut settings = settings(stack);
    settings.remove("ACS_ALLOW_HTTP");
    let connection_string = stack.ready("/acs/httpsConnectionString").to_owned();
    settings.insert("ACS_CONNECTION_STRING".to_owned(), connection_string);
    settings.insert("EXTRA_CA_FILE".to_owned(), stack.ready("/acs/caFile").to_owned());
    settings
}

/// The state of a function in this process, on the table and the ACS of `stack`. It logs nothing.
pub(crate) fn app(stack: &StackProcess, clock: fn() -> Timestamp) -> Arc<App> {
    let settings = settings(stack);
    let settings = acs_broker_config::Settings::read(&|name| settings.get(name).cloned());
    let app = App::new(settings.expect("the settings of the stack"), clock, |_| {});
    Arc::new(app.expect("a function that can start"))
}

/// The command of a function. Its environment has these settings and what Lambda adds, and nothing
/// else.
#[must_use]
pub fn function(name: &str, settings: &Environment) -> Command {
    with_environment(workspace_binary(name), name, settings)
}

fn with_environment(mut command: Command, name: &str, settings: &Environment) -> Command {
    command.env_clear().envs(settings);
    command.env("AWS_LAMBDA_FUNCTION_NAME", name);
    command.env("AWS_LAMBDA_FUNCTION_VERSION", "1").env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256");
    command.env("AWS_LAMBDA_LOG_FORMAT", "JSON");
    command
}

fn cargo_lambda(subcommand: &str, port: u16) -> Command {
    let mut command = Command::new(tools::cargo_lambda());
    // cargo-lambda asks cargo for the binaries of the workspace that it runs in.
    command.current_dir(tools::repository()).env("CARGO_NET_OFFLINE", "true");
    command.args(["lambda", subcommand, "--invoke-address", "127.0.0.1"]);
    command.args(["--invoke-port", &port.to_string()]);
    command
}
