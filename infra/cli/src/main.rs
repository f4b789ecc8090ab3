//! `acs-broker`, the operators' tool. `acs-broker --help` lists its commands.

use std::env;
use std::io;
use std::process::ExitCode;

use acs_broker_cli::Env;
use jiff::Timestamp;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

#[tokio::main]
async fn main() -> ExitCode {
    // An operator must see the warnings of the store: it skips rows that it cannot read.
    let warnings = Targets::new().with_target("acs_broker", LevelFilter::WARN);
    let lines = fmt::layer().without_time().with_target(false).with_writer(io::stderr);
    tracing_subscriber::registry().with(lines).with(warnings).init();
    acs_broker_cli::run(env::args_os().collect(), environment()).await
}

#[expect(clippy::disallowed_methods, reason = "the edge: here the process meets its environment")]
fn environment() -> Env {
    Env { variable: |name| env::var(name).ok(), clock: Timestamp::now }
}
