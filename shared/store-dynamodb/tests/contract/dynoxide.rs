//! The contract, asked of `DynamoStore` at `dynoxide`, the table of the local stack.

use std::sync::Arc;

use acs_broker_store_dynamodb::DynamoStore;
use acs_broker_store_dynamodb::create_table;
use dynoxide::Database;
use tokio::net::TcpListener;

use crate::dynamo::{client_at, new_table_at};

crate::suite::contract!(new_table);

/// Starts an empty database, which ends with the test, and returns its URL.
pub(crate) async fn new_database() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let database = Database::memory().unwrap();
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    url
}

async fn new_table() -> Arc<DynamoStore> {
    new_table_at(&new_database().await, "users").await
}

#[tokio::test]
async fn making_a_table_that_is_there_leaves_it_as_it_is() {
    let client = client_at(&new_database().await);
    create_table(&client, "users").await.unwrap();
    create_table(&client, "users").await.unwrap();

    let ttl = client.describe_time_to_live().table_name("users").send().await.unwrap();
    let ttl = ttl.time_to_live_description().unwrap();
    assert_eq!(ttl.attribute_name(), Some("expires_at"));
}
