//! Clients and tables at a DynamoDB of any make.

use std::sync::Arc;

use acs_broker_aws::{Access, Credentials, SharedCredentialsProvider};
use acs_broker_http::HttpClient;
use acs_broker_store_dynamodb::{Client, DynamoStore, client, create_table};

pub(crate) const REGION: &str = "eu-central-1";
pub(crate) const KEY_ID: &str = "test";
pub(crate) const SECRET: &str = "test";

/// A client of the DynamoDB at `url`.
pub(crate) fn client_at(url: &str) -> Client {
    client(access(url), identity_client::http_client(None).unwrap())
}

/// The table at `url`, read through the SDK.
pub(crate) fn store_at(url: &str) -> DynamoStore {
    DynamoStore::new(client_at(url), "users")
}

/// The table at `url`, read without the SDK.
pub(crate) fn direct_store_at(url: &str) -> DynamoStore {
    let http = HttpClient::new(identity_client::tls_config(None).unwrap());
    store_at(url).with_direct_reads(&access(url), http)
}

fn access(url: &str) -> Access {
    let credentials = Credentials::new(KEY_ID, SECRET, None, None, "test");
    Access {
        region: REGION.to_owned(),
        credentials: SharedCredentialsProvider::new(credentials),
        endpoint_url: Some(url.to_owned()),
    }
}

/// A table that is made for the occasion.
pub(crate) async fn new_table_at(url: &str, name: &str) -> Arc<DynamoStore> {
    let client = client_at(url);
    create_table(&client, name).await.unwrap();
    Arc::new(DynamoStore::new(client, name))
}
