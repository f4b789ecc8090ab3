//! Why a stack cannot be started.

use std::io;
use std::path::PathBuf;

use identity_client::BuildError;

use crate::gateway::routes::ContractError;
use crate::hosting::acs::AcsStartError;
use crate::hosting::table::TableStartError;
use crate::preflight::Faults;
use crate::state::KeyFileError;

/// The stack could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Options or settings have to be changed.
    #[error("{0}")]
    Faults(Faults),
    /// The folder of `--state` cannot be used.
    #[error("the state folder {} cannot be used", .0.display())]
    State(PathBuf, #[source] io::Error),
    /// There is no folder for this run.
    #[error("no temporary folder can be made in {}, which TMPDIR names", .0.display())]
    Temporary(PathBuf, #[source] io::Error),
    /// Another process has the folder of `--state` in use.
    #[error("another stack uses the state folder {}", .0.display())]
    Locked(PathBuf, #[source] AcsStartError),
    /// The identity provider has no key.
    #[error("the identity provider cannot be started")]
    Key(#[source] KeyFileError),
    /// The ACS emulator cannot be started.
    #[error("the ACS emulator cannot be started")]
    Acs(#[source] AcsStartError),
    /// The table cannot be started.
    #[error("the table cannot be started")]
    Table(#[source] TableStartError),
    /// The gateway's port cannot be used.
    #[error("--port {0} cannot be used for the gateway")]
    Port(u16, #[source] io::Error),
    /// The contract cannot be read.
    #[error("the gateway has no routes")]
    Contract(#[source] ContractError),
    /// The functions refuse their settings.
    #[error("the functions cannot be started")]
    Functions(#[source] acs_broker_lambda::StartError),
    /// The file of `--import` cannot be read.
    #[error("{} of --import cannot be read", .0.display())]
    Import(PathBuf, #[source] io::Error),
    /// The state of `--import` or `--seed` cannot be made.
    #[error("the state of {0} cannot be made: {1}")]
    Content(&'static str, String),
    /// There is no HTTP client.
    #[error("the HTTP client cannot be made")]
    Http(#[source] BuildError),
}
