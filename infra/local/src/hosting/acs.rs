//! Azure Communication Services, as the emulator in `infra/acs-emulator` plays them.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use acs_emulator::{
    CertificateAuthority, Emulator, Https, Journal, JournalError, OpenedJournal, Resource,
    ResourceError, Running, ServeError, ServeOptions, Settings,
};
use serde::Serialize;

use crate::state::State;

/// The emulator at work on its own ports.
#[derive(Debug)]
pub(crate) struct Acs {
    running: Running,
    /// The emulator itself.
    pub emulator: Arc<Emulator>,
    /// How to reach it.
    pub access: AcsAccess,
}

/// What a client of the emulator needs to know.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AcsAccess {
    /// Its URL, without a trailing slash.
    pub http: String,
    /// The same over TLS.
    pub https: String,
    /// The certificate to trust for it, in PEM.
    pub ca_file: PathBuf,
    /// For clients that may speak plain http.
    pub connection_string: String,
    /// For clients that insist on TLS, as most of the SDKs do.
    pub https_connection_string: String,
}

/// The emulator could not be started.
#[derive(Debug, thiserror::Error)]
pub enum AcsStartError {
    /// What ACS knows cannot be read.
    #[error("the ACS emulator cannot go on where it was")]
    Journal(#[source] JournalError),
    /// No resource can be made.
    #[error("the ACS emulator has no resource")]
    Resource(#[source] ResourceError),
    /// The port is taken.
    #[error("--acs-port {0} cannot be used for the ACS emulator")]
    Port(u16, #[source] io::Error),
    /// The port is taken.
    #[error("--acs-https-port {0} cannot be used for the ACS emulator")]
    HttpsPort(u16, #[source] io::Error),
    /// Its certificate cannot be made or written.
    #[error("the ACS emulator cannot be served")]
    Serve(#[source] ServeError),
}

impl AcsStartError {
    /// Whether another process uses the state.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        matches!(self, Self::Journal(error) if error.is_locked())
    }
}

impl From<ServeError> for AcsStartError {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::Http(address, source) => Self::Port(address.port(), source),
            ServeError::Https(address, source) => Self::HttpsPort(address.port(), source),
            error => Self::Serve(error),
        }
    }
}

impl Acs {
    /// Starts an emulator of the resource kept in `state`.
    ///
    /// # Errors
    /// [`AcsStartError`]
    pub(crate) async fn start(state: &State, http: u16, https: u16) -> Result<Self, AcsStartError> {
        let (emulator, journal, authority) = open(state)?;
        let emulator = Arc::new(emulator);
        let ca_file = state.acs_ca_file();
        let on = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let options = ServeOptions {
            http: Some(on(http)),
            https: Some(Https { address: on(https), authority, ca_file: ca_file.clone() }),
            journal,
            is_for_this_machine: true,
        };
        let running = acs_emulator::serve(Arc::clone(&emulator), options).await?;
        let url = |scheme: &str, bound: Option<SocketAddr>| {
            let port = bound.map(|address| address.port()).unwrap_or_default();
            format!("{scheme}://127.0.0.1:{port}")
        };
        let http = url("http", running.http());
        let https = url("https", running.https());
        let access = AcsAccess {
            connection_string: emulator.connection_string(&http),
            https_connection_string: emulator.connection_string(&https),
            http,
            https,
            ca_file,
        };
        Ok(Self { running, emulator, access })
    }

    /// Finishes the requests under way.
    ///
    /// # Errors
    /// What a listener failed with.
    pub(crate) async fn shut_down(self) -> io::Result<()> {
        self.running.shut_down().await
    }
}

type OpenedEmulator = (Emulator, Option<Journal>, CertificateAuthority);

fn open(state: &State) -> Result<OpenedEmulator, AcsStartError> {
    let make = || Resource::generate(None, [None, None]);
    let (resource, entries, journal) = match state.acs_journal() {
        Some(path) => {
            let OpenedJournal { journal, resource, entries } =
                Journal::open(&path, make).map_err(AcsStartError::Journal)?;
            (resource, entries, Some(journal))
        }
        None => (make().map_err(AcsStartError::Resource)?, Vec::new(), None),
    };
    let emulator =
        Emulator::new(Settings::for_resource(&resource).map_err(AcsStartError::Resource)?);
    for entry in &entries {
        emulator.replay(entry);
    }
    Ok((emulator, journal, resource.authority))
}
