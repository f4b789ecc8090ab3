//! The announcement that the command prints when it is ready.

use std::io::{self, Write as _};
use std::path::Path;

use acs_emulator::{Emulator, Running};
use serde_json::json;

/// Prints on standard output that the emulator responds now, and where.
pub(crate) fn announce(
    emulator: &Emulator,
    running: &Running,
    ca_file: &Path,
    json: bool,
) -> io::Result<()> {
    let http = running.http().map(|address| format!("http://{address}"));
    let https = running.https().map(|address| format!("https://{address}"));
    let connect = |url: &Option<String>| url.as_ref().map(|url| emulator.connection_string(url));
    let ca_file = running.https().map(|_| ca_file);
    let mut out = io::stdout();
    if json {
        let ready = json!({
            "http": http, "https": https, "caFile": ca_file,
            "connectionStrings": { "http": connect(&http), "https": connect(&https) },
        });
        return writeln!(out, "{ready}");
    }
    for url in [&http, &https].into_iter().flatten() {
        writeln!(out, "{url}\n  {}", emulator.connection_string(url))?;
    }
    match ca_file {
        Some(ca_file) => writeln!(out, "https clients have to trust {}", ca_file.display()),
        None => Ok(()),
    }
}
