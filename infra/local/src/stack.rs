//! The parts, put together.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use identity_client::BuildError;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::dev::health::Health;
use crate::dev::identity_provider::{AUDIENCE, IdentityProvider};
use crate::dev::routes::{self as dev_routes, DevApi};
use crate::gateway::authorizer::Authorizer;
use crate::gateway::routes::{ContractError, OPENAPI, Routes};
use crate::gateway::server::Gateway;
use crate::gateway::{cors, server};
use crate::hosting::acs::{Acs, AcsStartError};
use crate::hosting::environment::{self, OPERATOR_SCOPE, ProcessEnvironment};
use crate::hosting::schedule;
use crate::hosting::table::{Table, TableStartError};
use crate::options::Options;
use crate::ready::{self, Ready};
use crate::state::{KeyFileError, State};

/// How long requests under way may take to finish after a shutdown.
const GRACE: Duration = Duration::from_secs(5);

/// Everything at work.
#[derive(Debug)]
pub struct Stack {
    /// How to use it.
    pub ready: Ready,
    stop: oneshot::Sender<()>,
    server: JoinHandle<io::Result<()>>,
    schedule: JoinHandle<()>,
    acs: Acs,
    table: Table,
    /// Last, so that a folder to be forgotten is removed when nobody uses it any more.
    _state: State,
}

/// The stack could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The folder of `--state` cannot be used.
    #[error("the state folder {} cannot be used", .0.display())]
    State(PathBuf, #[source] io::Error),
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
    /// There is no HTTP client.
    #[error("the HTTP client cannot be made")]
    Http(#[source] BuildError),
}

impl Stack {
    /// Starts every part and returns when all can be used.
    ///
    /// # Errors
    /// The first part that cannot be started.
    pub async fn start(
        options: &Options,
        host: ProcessEnvironment<'_>,
    ) -> Result<Self, StartError> {
        let mut routes = Routes::read(OPENAPI).map_err(StartError::Contract)?;
        let http = identity_client::http_client(None).map_err(StartError::Http)?;
        let state =
            if options.in_memory { State::forgotten() } else { State::kept_in(&options.state) };
        let state = state.map_err(|source| StartError::State(options.state.clone(), source))?;
        // First of all, because it locks the state against a second stack.
        let acs = Acs::start(&state, options.acs_port, options.acs_https_port).await;
        let acs = acs.map_err(|error| match error {
            error if error.is_locked() => StartError::Locked(options.state.clone(), error),
            error => StartError::Acs(error),
        })?;
        let key = state.signing_key().map_err(StartError::Key)?;
        let table = Table::start(&state, options.table_port, http.clone())
            .await
            .map_err(StartError::Table)?;
        let (listener, url) =
            listen(options.port).await.map_err(|source| StartError::Port(options.port, source))?;

        let settings = environment::settings(&url, &acs.access, &table.access, host);
        if let Some(scope) = settings.get(OPERATOR_SCOPE) {
            routes = routes.with_operator_scope(scope);
        }
        let functions = match &options.functions {
            Some(url) => environment::elsewhere(&http, url),
            None => environment::in_process(&settings, host).map_err(StartError::Functions)?,
        };
        let schedule = tokio::spawn(schedule::run(functions.clone(), host.clock));
        let gateway = Gateway {
            routes,
            authorizer: Authorizer::new(url.clone(), AUDIENCE.to_owned(), key.key_set()),
            functions: functions.clone(),
            clock: host.clock,
        };
        let dev = DevApi {
            provider: IdentityProvider::new(url.clone(), key),
            functions,
            settings: settings.clone(),
            health: Health {
                table: table.client.clone(),
                table_name: table.access.name.to_owned(),
                acs: http,
                acs_url: acs.access.http.clone(),
            },
            clock: host.clock,
        };
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(serve(listener, router(gateway, dev), async {
            let _dropped = stopped.await;
        }));
        let ready = Ready {
            curl: ready::curl(&url),
            gateway: url.clone(),
            issuer: url,
            acs: acs.access.clone(),
            table: table.access.clone(),
            settings,
            functions_run_elsewhere: options.functions.is_some(),
        };
        Ok(Self { ready, stop, server, schedule, acs, table, _state: state })
    }

    /// Finishes the requests under way, then ends every part, what others depend on last.
    pub async fn shut_down(self) {
        self.schedule.abort();
        let _already_gone = self.stop.send(());
        if tokio::time::timeout(GRACE, self.server).await.is_err() {
            tracing::warn!("requests were cut off");
        }
        if let Err(error) = self.acs.shut_down().await {
            tracing::error!(error = &error as &dyn std::error::Error, "the ACS emulator failed");
        }
        if tokio::time::timeout(GRACE, self.table.shut_down()).await.is_err() {
            tracing::warn!("requests to the table were cut off");
        }
    }
}

async fn listen(port: u16) -> io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let port = listener.local_addr()?.port();
    Ok((listener, format!("http://127.0.0.1:{port}")))
}

async fn serve(
    listener: TcpListener,
    router: Router,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stopped).await
}

/// Returns the contract's routes and those under `/dev`, for pages of this machine too.
fn router(gateway: Gateway, api: DevApi) -> Router {
    let contract = server::router(gateway);
    dev_routes::router(api).fallback_service(contract).layer(cors::layer())
}

#[cfg(test)]
mod tests;
