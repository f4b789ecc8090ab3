//! The command line.

use std::path::PathBuf;

use clap::Parser;
use url::Url;

/// Runs the whole product on this machine: the functions behind a gateway, with an identity
/// provider, a table and Azure Communication Services of their own. Port 0 picks a free port.
#[derive(Clone, Debug, Parser)]
#[command(name = "local", version)]
pub struct Options {
    /// Port of the gateway and the identity provider
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
    #[arg(long, value_name = "URL")]
    pub functions: Option<Url>,

    /// Print one line of JSON when ready
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn state_is_kept_in_a_folder_unless_it_is_to_be_forgotten() {
        let options = Options::parse_from(["local"]);
        assert_eq!((options.port, options.in_memory), (8080, false));
        assert!(Options::try_parse_from(["local", "--in-memory", "--state", "x"]).is_err());
        assert!(Options::parse_from(["local", "--in-memory"]).in_memory);
    }
}
