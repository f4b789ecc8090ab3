//! The user table: DynamoDB's own API, served in process by `dynoxide-rs` over SQLite.
//!
//! A write is in SQLite's log before it is acknowledged, so it survives `kill -9`.

use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use acs_broker_aws::{Access, Credentials, SharedCredentialsProvider};
use acs_broker_core::StoreError;
use acs_broker_store_dynamodb::{client, create_table};
use aws_sdk_dynamodb::Client;
use dynoxide::Database;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle};

use crate::hosting::rows::Rows;
use crate::hosting::table_faults::TableFaults;
use crate::hosting::table_front::{self, Front};
use crate::hosting::watched::TableRoute;
use crate::state::State;

/// The name of the table.
pub(crate) const NAME: &str = "acs-users";

/// Where the table says it is, and the credentials it does not check.
pub(crate) const REGION: &str = "local";
/// See [`REGION`].
pub(crate) const CREDENTIAL: &str = "local";

/// The table at work on its own port.
#[derive(Debug)]
pub(crate) struct Table {
    front: (oneshot::Sender<()>, JoinHandle<io::Result<()>>),
    server: (oneshot::Sender<()>, JoinHandle<Result<(), String>>),
    /// A client of it.
    pub client: Client,
    /// A client that no fault befalls.
    pub direct: Client,
    /// Its faults, its rows as a whole, and the way past the faults.
    pub route: TableRoute,
    /// How to reach it.
    pub access: TableAccess,
}

/// What a client of the table needs to know.
#[derive(Clone, Debug, Serialize)]
pub struct TableAccess {
    /// The URL to give to an AWS SDK as its endpoint.
    pub endpoint: String,
    /// The table's name.
    pub name: &'static str,
}

/// The table could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TableStartError {
    /// The SQLite file cannot be opened.
    #[error("the table's file {} cannot be opened", .0.display())]
    File(PathBuf, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// SQLite cannot open a database in memory.
    #[error("the table cannot be kept in memory")]
    Memory(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The port is taken.
    #[error("--table-port {0} cannot be used for the table")]
    Port(u16, #[source] io::Error),
    /// The table's server, behind that port, has none.
    #[error("the table's server has no port")]
    Inner(#[source] io::Error),
    /// The table itself cannot be made.
    #[error("the table cannot be made")]
    Create(#[source] StoreError),
}

impl Table {
    /// Starts the server and makes the table if it is not there yet.
    ///
    /// # Errors
    /// [`TableStartError`]
    pub(crate) async fn start(
        state: &State,
        port: u16,
        http: reqwest::Client,
    ) -> Result<Self, TableStartError> {
        let database = match state.table_file() {
            Some(file) => Database::new(&file.to_string_lossy())
                .map_err(|error| TableStartError::File(file, error.into())),
            None => Database::memory().map_err(|error| TableStartError::Memory(error.into())),
        }?;
        let rows = Rows::new(database.clone(), NAME);
        let failed = |source| TableStartError::Port(port, source);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let inner = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let inner = inner.map_err(TableStartError::Inner)?;
        let inner_port = inner.local_addr().map_err(TableStartError::Inner)?.port();
        let [endpoint, target] = [port, inner_port].map(|port| format!("http://127.0.0.1:{port}"));

        let (stop_server, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(dynoxide::server::serve_with_shutdown(inner, database, async {
            let _dropped = stopped.await;
        }));
        let direct = client(access(&target), http.clone());
        create_table(&direct, NAME).await.map_err(TableStartError::Create)?;
        let faults = Arc::new(TableFaults::default());
        let (stop_front, stopped) = oneshot::channel::<()>();
        let client = client(access(&endpoint), http.clone());
        let route = TableRoute { direct: target, faults, rows };
        let front = Front { http, route: route.clone() };
        let front = tokio::spawn(table_front::serve(listener, front, stopped));
        Ok(Self {
            front: (stop_front, front),
            server: (stop_server, server),
            client,
            direct,
            route,
            access: TableAccess { endpoint, name: NAME },
        })
    }

    /// Finishes the requests under way.
    pub(crate) async fn shut_down(self) {
        let Self { front: (stop_front, front), server: (stop_server, server), .. } = self;
        let _already_gone = stop_front.send(());
        report(front.await.map(|ended| ended.map_err(|error| error.to_string())));
        let _already_gone = stop_server.send(());
        report(server.await);
    }
}

fn report(ended: Result<Result<(), String>, JoinError>) {
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(reason)) => tracing::error!(reason, "the table's server failed"),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the table's server failed");
        }
    }
}

fn access(endpoint: &str) -> Access {
    let credentials = Credentials::new(CREDENTIAL, CREDENTIAL, None, None, "local");
    Access {
        region: REGION.to_owned(),
        credentials: SharedCredentialsProvider::new(credentials),
        endpoint_url: Some(endpoint.to_owned()),
    }
}
