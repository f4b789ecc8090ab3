//! The contract, asked of the fake.

use std::sync::Arc;

use acs_broker_store_dynamodb::MemoryTable;

crate::suite::contract!(new_table);

async fn new_table() -> Arc<MemoryTable> {
    Arc::default()
}
