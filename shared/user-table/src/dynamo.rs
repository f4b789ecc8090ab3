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
//! | `suspended` | BOOL | [`Record::suspended`] | false |
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
mod http;
mod item;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use identity_client::Deadline;
use tracing::warn;

use crate::error::TableError;
use crate::key::RecordKey;
use crate::nonce::Nonce;
use crate::record::Record;
use crate::table::{Stored, UserTable, Written};

pub use self::client::{Access, client};
pub use self::create_table::create_table;
pub use aws_sdk_dynamodb::Client;
pub use aws_sdk_dynamodb::config::Credentials;

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
            .key(item::ID, AttributeValue::S(key.to_text()))
            .consistent_read(true);
        let answer = call::until(deadline, get.send())
            .await
            .map_err(|error| call::table_error("GetItem", error))?;
        Ok(item::read(answer.item())?.live(deadline.now()))
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
}
