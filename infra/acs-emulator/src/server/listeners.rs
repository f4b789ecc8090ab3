//! Listens on http and https, and passes requests to the emulator.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::middleware::from_fn;
use axum::response::{IntoResponse as _, Response};
use axum::routing::IntoMakeService;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use http::request::Parts;
use http::{Request, StatusCode};
use jiff::Timestamp;
use tokio::task::JoinSet;

use crate::emulator::Emulator;
use crate::response::EmulatorResponse;
use crate::server::{guard, response, tls};
use crate::state::certificate_authority::{CertificateAuthority, CertificateError};
use crate::state::journal::Journal;

/// The time that requests under way get to finish after a shutdown.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

/// The largest request: an import of some 100,000 tokens.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// The addresses to listen on. Port 0 picks a free one.
#[derive(Debug, Default)]
pub struct ServeOptions {
    /// Plain http.
    pub http: Option<SocketAddr>,
    /// TLS.
    pub https: Option<Https>,
    /// The state file that records changes before their responses. Without it they are forgotten.
    pub journal: Option<Journal>,
    /// Whether requests for another `Host` than this machine are refused. Web pages are, always.
    pub is_for_this_machine: bool,
}

/// The https port.
#[derive(Debug)]
pub struct Https {
    /// The address to listen on.
    pub address: SocketAddr,
    /// The authority that signs its certificate.
    pub authority: CertificateAuthority,
    /// The file for the authority's certificate, in PEM, which clients have to trust.
    pub ca_file: PathBuf,
}

/// The server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address for plain http cannot be bound.
    #[error("http cannot be served at {0}")]
    Http(SocketAddr, #[source] io::Error),
    /// The address for https cannot be bound.
    #[error("https cannot be served at {0}")]
    Https(SocketAddr, #[source] io::Error),
    /// The authority's certificate cannot be written.
    #[error("the certificate cannot be written to {}", .0.display())]
    CaFile(PathBuf, #[source] io::Error),
    /// TLS cannot be set up.
    #[error("https cannot be set up")]
    Tls(#[source] CertificateError),
}

/// A running server. It stops listening when it is dropped.
#[derive(Debug)]
pub struct Running {
    http: Option<SocketAddr>,
    https: Option<SocketAddr>,
    handle: Handle<SocketAddr>,
    tasks: JoinSet<io::Result<()>>,
}

impl Running {
    /// The bound http address.
    #[must_use]
    pub fn http(&self) -> Option<SocketAddr> {
        self.http
    }

    /// The bound https address.
    #[must_use]
    pub fn https(&self) -> Option<SocketAddr> {
        self.https
    }

    /// Takes no more connections, gives the requests under way two seconds to finish and returns
    /// when that is done.
    ///
    /// # Errors
    /// The error of a listener.
    pub async fn shut_down(mut self) -> io::Result<()> {
        self.handle.graceful_shutdown(Some(SHUTDOWN_TIMEOUT));
        while let Some(ended) = self.tasks.join_next().await {
            ended.map_err(io::Error::other)??;
        }
        Ok(())
    }

    fn listen_http(
        &mut self,
        address: SocketAddr,
        service: IntoMakeService<Router>,
    ) -> Result<(), ServeError> {
        let failed = |source| ServeError::Http(address, source);
        let listener = TcpListener::bind(address).map_err(failed)?;
        self.http = Some(listener.local_addr().map_err(failed)?);
        let server = axum_server::from_tcp(listener).map_err(failed)?;
        self.tasks.spawn(server.handle(self.handle.clone()).serve(service));
        Ok(())
    }

    async fn listen_https(
        &mut self,
        https: Https,
        service: IntoMakeService<Router>,
    ) -> Result<(), ServeError> {
        let failed = |source| ServeError::Https(https.address, source);
        let config = tls::server_config(&https.authority).map_err(ServeError::Tls)?;
        let config = RustlsConfig::from_config(Arc::new(config));
        let listener = TcpListener::bind(https.address).map_err(failed)?;
        self.https = Some(listener.local_addr().map_err(failed)?);
        // Clients read the file as soon as they see the port, so it comes before the first
        // connection.
        tokio::fs::write(&https.ca_file, https.authority.certificate_pem())
            .await
            .map_err(|source| ServeError::CaFile(https.ca_file, source))?;
        let server = axum_server::from_tcp_rustls(listener, config).map_err(failed)?;
        self.tasks.spawn(server.handle(self.handle.clone()).serve(service));
        Ok(())
    }
}

/// Binds, then serves in the background until [`Running::shut_down`].
///
/// # Errors
/// [`ServeError`]
pub async fn serve(emulator: Arc<Emulator>, options: ServeOptions) -> Result<Running, ServeError> {
    let journaled = JournaledEmulator { emulator, journal: Mutex::new(options.journal) };
    let router = Router::new()
        .fallback(respond)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(Arc::new(journaled))
        .layer(from_fn(guard::keep_pages_out));
    let router = if options.is_for_this_machine {
        router.layer(from_fn(guard::keep_other_hosts_out))
    } else {
        router
    };
    let service = router.into_make_service();
    let mut running =
        Running { http: None, https: None, handle: Handle::new(), tasks: JoinSet::new() };

    if let Some(address) = options.http {
        running.listen_http(address, service.clone())?;
    }
    if let Some(https) = options.https {
        running.listen_https(https, service).await?;
    }
    Ok(running)
}

/// The emulator and its journal.
struct JournaledEmulator {
    emulator: Arc<Emulator>,
    journal: Mutex<Option<Journal>>,
}

impl JournaledEmulator {
    fn handle(&self, request: &Request<Bytes>) -> io::Result<EmulatorResponse> {
        let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        #[expect(clippy::disallowed_methods, reason = "the edge: the clock is read here only")]
        let now = Timestamp::now();
        self.emulator.handle_journaled(request, now, |entries| match journal.as_mut() {
            Some(journal) => journal.append(entries),
            None => Ok(()),
        })
    }
}

/// Handles one request, and delivers the response as the emulator demands.
async fn respond(
    State(emulator): State<Arc<JournaledEmulator>>,
    head: Parts,
    body: Bytes,
) -> Response {
    let request = Request::from_parts(head, body);
    match emulator.handle(&request) {
        Ok(response) => response::deliver(response).await,
        Err(error) => {
            tracing::error!(%error, "a change could not be written to the state file");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
