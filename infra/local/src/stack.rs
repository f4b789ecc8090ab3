//! The parts, put together.

use std::collections::BTreeMap;
use std::env::temp_dir;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::{Router, middleware};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::console::app::{Console, Parts};
use crate::console::guard::{self, Reach};
use crate::console::{recorder, routes as console_routes};
use crate::dev::health::Health;
use crate::dev::identity_provider::{AUDIENCE, IdentityProvider};
use crate::dev::routes::{self as dev_routes, DevApi};
use crate::gateway::authorizer::Authorizer;
use crate::gateway::routes::{OPENAPI, Routes};
use crate::gateway::server::Gateway;
use crate::gateway::{connection, cors, server};
use crate::hosting::acs::Acs;
use crate::hosting::environment::{self, OPERATOR_SCOPE, ProcessEnvironment, SUBJECT_CLAIM};
use crate::hosting::table::Table;
use crate::log::refusals;
use crate::options::Options;
use crate::preflight;
use crate::ready::{self, Ready};
use crate::state::State;

pub use self::contents::ExportError;
pub use self::start_error::StartError;

/// How long requests under way may take to finish after a shutdown.
const GRACE: Duration = Duration::from_secs(5);

/// Everything at work.
#[derive(Debug)]
pub struct Stack {
    /// How to use it.
    pub ready: Ready,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
    schedule: JoinHandle<()>,
    console: Arc<Console>,
    export_on_exit: Option<PathBuf>,
    acs: Acs,
    table: Table,
    /// Last, so that a folder to be forgotten is removed when nobody uses it any more.
    _state: State,
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
        preflight::check(options, host).map_err(StartError::Faults)?;
        let mut routes = Routes::read(OPENAPI).map_err(StartError::Contract)?;
        let http = identity_client::http_client(None).map_err(StartError::Http)?;
        let state = if options.in_memory {
            State::forgotten().map_err(|source| StartError::Temporary(temp_dir(), source))
        } else {
            let state = State::kept_in(&options.state);
            state.map_err(|source| StartError::State(options.state.clone(), source))
        }?;
        // First of all, because it locks the state against a second stack.
        let acs = start_acs(&state, options).await?;
        let key = state.signing_key().map_err(StartError::Key)?;
        let table = Table::start(&state, options.table_port, http.clone())
            .await
            .map_err(StartError::Table)?;
        let (listener, url) = listen(options.host, options.port)
            .await
            .map_err(|source| StartError::Port(options.port, source))?;

        let settings = environment::settings(&url, &acs.access, &table.access, host);
        if let Some(scope) = settings.get(OPERATOR_SCOPE) {
            routes = routes.with_operator_scope(scope);
        }
        let clock = Clock::new(host.clock, acs.emulator.clock_offset());
        let resolved = environment::resolved(&settings, host);
        let functions = if let Some(url) = &options.functions {
            environment::elsewhere(&http, url)
        } else {
            let (log, route) = (host.log.clone(), table.route.clone());
            environment::in_process(resolved.clone(), log, clock.clone(), route)
                .map_err(StartError::Functions)?
        };
        let provider = IdentityProvider::new(url.clone(), key.clone());
        let console = console(
            resolved,
            Parts {
                provider: provider.clone(),
                functions: functions.clone(),
                are_functions_elsewhere: options.functions.is_some(),
                emulator: Arc::clone(&acs.emulator),
                acs_url: acs.access.http.clone(),
                table: Some(table.direct.clone()),
                route: table.route.clone(),
                gateway_faults: Arc::default(),
                http: http.clone(),
                clock: clock.clone(),
            },
        )?;
        let schedule = tokio::spawn(contents::scheduled(Arc::clone(&console)));
        let gateway = Gateway {
            routes,
            authorizer: Authorizer::new(url.clone(), AUDIENCE.to_owned(), key.key_set()),
            faults: Arc::clone(&console.parts.gateway_faults),
            provider_faults: Arc::clone(&provider.faults),
            functions,
            subject_claim: (host.environment)(SUBJECT_CLAIM).unwrap_or_else(|| "sub".to_owned()),
            log: host.log.clone(),
            clock,
        };
        let dev = DevApi {
            provider,
            settings: settings.clone(),
            health: Health {
                table: table.client.clone(),
                table_name: table.access.name.to_owned(),
                acs: http,
                acs_url: acs.access.http.clone(),
            },
        };
        let (stop, stopped) = oneshot::channel();
        let reach = Reach { own: options.host, is_anywhere: options.dev_from_anywhere };
        let (api, log) = (router(gateway, dev, Arc::clone(&console), reach), host.log.clone());
        let server = tokio::spawn(connection::serve(listener, api, log, async {
            let _dropped = stopped.await;
        }));
        contents::fill(&console, options).await?;
        let ready = ready(options, url, settings, &acs, &table);
        let export_on_exit = options.export_on_exit.clone();
        Ok(Self {
            ready,
            stop,
            server,
            schedule,
            console,
            export_on_exit,
            acs,
            table,
            _state: state,
        })
    }

    /// Returns the console, for its tests.
    #[cfg(test)]
    pub(crate) const fn console(&self) -> &Arc<Console> {
        &self.console
    }

    /// Finishes the requests under way, then ends every part, what others depend on last. What is
    /// exported has all that was acknowledged.
    ///
    /// # Errors
    /// [`ExportError`]
    pub async fn shut_down(self) -> Result<(), ExportError> {
        self.schedule.abort();
        self.console.timeline.close();
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
        match &self.export_on_exit {
            Some(file) => contents::export(&self.console, file).await,
            None => Ok(()),
        }
    }
}

