//! Amazon's own `DynamoDB Local`, with an empty table of users.
#![expect(clippy::missing_panics_doc, reason = "a test cannot go on without the table")]

use std::time::Duration;

use acs_broker_store_dynamodb::dynamo;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use crate::process::{Background, free_port};
use crate::table::Table;
use crate::tools;

/// A Java machine takes seconds to start, more on a busy computer.
const START: Duration = Duration::from_mins(1);

/// The table and the process that serves it, which ends when this is dropped.
#[derive(Debug)]
pub struct DynamoDbLocal {
    /// Its address, without a trailing slash.
    pub endpoint: String,
    /// The table of users.
    pub table: Table,
    _server: Background,
}

impl DynamoDbLocal {
    /// Starts it and makes the table.
    pub async fn start() -> Self {
        let port = free_port();
        let mut command = Command::new(tools::java());
        command
            .args(["-Djava.library.path=./DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar"])
            .args(["-inMemory", "-sharedDb", "-disableTelemetry", "-port", &port.to_string()])
            .current_dir(tools::dynamodb_local());
        let server = Background::start(&mut command);
        let endpoint = format!("http://127.0.0.1:{port}");
        let table = Table::at(&endpoint, "local", "local", "users");
        // It listens before it can answer, and its first answers take longer than a client waits.
        let made = async {
            while dynamo::create_table(&table.client, &table.name).await.is_err() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        let started = timeout(START, made).await;
        assert!(started.is_ok(), "DynamoDB Local does not start:\n{}", server.log());
        Self { endpoint, table, _server: server }
    }
}
