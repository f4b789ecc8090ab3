//! The table on Amazon DynamoDB.
//!
//! # The row
//!
//! | attribute | type | holds | missing means |
//! | --- | --- | --- | --- |
//! | `id` | S | partition key: [`RecordKey::to_text`] | |
//! | `revision` | S | the last write's [`Nonce`] | a row nobody has written yet |
//! | `identity` | S | [`Binding::identity`](crate::Binding::identity) | no identity |
//! | `identity_sign_in` | N | [`Binding::sign_in`](crate::Binding::sign_in), seconds | 1970: before every event |
//! | `sign_in_not_before` | N | [`Record::sign_in_not_before`], seconds | no watermark |
//! | `suspended` | BOOL | [`Record::is_suspended`] | false |
//! | `suspension_by` | S | [`Suspension::by`](crate::Suspension::by): `operator` or `provider` | by an operator if `suspended`, else nothing was ever decided |
//! | `suspension_at_ms` | N | [`Suspension::at`](crate::Suspension::at), milliseconds | 1970: before every event |
//! | `lease_owner` | S | [`Lease::owner`](crate::Lease::owner) | no lease |
//! | `lease_until_ms` | N | [`Lease::until`](crate::Lease::until), milliseconds | 1970: others may take it |
//! | `lease_sign_in` | N | [`Lease::sign_in`](crate::Lease::sign_in), seconds | 1970: before every event |
//! | `lease_void` | BOOL | [`Lease::void`](crate::Lease::void) | false |
//! | `pending` | S | [`Pending::work`](crate::Pending::work): `revoke` or `delete` | nothing to do |
//! | `pending_owner` | S | [`Pending::owner`](crate::Pending::owner) | nobody's: a nonce of zero bits |
//! | `pending_since_ms` | N | [`Pending::since`](crate::Pending::since), milliseconds | 1970 |
//! | `pending_retry_at_ms` | N | [`Pending::retry_at`](crate::Pending::retry_at), milliseconds | `pending_since_ms` and [`Pending::HEAD_START`](crate::Pending::HEAD_START) |
//! | `doubted_since_ms` | N | [`Record::doubted_since`](crate::Record::doubted_since), milliseconds | none |
//! | `possibly_lost` | N | [`Record::possibly_lost`](crate::Record::possibly_lost) | 0 |
//! | `due` | S | partition key of the index: `due` | nothing for `sweep`; the index is sparse |
//! | `due_at_ms` | N | sort key of the index: [`Record::due_at`], milliseconds | as above |
//! | `expires_at` | N | [`Record::expires_at`], seconds: the table's TTL attribute | the row stays |
//!
//! All times count from 1970. The index `due` holds keys only. One partition suffices for it: a
//! partition takes 1000 writes per second, and ACS creates 33 identities and revokes 17 per second.
//! The row `everybody` is read beside each user's: a partition serves 3000 such reads per second, and
//! ACS issues 33 tokens.
//!
//! # Rows of other versions
//!
//! An attribute that is missing has the meaning above, so an older version's row reads. An attribute
//! that is unknown is ignored, and a write drops it: it replaces the row. Keeping it beside values
//! that have changed would make a row that no version ever wrote; dropping it makes an older
//! version's row, which every version can read. So a release that adds an attribute whose loss would
//! do harm must follow one that already carries it.

mod call;
mod client;
mod create_table;
mod item;

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, KeysAndAttributes, ReturnValuesOnConditionCheckFailure,
};
use identity_client::Deadline;
use tokio::time::sleep;
use tracing::warn;

use crate::error::TableError;
use crate::key::RecordKey;
use crate::nonce::Nonce;
use crate::record::Record;
use crate::table::{Page, Standing, Stored, UserTable, Written};

pub use self::client::{Access, client};
pub use self::create_table::create_table;
pub use aws_sdk_dynamodb::Client;
pub use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};

