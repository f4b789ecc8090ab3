//! The emulator behind real sockets.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use http::request::Parts;
use http::{Request, StatusCode};
use jiff::Timestamp;
use tokio::task::JoinSet;

use crate::answer::{Reply, Wire};
use crate::emulator::Emulator;
use crate::journal::Journal;
use crate::tls::{CertificateAuthority, TlsError};

mod breaking_body;

use breaking_body::BreakingBody;

/// How long requests under way may take to finish after a shutdown.
const GRACE: Duration = Duration::from_secs(2);

/// Where to listen. Port 0 picks a free one.
#[derive(Debug, Default)]
pub struct ServeOptions {
    /// Plain http.
    pub http: Option<SocketAddr>,
    /// TLS.
    pub https: Option<Https>,
    /// Where changes are written before they are answered; without it they are forgotten.
    pub journal: Option<Journal>,
}

/// The https port.
#[derive(Debug)]
pub struct Https {
    /// Where to listen.
    pub address: SocketAddr,
    /// What signs its certificate.
    pub authority: CertificateAuthority,
    /// Where the authority's certificate is written, in PEM, for clients to trust.
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
    Tls(#[source] TlsError),
}

/// A server at work. Dropping it stops it listening.
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
    /// What a listener failed with.
    pub async fn shut_down(mut self) -> io::Result<()> {
        self.handle.graceful_shutdown(Some(GRACE));
        while let Some(ended) = self.tasks.join_next().await {
            ended.map_err(io::Error::other)??;
        }
        Ok(())
    }
}

/// Binds, then serves in the background until [`Running::shut_down`].
///
/// # Errors
/// [`ServeError`]
pub async fn serve(emulator: Arc<Emulator>, options: ServeOptions) -> Result<Running, ServeError> {
    let desk = Arc::new(Desk { emulator, journal: Mutex::new(options.journal) });
    let service = Router::new().fallback(answer).with_state(desk).into_make_service();
    let mut running =
        Running { http: None, https: None, handle: Handle::new(), tasks: JoinSet::new() };

    if let Some(address) = options.http {
        let failed = |source| ServeError::Http(address, source);
        let listener = TcpListener::bind(address).map_err(failed)?;
        running.http = Some(listener.local_addr().map_err(failed)?);
        let server = axum_server::from_tcp(listener).map_err(failed)?;
        let server = server.handle(running.handle.clone());
        running.tasks.spawn(server.serve(service.clone()));
    }
    if let Some(https) = options.https {
        let failed = |source| ServeError::Https(https.address, source);
        let config = https.authority.server_config().map_err(ServeError::Tls)?;
        let config = RustlsConfig::from_config(Arc::new(config));
        let listener = TcpListener::bind(https.address).map_err(failed)?;
        running.https = Some(listener.local_addr().map_err(failed)?);
        tokio::fs::write(&https.ca_file, https.authority.certificate_pem())
            .await
            .map_err(|source| ServeError::CaFile(https.ca_file, source))?;
        let server = axum_server::from_tcp_rustls(listener, config).map_err(failed)?;
        let server = server.handle(running.handle.clone());
        running.tasks.spawn(server.serve(service));
    }
    Ok(running)
}

/// The emulator and its journal.
struct Desk {
    emulator: Arc<Emulator>,
    journal: Mutex<Option<Journal>>,
}

impl Desk {
    fn handle(&self, request: &Request<Bytes>) -> io::Result<Reply> {
        let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        #[expect(clippy::disallowed_methods, reason = "the edge: the clock is read here only")]
        let now = Timestamp::now();
        self.emulator.handle_written(request, now, |changes| match journal.as_mut() {
            Some(journal) => journal.append(changes),
            None => Ok(()),
        })
    }
}

/// Lets the emulator answer, late or broken where it says so.
async fn answer(State(desk): State<Arc<Desk>>, head: Parts, body: Bytes) -> Response {
    let request = Request::from_parts(head, body);
    let reply = match desk.handle(&request) {
        Ok(reply) => reply,
        Err(error) => {
            tracing::error!(%error, "a change could not be written to the state file");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    tokio::time::sleep(reply.delay).await;
    match reply.wire {
        Wire::Whole => reply.response.map(Body::from),
        Wire::Dropped => Response::new(Body::new(BreakingBody::silent())),
        Wire::Truncated(keep) => {
            reply.response.map(|body| Body::new(BreakingBody::truncated(&body, keep)))
        }
    }
}