async fn start_acs(state: &State, options: &Options) -> Result<Acs, StartError> {
    let acs = Acs::start(state, options.acs_port, options.acs_https_port).await;
    acs.map_err(|error| match error {
        error if error.is_locked() => StartError::Locked(options.state.clone(), error),
        error => StartError::Acs(error),
    })
}

fn ready(
    options: &Options,
    url: String,
    settings: BTreeMap<&'static str, String>,
    acs: &Acs,
    table: &Table,
) -> Ready {
    Ready {
        curl: ready::curl(&url),
        gateway: url.clone(),
        issuer: url,
        acs: acs.access.clone(),
        table: table.access.clone(),
        settings,
        fate_of_state: options.fate_of_state(),
        is_reachable_from_elsewhere: !options.host.is_loopback(),
        functions_run_elsewhere: options.functions.is_some(),
    }
}

/// Returns a listener and its URL. All addresses have no common URL; then the machine's own
/// name for itself stands there, so that the issuer's name stays the same.
async fn listen(host: IpAddr, port: u16) -> io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind((host, port)).await?;
    let port = listener.local_addr()?.port();
    let host = if host.is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { host };
    Ok((listener, format!("http://{}", SocketAddr::new(host, port))))
}

fn console(resolved: BTreeMap<String, String>, parts: Parts) -> Result<Arc<Console>, StartError> {
    let console = Console::new(move || environment::read(&resolved), parts);
    console.map(Arc::new).map_err(StartError::Functions)
}

/// Returns all routes. Pages of this machine may call the contract's and the identity provider's;
/// the others are for the console's own page and for programs that are not browsers.
fn router(gateway: Gateway, api: DevApi, console: Arc<Console>, reach: Reach) -> Router {
    let guarded = || middleware::from_fn_with_state(reach, guard::guard);
    let log = gateway.log.clone();
    let refusals = || middleware::from_fn_with_state(log.clone(), refusals::write);
    let record = middleware::from_fn_with_state(Arc::clone(&console), recorder::record);
    let contract = server::router(gateway).layer(record);
    let api = Arc::new(api);
    let sign_in = console_routes::sign_in_router(Arc::clone(&console));
    let open = dev_routes::router(Arc::clone(&api))
        .merge(sign_in.layer(guarded()))
        .layer(refusals())
        .fallback_service(contract)
        .layer(cors::layer());
    console_routes::router(console)
        .merge(dev_routes::settings_router(api))
        .layer(guarded())
        .layer(refusals())
        .fallback_service(open)
}

mod contents;
#[cfg(test)]
mod socket_tests;
mod start_error;
#[cfg(test)]
mod tests;