/// What passes before rows are asked for again that DynamoDB has left out; each time twice as much.
const FIRST_PAUSE: Duration = Duration::from_millis(25);
/// The longest row is 3 kB of JSON, so a page of this many fits into the 2 MiB that are read of an
/// answer.
const LONGEST_PAGE: usize = 500;

/// The user table on DynamoDB. A clone shares the client.
#[derive(Clone, Debug)]
pub struct DynamoTable {
    client: Client,
    name: String,
}

impl DynamoTable {
    /// Uses the table of this name; [`client()`] makes the client.
    pub fn new(client: Client, table_name: impl Into<String>) -> Self {
        Self { client, name: table_name.into() }
    }
}

impl UserTable for DynamoTable {
    async fn read(&self, key: &RecordKey, deadline: &Deadline) -> Result<Stored, TableError> {
        let get = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(item::primary_key(key)))
            .consistent_read(true);
        let answer = call::until(deadline, get.send())
            .await
            .map_err(|error| call::table_error("GetItem", error))?;
        Ok(item::read(answer.item())?.live(deadline.now()))
    }

    async fn read_with_everybody(
        &self,
        user: &RecordKey,
        deadline: &Deadline,
    ) -> Result<Standing, TableError> {
        let mut missing = vec![item::primary_key(user), item::primary_key(&RecordKey::Everybody)];
        let mut rows = Vec::new();
        let mut pause = FIRST_PAUSE;
        loop {
            let keys = KeysAndAttributes::builder().set_keys(Some(missing)).consistent_read(true);
            let keys = keys.build().map_err(TableError::refused)?;
            let get = self.client.batch_get_item().request_items(&self.name, keys);
            let answer = call::until(deadline, get.send())
                .await
                .map_err(|error| call::table_error("BatchGetItem", error))?;
            rows.extend(answer.responses.into_iter().flat_map(HashMap::into_values).flatten());
            let left = answer.unprocessed_keys.into_iter().flat_map(HashMap::into_values);
            missing = left.flat_map(|left| left.keys).collect();
            if missing.is_empty() {
                break;
            }
            if deadline.remaining() <= pause {
                return Err(TableError::throttled("BatchGetItem: rows were left unread"));
            }
            sleep(pause).await;
            pause *= 2;
        }
        let now = deadline.now();
        let find = |key: &RecordKey| {
            let row = rows.iter().find(|row| item::key(row).as_ref() == Some(key));
            item::read(row).map(|stored| stored.live(now))
        };
        let everybody = find(&RecordKey::Everybody)?.record.sign_in_not_before;
        Ok(Standing { stored: find(user)?, everybody })
    }

    async fn write(
        &self,
        key: &RecordKey,
        expected: Option<Nonce>,
        record: &Record,
        revision: Nonce,
        deadline: &Deadline,
    ) -> Result<Written, TableError> {
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
            return Ok(Written::Done);
        };
        let Some(PutItemError::ConditionalCheckFailedException(refusal)) = error.as_service_error()
        else {
            return Err(call::table_error("PutItem", error));
        };
        let held = item::read(refusal.item())?;
        // The SDK repeats a write whose answer was lost; the repetition then meets its own revision.
        if held.revision == Some(revision) {
            return Ok(Written::Done);
        }
        Ok(Written::Superseded(held.live(deadline.now())))
    }

    async fn due(&self, limit: usize, deadline: &Deadline) -> Result<Vec<RecordKey>, TableError> {
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
                // Left to the version that wrote it, so that it does not hold up everybody's work.
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
    ) -> Result<Page, TableError> {
        let limit = limit.clamp(1, LONGEST_PAGE);
        let mut start = after.map(item::primary_key);
        let mut records = Vec::new();
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
                let record = item::read(Some(row))?.record;
                if !record.has_expired(deadline.now()) {
                    records.push((key, record));
                }
            }
            let next = page.last_evaluated_key.as_ref().and_then(item::key);
            start = page.last_evaluated_key;
            // A page that ends at a row whose key nobody can be told goes on.
            if start.is_none() || next.is_some() {
                return Ok(Page { records, next });
            }
        }
    }
}
