//! `make run`: the whole product on one machine. `acs-broker-local --help` lists the options.

use std::error::Error;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use acs_broker_config::error_chain;
use acs_broker_local::{
    EventFormat, ExportError, Log, LogFormat, Options, ProcessEnvironment, Stack, StartError,
};
use clap::Parser as _;
use jiff::Timestamp;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// What is logged unless `RUST_LOG` says otherwise. The table warns of each conditional write that
/// loses, which is how the protocol works.
const LOG: &str = "info,dynoxide=error";

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let is_coloured = io::stderr().is_terminal() && environment("NO_COLOR").is_none();
    trace(options.log, is_coloured);
    match run(&options, is_coloured).await {
        Ok(ended) => {
            // A terminal has shown `^C` on this line.
            let begin = if io::stderr().is_terminal() { "\n" } else { "" };
            print(&format!("{begin}stopped; {}", options.fate_of_state()));
            let Err(error) = ended else { return ExitCode::SUCCESS };
            print(&format!("The state is not exported: {}", error_chain(&error)));
            ExitCode::FAILURE
        }
        Err(error) => {
            print(&format!("The stack cannot start.\n{}", explained(&*error)));
            ExitCode::FAILURE
        }
    }
}

/// Passes what libraries and the parts report to standard error, in the form of the other lines.
fn trace(format: LogFormat, is_coloured: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOG));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(is_coloured)
        .with_writer(io::stderr);
    match format {
        LogFormat::Text => subscriber.event_format(EventFormat::new(now)).init(),
        LogFormat::Json => subscriber.init(),
    }
}

/// Returns what has to be changed, or the error with its causes.
fn explained(error: &(dyn Error + 'static)) -> String {
    match error.downcast_ref::<StartError>() {
        Some(StartError::Faults(faults)) => faults.to_string(),
        _ => error_chain(error),
    }
}

#[expect(clippy::disallowed_methods, reason = "the edge: here the process meets its environment")]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[expect(clippy::disallowed_methods, reason = "the edge: here the process meets its clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

fn print(line: &str) {
    // With standard error gone there is nobody left to tell.
    let _ = writeln!(io::stderr(), "{line}");
}

/// Runs the stack until the process is asked to end, and returns whether its state was exported.
///
/// # Errors
/// The stack cannot start.
async fn run(
    options: &Options,
    is_coloured: bool,
) -> Result<Result<(), ExportError>, Box<dyn Error>> {
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let log = Log::new(options.log, is_coloured, now, print);
    let host = ProcessEnvironment { environment: &environment, clock: now, log: &log };
    let stack = Stack::start(options, host).await?;
    let ready =
        if options.json { serde_json::to_string(&stack.ready)? } else { stack.ready.to_string() };
    writeln!(io::stdout(), "{ready}")?;
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
    tokio::select! {
        ended = stack.shut_down() => Ok(ended),
        _ = terminated.recv() => at_once(),
        _ = interrupted.recv() => at_once(),
    }
}

/// Ends the process when it is asked twice.
#[expect(clippy::exit, reason = "the runtime would wait for what is still at work")]
fn at_once() -> ! {
    std::process::exit(1)
}
