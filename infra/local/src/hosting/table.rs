//! The user table: DynamoDB's own API, served in process by `dynoxide-rs` over SQLite.
//!
//! A write is in SQLite's log before it is acknowledged, so it survives `kill -9`.

use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use acs_broker_aws::{Access, Credentials, SharedCredentialsProvider};
use acs_broker_core::StoreError;
use acs_broker_store_dynamodb::{client, create_table};
use aws_sdk_dynamodb::Client;
use dynoxide::Database;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

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
    stop: oneshot::Sender<()>,
    server: JoinHandle<Result<(), String>>,
    /// A client of it.
    pub client: Client,
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
        let failed = |source| TableStartError::Port(port, source);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let (stop, stopped) = oneshot::channel::<()>();
        let server =
            tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, async {
                let _dropped = stopped.await;
            }));
        let endpoint = format!("http://127.0.0.1:{port}");
        let credentials = Credentials::new(CREDENTIAL, CREDENTIAL, None, None, "local");
        let access = Access {
            region: REGION.to_owned(),
            credentials: SharedCredentialsProvider::new(credentials),
            endpoint_url: Some(endpoint.clone()),
        };
        let client = client(access, http);
        create_table(&client, NAME).await.map_err(TableStartError::Create)?;
        Ok(Self { stop, server, client, access: TableAccess { endpoint, name: NAME } })
    }

    /// Finishes the requests under way.
    pub(crate) async fn shut_down(self) {
        let _already_gone = self.stop.send(());
        match self.server.await {
            Ok(Ok(())) => {}
            Ok(Err(reason)) => tracing::error!(reason, "the table's server failed"),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the table's server failed"
                );
            }
        }
    }
}
