//! `make run`: the whole product on one machine. `acs-broker-local --help` lists the options.

use std::error::Error;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use acs_broker_local::{Options, ProcessEnvironment, Stack};
use clap::Parser as _;
use jiff::Timestamp;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// What is logged unless `RUST_LOG` says otherwise. The table warns of each conditional write that
/// loses, which is how the protocol works.
const LOG: &str = "info,dynoxide=error";

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env();
    tracing_subscriber::fmt()
        .with_env_filter(filter.unwrap_or_else(|_| EnvFilter::new(LOG)))
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        .init();
    match run(&Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = &*error, "the stack cannot run");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the edge: here the process meets its environment")]
fn process_environment() -> ProcessEnvironment<'static> {
    ProcessEnvironment {
        environment: &|name| std::env::var(name).ok(),
        clock: Timestamp::now,
        log: |line| {
            // With standard error gone there is nobody left to tell.
            let _ = writeln!(io::stderr(), "{line}");
        },
    }
}

async fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let stack = Stack::start(options, process_environment()).await?;
    let ready =
        if options.json { serde_json::to_string(&stack.ready)? } else { stack.ready.to_string() };
    writeln!(io::stdout(), "{ready}")?;
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
    tokio::select! {
        () = stack.shut_down() => {}
        _ = terminated.recv() => at_once(),
        _ = interrupted.recv() => at_once(),
    }
    Ok(())
}

/// Ends the process when it is asked twice.
#[expect(clippy::exit, reason = "the runtime would wait for what is still at work")]
fn at_once() -> ! {
    std::process::exit(1)
}
