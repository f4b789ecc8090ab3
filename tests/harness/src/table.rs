//! A client of the user table, for tests that read or change rows behind the product.

use std::collections::BTreeMap;
use std::time::Duration;

use acs_broker_aws::{Access, Credentials, SharedCredentialsProvider};
use acs_broker_core::{
    BoundIdentity, IdentityState, Record, RecordKey, UniqueId, UserStore as _, WriteOutcome,
};
use acs_broker_store_dynamodb::{Client, DynamoStore};
use identity_client::{Deadline, Timestamp};

use crate::stack::StackProcess;

/// Longer than any pause between two attempts.
const PAUSE: Duration = Duration::from_mins(2);
/// How long a call may take on a machine that is busy with other tests.
const TIMEOUT: Duration = Duration::from_secs(30);
use aws_sdk_dynamodb::types::AttributeValue;

/// Returns every row of a stack's table that has not expired.
pub async fn rows(stack: &StackProcess) -> BTreeMap<RecordKey, Record> {
    #[expect(clippy::disallowed_methods, reason = "the clock of the product")]
    let now = Timestamp::now();
    let TableClient { client, name } = of(stack);
    let table = DynamoStore::new(client.clone(), &name);
    let scan = client.scan().table_name(&name).consistent_read(true).into_paginator().items();
    let items = scan.send().collect::<Result<Vec<_>, _>>().await.expect("a scan of the table");
    let mut rows = BTreeMap::new();
    for item in items {
        let id = item.get("id").and_then(|id| id.as_s().ok()).expect("a row's key");
        let key: RecordKey = id.parse().expect("a key that this version knows");
        let stored = table.read(&key, &Deadline::new(now, TIMEOUT)).await.expect("a row");
        rows.insert(key, stored.record);
    }
    rows
}

/// Changes the record of a user behind the product.
pub async fn change(stack: &StackProcess, subject: &str, change: impl FnOnce(&mut Record)) {
    change_in(&of(stack), stack.ready("/issuer"), subject, change).await;
}

async fn change_in(
    table: &TableClient,
    issuer: &str,
    subject: &str,
    change: impl FnOnce(&mut Record),
) {
    #[expect(clippy::disallowed_methods, reason = "the clock of the product")]
    let deadline = Deadline::new(Timestamp::now(), TIMEOUT);
    let table = DynamoStore::new(table.client.clone(), &table.name);
    let issuer = issuer.parse().expect("an issuer");
    let key = RecordKey::user(issuer, subject.parse().expect("a subject"));
    let mut stored = table.read(&key, &deadline).await.expect("a row");
    change(&mut stored.record);
    let revision = UniqueId::from_bits(u128::MAX);
    let written = table.write(&key, stored.revision, &stored.record, revision, &deadline).await;
    assert_eq!(written.expect("a write"), WriteOutcome::Written);
}

/// A client of one table.
#[derive(Clone, Debug)]
pub struct TableClient {
    /// The client.
    pub client: Client,
    /// The table's name.
    pub name: String,
}

impl TableClient {
    /// The table `name` at `endpoint`, in the account of a key.
    #[must_use]
    pub fn at(endpoint: &str, region: &str, key: &str, name: &str) -> Self {
        let credentials = Credentials::new(key, key, None, None, "test");
        let access = Access {
            region: region.to_owned(),
            credentials: SharedCredentialsProvider::new(credentials),
            endpoint_url: Some(endpoint.to_owned()),
        };
        let http = identity_client::http_client(None).expect("an HTTP client");
        Self { client: acs_broker_store_dynamodb::client(access, http), name: name.to_owned() }
    }
}

/// The table of a stack.
#[must_use]
pub fn of(stack: &StackProcess) -> TableClient {
    TableClient::at(stack.ready("/table/endpoint"), "local", "local", stack.ready("/table/name"))
}

/// Ends the pauses after failed attempts at ACS for a user, as time does.
pub async fn end_pauses(stack: &StackProcess, subject: &str) {
    change(stack, subject, |record| {
        record.creation_pause = None;
        if let IdentityState::Bound(BoundIdentity { pending: Some(pending), .. }) =
            &mut record.identity
        {
            pending.attempt.began_at = pending.attempt.began_at.checked_sub(PAUSE).expect("a time");
        }
    })
    .await;
}

/// Makes the pending operation of a user due now.
pub async fn make_due(table: &TableClient, issuer: &str, subject: &str) {
    change_in(table, issuer, subject, |record| {
        let IdentityState::Bound(bound) = &mut record.identity else { panic!("no identity") };
        let pending = bound.pending.as_mut().expect("a pending operation");
        pending.retry_at = pending.accepted_at;
    })
    .await;
}

/// Writes a row whose key a later version may know, and this one does not.
pub async fn put_unknown_key(table: &TableClient) {
    let id = AttributeValue::S("another version's".to_owned());
    let written = table.client.put_item().table_name(&table.name).item("id", id).send().await;
    written.expect("a write");
}

/// The attribute by which rows of a table expire.
pub async fn expiry(table: &TableClient) -> String {
    let ttl = table.client.describe_time_to_live().table_name(&table.name).send().await;
    let ttl = ttl.expect("an expiry").time_to_live_description.expect("a description");
    ttl.attribute_name.expect("an attribute")
}

/// The keys and the indexes of a table, as text for a comparison.
pub async fn keys(table: &TableClient) -> String {
    let described = table.client.describe_table().table_name(&table.name).send().await;
    let described = described.expect("a table").table.expect("a description");
    let mut attributes: Vec<_> = described
        .attribute_definitions()
        .iter()
        .map(|one| format!("{} {}", one.attribute_name(), one.attribute_type()))
        .collect();
    attributes.sort();
    let indexes: Vec<_> = described
        .global_secondary_indexes()
        .iter()
        .map(|index| {
            let projection = index.projection().and_then(|one| one.projection_type().cloned());
            format!("{:?} {:?} {projection:?}", index.index_name(), index.key_schema())
        })
        .collect();
    format!("{attributes:?} {:?} {indexes:?}", described.key_schema())
}
