//! Clients and tables at a DynamoDB of any make.

use std::sync::Arc;

use acs_broker_aws::{Access, Credentials, SharedCredentialsProvider};
use acs_broker_store_dynamodb::{Client, DynamoStore, client, create_table};

/// A client of the DynamoDB at `url`.
pub(crate) fn client_at(url: &str) -> Client {
    let credentials = Credentials::new("test", "test", None, None, "test");
    let access = Access {
        region: "eu-central-1".to_owned(),
        credentials: SharedCredentialsProvider::new(credentials),
        endpoint_url: Some(url.to_owned()),
    };
    client(access, identity_client::http_client(None).unwrap())
}

/// A table that is made for the occasion.
pub(crate) async fn new_table_at(url: &str, name: &str) -> Arc<DynamoStore> {
    let client = client_at(url);
    create_table(&client, name).await.unwrap();
    Arc::new(DynamoStore::new(client, name))
}
