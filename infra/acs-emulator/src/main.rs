//! The command `acs-emulator`: reads its options, serves until a signal, reports errors.

use std::error::Error;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use acs_emulator::{Https, ServeError, ServeOptions};
use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

mod options;
mod ready;

use options::{Options, Origin};

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_writer(io::stderr).with_env_filter(filter);
    log.with_ansi(io::stderr().is_terminal()).init();
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut cause = Some(error.as_ref() as &dyn Error);
            while let Some(error) = cause {
                let _ = writeln!(io::stderr(), "{error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let Origin { resource, entries, journal } = options.origin()?;
    let emulator = Arc::new(options.emulator(&resource, &entries)?);
    let ca_file = options.ca_file();
    let https = options.https.map(|address| {
        let authority = resource.authority.clone();
        Https { address, authority, ca_file: ca_file.clone() }
    });
    let addresses = [options.http, options.https];
    let is_for_this_machine =
        addresses.into_iter().flatten().all(|address| address.ip().is_loopback());
    let serve_options = ServeOptions { http: options.http, https, journal, is_for_this_machine };
    let running =
        acs_emulator::serve(Arc::clone(&emulator), serve_options).await.map_err(name_option)?;
    // Signal handlers come before the announcement: a client that reads it may send one at once.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    ready::announce(&emulator, &running, &ca_file, options.json)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(running.shut_down().await?)
}

/// Names the option whose address or file cannot be used.
fn name_option(error: ServeError) -> Box<dyn Error> {
    match error {
        ServeError::Http(address, cause) => format!("--http {address}: {cause}").into(),
        ServeError::Https(address, cause) => format!("--https {address}: {cause}").into(),
        ServeError::CaFile(file, cause) => format!("--ca-file {}: {cause}", file.display()).into(),
        ServeError::Tls(_) => error.into(),
    }
}
