//! Runs one function of Lambda against a table and an ACS of its own, feeds it events, and prints
//! what it costs as one line of JSON.
//!
//! The table is dynoxide, ACS is the emulator, both over TLS in this process. Both check each
//! request's signature, and a response without a live token ends the run with an error.

mod counts;
mod process;
mod run;
mod runtime_api;
mod sigv4;
mod table;
mod upstream;

use std::error::Error;
use std::process::ExitCode;
use std::thread;

use clap::Parser;

use crate::process::Function;
use crate::run::Run;
use crate::runtime_api::RuntimeApi;
use crate::upstream::Upstream;

type AnyError = Box<dyn Error + Send + Sync>;

#[derive(Parser)]
struct Options {
    /// Users with an identity; events go to them in turn
    #[arg(long, default_value_t = 1000)]
    users: usize,
    /// Invocations after the first that do not count
    #[arg(long, default_value_t = 0)]
    warm_up: usize,
    /// Invocations that count
    #[arg(long, default_value_t = 0)]
    invocations: usize,
    /// Events at once; the function has to ask for as many
    #[arg(long, default_value_t = 1)]
    in_flight: usize,
    /// Milliseconds between two invocations, whose CPU time is then told apart
    #[arg(long)]
    gap_ms: Option<u64>,
    /// Invocations after which memory is read
    #[arg(long, default_value_t = usize::MAX)]
    chunk: usize,
    /// Each user has a revocation that waits for the sweep
    #[arg(long)]
    due: bool,
    /// The function gives no tokens
    #[arg(long)]
    without_tokens: bool,
    /// `NAME=VALUE` for the function's environment
    #[arg(long, value_name = "NAME=VALUE")]
    env: Vec<String>,
    /// The function
    #[arg(last = true, required = true)]
    program: Vec<String>,
}

#[tokio::main(flavor = "local")]
async fn main() -> ExitCode {
    match run(&Options::parse()).await {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("bench-driver: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Result<String, AnyError> {
    let is_pinned = thread::available_parallelism()?.get() > process::SERVERS_CPU;
    if is_pinned {
        process::pin(process::SERVERS_CPU)?;
    }
    let folder = tempfile::tempdir()?;
    let upstream = Upstream::start(options.users, options.due, folder.path()).await?;
    let api = RuntimeApi::start().await?;
    let environment = environment(options, &upstream, &api);
    let log = folder.path().join("log");
    let function = Function::start(&options.program, &environment, &log, is_pinned)?;
    let report = Run::new(options, &upstream, &function, api)?.complete().await;
    let report = report.map_err(|error| format!("{error}\n{}", function.log()))?;
    function.end()?;
    Ok(serde_json::to_string(&report)?)
}

fn environment(options: &Options, upstream: &Upstream, api: &RuntimeApi) -> Vec<(String, String)> {
    let lambda = [
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ("AWS_LAMBDA_RUNTIME_API", &api.address),
        ("LANG", "en_US.UTF-8"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("TZ", ":UTC"),
    ];
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let upstream = upstream.environment().into_iter();
    let given = options.env.iter().filter_map(|text| text.split_once('='));
    let all = lambda.map(owned).into_iter();
    all.chain(upstream.map(|(name, value)| (name.to_owned(), value)))
        .chain(given.map(owned))
        .collect()
}
