//! The [`UserStore`] on DynamoDB.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use acs_broker_aws::Access;
use acs_broker_core::{
    Page, Record, RecordKey, StoreError, Stored, UniqueId, UnreadableRow, UserSnapshot, UserStore,
    WriteOutcome,
};
use acs_broker_http::HttpClient;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, KeysAndAttributes, ReturnValuesOnConditionCheckFailure,
};
use http::Uri;
use identity_client::{Deadline, Timestamp};
use tokio::time::sleep;
use tracing::warn;

use crate::attribute::{Item, Row};
use crate::direct_read::DirectReader;
use crate::{call, item};

/// The pause before rows are asked for again that DynamoDB has left out. It doubles each time.
const MIN_PAUSE: Duration = Duration::from_millis(25);
/// How often the rest of a batch is asked for; the pauses before the last take a minute.
const MAX_BATCH_READS: usize = 12;
/// The longest row is 3 kB of JSON, so a page of this many fits into the 2 MiB that are read of a
/// response.
const MAX_PAGE_SIZE: usize = 500;

/// The user table on DynamoDB. A clone shares the client.
#[derive(Clone, Debug)]
pub struct DynamoStore {
    client: Client,
    name: String,
    direct: Option<Arc<DirectReader>>,
}

impl DynamoStore {
    /// Returns the store in the table of this name; [`client`](crate::client) makes the client.
    pub fn new(client: Client, table_name: impl Into<String>) -> Self {
        Self { client, name: table_name.into(), direct: None }
    }

    /// Returns the store that reads snapshots through `http`, without the SDK.
    #[must_use]
    pub fn with_direct_reads(self, access: &Access, http: HttpClient) -> Self {
        let direct = DirectReader::new(access, http, &self.name).map(Arc::new);
        Self { direct, ..self }
    }

    /// Returns the server that [`DynamoStore::with_direct_reads`] reads from.
    #[must_use]
    pub fn server(&self) -> Option<Uri> {
        self.direct.as_ref().map(|direct| direct.server())
    }

    /// Reads the rows of a user and of all users through the SDK.
    async fn rows(&self, user: &RecordKey, deadline: &Deadline) -> Result<Vec<Item>, StoreError> {
        let mut missing = vec![item::primary_key(user), item::primary_key(&RecordKey::AllUsers)];
        let mut rows = Vec::new();
        let mut pause = MIN_PAUSE;
        for _ in 0..MAX_BATCH_READS {
            let keys = KeysAndAttributes::builder().set_keys(Some(missing)).consistent_read(true);
            let keys = keys.build().map_err(StoreError::refused)?;
            let get = self.client.batch_get_item().request_items(&self.name, keys);
            let reply = call::until(deadline, get.send())
                .await
                .map_err(|error| call::table_error("BatchGetItem", error))?;
            rows.extend(reply.responses.into_iter().flat_map(HashMap::into_values).flatten());
            let left = reply.unprocessed_keys.into_iter().flat_map(HashMap::into_values);
            missing = left.flat_map(|left| left.keys).collect();
            if missing.is_empty() {
                return Ok(rows);
            }
            if deadline.remaining() <= pause {
                break;
            }
            sleep(pause).await;
            pause *= 2;
        }
        Err(StoreError::throttled("BatchGetItem: rows were left unread"))
    }
}

/// Returns what the rows of a user and of all users say.
fn snapshot(
    rows: &[impl Row],
    user: &RecordKey,
    now: Timestamp,
) -> Result<UserSnapshot, StoreError> {
    let find = |key: &RecordKey| {
        let key = key.to_text();
        let row = rows.iter().map(|row| row as &dyn Row).find(|row| item::is_of(*row, &key));
        item::read(row).map(|stored| stored.live(now))
    };
    let global_cutoff = find(&RecordKey::AllUsers)?.record.sessions_valid_after;
    Ok(UserSnapshot { stored: find(user)?, global_cutoff })
}

