//! The contract, asked of the fake.

use std::sync::Arc;

use acs_broker_store_dynamodb::testing::MemoryStore;

crate::suite::contract!(new_table);

async fn new_table() -> Arc<MemoryStore> {
    Arc::default()
}
