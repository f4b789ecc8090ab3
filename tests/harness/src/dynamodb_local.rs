//! Amazon's own `DynamoDB Local`, with an empty user table.

use std::time::Duration;

use acs_broker_store_dynamodb::create_table;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use crate::process::{Background, free_port};
use crate::table::TableClient;
use crate::tools;

/// How long the start may take. A Java machine takes seconds, more on a busy computer.
const START_TIMEOUT: Duration = Duration::from_mins(1);

/// The table and the process that serves it, which ends when this is dropped.
#[derive(Debug)]
pub struct DynamoDbLocal {
    /// Its address, without a trailing slash.
    pub endpoint: String,
    /// The user table.
    pub table: TableClient,
    _server: Background,
    _folder: TempDir,
}

impl DynamoDbLocal {
    /// Starts the server and creates the table.
    pub async fn start() -> Self {
        // Java takes no notice of TMPDIR, and leaves an unpacked library behind when it is killed.
        let folder = TempDir::new().expect("a temporary folder");
        let port = free_port();
        let mut command = Command::new(tools::java());
        command
            .arg(format!("-Djava.io.tmpdir={}", folder.path().display()))
            .args(["-Djava.library.path=./DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar"])
            .args(["-inMemory", "-sharedDb", "-disableTelemetry", "-port", &port.to_string()])
            .current_dir(tools::dynamodb_local());
        let server = Background::start(&mut command);
        let endpoint = format!("http://127.0.0.1:{port}");
        let table = TableClient::at(&endpoint, "local", "local", "users");
        // The server listens before it can respond, and its first responses take longer than a
        // client waits.
        let made = async {
            while create_table(&table.client, &table.name).await.is_err() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        let started = timeout(START_TIMEOUT, made).await;
        assert!(started.is_ok(), "DynamoDB Local does not start:\n{}", server.log());
        Self { endpoint, table, _server: server, _folder: folder }
    }
}