impl UserStore for DynamoStore {
    async fn read(&self, key: &RecordKey, deadline: &Deadline) -> Result<Stored, StoreError> {
        let get = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(item::primary_key(key)))
            .consistent_read(true);
        let reply = call::until(deadline, get.send())
            .await
            .map_err(|error| call::table_error("GetItem", error))?;
        Ok(item::read(reply.item().map(|row| row as &dyn Row))?.live(deadline.now()))
    }

    async fn read_snapshot(
        &self,
        user: &RecordKey,
        deadline: &Deadline,
    ) -> Result<UserSnapshot, StoreError> {
        let direct = match &self.direct {
            Some(direct) => direct.rows(user, deadline).await,
            None => None,
        };
        let now = deadline.now();
        match direct {
            Some(rows) => snapshot(&rows, user, now),
            // Boxed, like all that few requests need: the path of every token stays small.
            None => snapshot(&Box::pin(self.rows(user, deadline)).await?, user, now),
        }
    }

    async fn write(
        &self,
        key: &RecordKey,
        expected: Option<UniqueId>,
        record: &Record,
        revision: UniqueId,
        deadline: &Deadline,
    ) -> Result<WriteOutcome, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item::write(key, record, revision)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = match expected {
            Some(expected) => put
                .condition_expression("revision = :expected")
                .expression_attribute_values(":expected", AttributeValue::S(expected.to_string())),
            None => put.condition_expression("attribute_not_exists(revision)"),
        };
        let Err(error) = call::until(deadline, put.send()).await else {
            return Ok(WriteOutcome::Written);
        };
        let Some(PutItemError::ConditionalCheckFailedException(refused)) = error.as_service_error()
        else {
            return Err(call::table_error("PutItem", error));
        };
        let held = item::read(refused.item().map(|row| row as &dyn Row))?;
        // The SDK repeats a write whose reply was lost; the repetition then meets its own revision.
        if held.revision == Some(revision) {
            return Ok(WriteOutcome::Written);
        }
        Ok(WriteOutcome::Conflict(held.live(deadline.now())))
    }

    async fn due(&self, limit: usize, deadline: &Deadline) -> Result<Vec<RecordKey>, StoreError> {
        let now_ms = deadline.now().as_millisecond();
        let mut rows = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(item::DUE_INDEX)
            .key_condition_expression("due = :due AND due_at_ms <= :now")
            .expression_attribute_values(":due", AttributeValue::S(item::DUE_PARTITION.to_owned()))
            .expression_attribute_values(":now", AttributeValue::N(now_ms.to_string()))
            .into_paginator()
            .page_size(i32::try_from(limit).unwrap_or(i32::MAX))
            .items()
            .send();
        let mut keys = Vec::new();
        while keys.len() < limit {
            let Some(row) = call::until(deadline, rows.try_next())
                .await
                .map_err(|error| call::table_error("Query", error))?
            else {
                break;
            };
            if let Some(key) = item::key(&row) {
                keys.push(key);
            } else {
                // Left to the version that wrote it, so that it does not hold up the rest.
                warn!("a due row has a key that this version cannot read");
            }
        }
        Ok(keys)
    }

    async fn list(
        &self,
        after: Option<&RecordKey>,
        limit: usize,
        deadline: &Deadline,
    ) -> Result<Page, StoreError> {
        let limit = limit.clamp(1, MAX_PAGE_SIZE);
        let mut start = after.map(item::primary_key);
        let (mut records, mut unreadable) = (Vec::new(), Vec::new());
        loop {
            let left = limit.saturating_sub(records.len()).max(1);
            let scan = self
                .client
                .scan()
                .table_name(&self.name)
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .limit(i32::try_from(left).unwrap_or(i32::MAX));
            let page = call::until(deadline, scan.send())
                .await
                .map_err(|error| call::table_error("Scan", error))?;
            for row in page.items() {
                let Some(key) = item::key(row) else {
                    warn!("a row has a key that this version cannot read");
                    continue;
                };
                match item::stored(row) {
                    Ok(Stored { record, .. }) if record.has_expired(deadline.now()) => {}
                    Ok(Stored { record, .. }) => records.push((key, record)),
                    Err(rule) => unreadable.push(UnreadableRow { key, why: rule.to_string() }),
                }
            }
            let next = page.last_evaluated_key.as_ref().and_then(|row| item::key(row));
            start = page.last_evaluated_key;
            // A page that ends at a row with an unreadable key goes on: such a key cannot be
            // returned as the next one.
            if start.is_none() || next.is_some() {
                return Ok(Page { records, unreadable, next });
            }
        }
    }
}
