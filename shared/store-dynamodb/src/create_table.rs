//! The table itself, for local stacks and tests. In AWS the infrastructure template makes it.

use std::time::Duration;

use acs_broker_core::StoreError;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::client::Waiters;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification, TimeToLiveStatus,
};

use crate::{call, item};

/// AWS makes a table in seconds to a minute.
const MAX_WAIT: Duration = Duration::from_mins(2);

/// Creates the table with its index and its TTL if it is not there, and waits until it can be used.
///
/// # Errors
/// The endpoint is out of reach or refuses, or the table does not become active in two minutes.
pub async fn create_table(client: &Client, name: &str) -> Result<(), StoreError> {
    create(client, name).await?;
    client
        .wait_until_table_exists()
        .table_name(name)
        .wait(MAX_WAIT)
        .await
        .map_err(StoreError::unavailable)?;
    expire_rows(client, name).await
}

async fn create(client: &Client, name: &str) -> Result<(), StoreError> {
    let request = client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute(item::ID, ScalarAttributeType::S)?)
        .attribute_definitions(attribute(item::DUE, ScalarAttributeType::S)?)
        .attribute_definitions(attribute(item::DUE_AT_MS, ScalarAttributeType::N)?)
        .key_schema(key(item::ID, KeyType::Hash)?)
        .global_secondary_indexes(due_index()?);
    match request.send().await {
        Ok(_) => Ok(()),
        Err(error) => match error.as_service_error() {
            Some(CreateTableError::ResourceInUseException(_)) => Ok(()),
            _ => Err(call::table_error("CreateTable", error)),
        },
    }
}

async fn expire_rows(client: &Client, name: &str) -> Result<(), StoreError> {
    let present = client
        .describe_time_to_live()
        .table_name(name)
        .send()
        .await
        .map_err(|error| call::table_error("DescribeTimeToLive", error))?;
    let status = present.time_to_live_description().and_then(|ttl| ttl.time_to_live_status());
    // Asking for what is so already is an error.
    if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
        return Ok(());
    }
    let ttl = TimeToLiveSpecification::builder()
        .enabled(true)
        .attribute_name(item::EXPIRES_AT.name)
        .build()
        .map_err(StoreError::refused)?;
    client
        .update_time_to_live()
        .table_name(name)
        .time_to_live_specification(ttl)
        .send()
        .await
        .map_err(|error| call::table_error("UpdateTimeToLive", error))?;
    Ok(())
}

fn due_index() -> Result<GlobalSecondaryIndex, StoreError> {
    GlobalSecondaryIndex::builder()
        .index_name(item::DUE_INDEX)
        .key_schema(key(item::DUE, KeyType::Hash)?)
        .key_schema(key(item::DUE_AT_MS, KeyType::Range)?)
        .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
        .build()
        .map_err(StoreError::refused)
}

fn attribute(name: &str, kind: ScalarAttributeType) -> Result<AttributeDefinition, StoreError> {
    let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(kind);
    attribute.build().map_err(StoreError::refused)
}

fn key(name: &str, kind: KeyType) -> Result<KeySchemaElement, StoreError> {
    let element = KeySchemaElement::builder().attribute_name(name).key_type(kind);
    element.build().map_err(StoreError::refused)
}
