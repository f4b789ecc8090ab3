//! The command line.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use clap::Parser;
use url::Url;

use crate::console::seed::Seed;
use crate::log::LogFormat;

/// Runs the whole product on this machine: the functions behind a gateway, with an identity
/// provider, a table and Azure Communication Services of their own. Port 0 picks a free port.
#[derive(Clone, Debug, Parser)]
#[command(name = "local", version)]
pub struct Options {
    /// Address of the gateway and the identity provider; 0.0.0.0 lets phones in. Anyone who reaches
    /// it can sign in as anybody
    #[arg(long, value_name = "ADDR", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub host: IpAddr,

    /// Let other machines use the console and all of /dev, by a Host of localhost. A container needs
    /// it, whose port is published on 127.0.0.1
    #[arg(long)]
    pub dev_from_anywhere: bool,

    /// Port of the gateway and the identity provider. It is part of the issuer's name: with another
    /// port every user is a new one
    #[arg(long, default_value_t = 8080)]
    pub port: u16,

    /// Port of the ACS emulator
    #[arg(long, default_value_t = 8081)]
    pub acs_port: u16,

    /// Port of the ACS emulator, over TLS
    #[arg(long, default_value_t = 8082)]
    pub acs_https_port: u16,

    /// Port of the table, which speaks DynamoDB's API
    #[arg(long, default_value_t = 8083)]
    pub table_port: u16,

    /// Folder where the users, the keys and what ACS knows are kept
    #[arg(long, value_name = "DIR", default_value = ".local", conflicts_with = "in_memory")]
    pub state: PathBuf,

    /// Forget everything at the end
    #[arg(long)]
    pub in_memory: bool,

    /// Lambda's invoke API, to call functions that run elsewhere, such as `cargo lambda watch` at
    /// `http://127.0.0.1:9000`; without it they run in this process
    #[arg(long, value_name = "URL", value_parser = invoke_api)]
    pub functions: Option<Url>,

    /// What is logged: one readable line for each request, or the functions' lines as on Lambda
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub log: LogFormat,

    /// Users to begin with; without it there are those that the state has
    #[arg(long, value_enum, value_name = "NAME")]
    pub seed: Option<Seed>,

    /// A state to begin with, as `/dev/export` gives it. It replaces what the state folder has
    #[arg(long, value_name = "FILE")]
    pub import: Option<PathBuf>,

    /// Where the state is written when the stack is stopped, for `--import`; the file is whole or as
    /// it was, and only its owner reads it
    #[arg(long, value_name = "FILE")]
    pub export_on_exit: Option<PathBuf>,

    /// Print one line of JSON when ready
    #[arg(long)]
    pub json: bool,
}

impl Options {
    /// Returns what becomes of the state at the end, as a clause.
    #[must_use]
    pub fn fate_of_state(&self) -> String {
        if self.in_memory {
            "nothing is kept (--in-memory)".to_owned()
        } else {
            format!("the state is kept in {}", self.state.display())
        }
    }

    /// Returns the options that name a port, with the port.
    pub(crate) fn ports(&self) -> [(&'static str, u16); 4] {
        [
            ("--port", self.port),
            ("--acs-port", self.acs_port),
            ("--acs-https-port", self.acs_https_port),
            ("--table-port", self.table_port),
        ]
    }
}

/// A URL to which the invoke API's path can be added.
fn invoke_api(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if !["http", "https"].contains(&url.scheme()) {
        return Err("must begin with http:// or https://".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must end with the path, without ? and #".to_owned());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// The command line does not contradict itself.
    #[test]
    fn command_line_is_consistent() {
        Options::command().debug_assert();
    }

    /// State is kept in a folder unless it is to be forgotten.
    #[test]
    fn state_is_kept_unless_forgotten() {
        let options = Options::parse_from(["local"]);
        assert_eq!((options.port, options.in_memory), (8080, false));
        assert!(Options::try_parse_from(["local", "--in-memory", "--state", "x"]).is_err());
        assert!(Options::parse_from(["local", "--in-memory"]).in_memory);
    }

    /// Functions elsewhere are behind HTTP, at a URL to which a path can be added.
    #[test]
    fn functions_url_can_be_prolonged() {
        for (url, is_good) in [
            ("http://127.0.0.1:9000", true),
            ("https://lambda.example/behind/", true),
            ("127.0.0.1:9000", false),
            ("ftp://127.0.0.1", false),
            ("http://127.0.0.1:9000/?x", false),
            ("http://127.0.0.1:9000/#x", false),
        ] {
            let options = Options::try_parse_from(["local", "--functions", url]);
            assert_eq!(options.is_ok(), is_good, "{url}");
        }
    }
}
