//! The table's rows as a whole, for what no function does: expiry, export, import and reset.
//!
//! Rows are the JSON of DynamoDB's API. They are read and written in process, past the faults.

use std::collections::HashSet;
use std::sync::Arc;

use dynoxide::{Database, DynoxideError};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::task::{JoinError, spawn_blocking};

use crate::hosting::changes::{Changed, Changes};

/// How many rows DynamoDB's API writes at once.
const BATCH: usize = 25;
/// The table's key and its TTL attribute.
const ID: &str = "id";
const EXPIRES_AT: &str = "expires_at";

/// All rows of the table.
#[derive(Clone)]
pub(crate) struct Rows {
    database: Database,
    table: &'static str,
    /// What was written, by whomever.
    pub(crate) changes: Arc<Changes>,
}

/// The rows cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RowsError {
    /// The database fails.
    #[error("the table's database: {0}")]
    Database(DynoxideError),
    /// A row is not of the form that DynamoDB's API has.
    #[error("a row is not as DynamoDB's API has it")]
    Shape(#[source] serde_json::Error),
    /// The table does not take a row.
    #[error("{1}")]
    Refused(usize, String),
    /// The work was cut off.
    #[error("the table's database was cut off")]
    CutOff(#[source] JoinError),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Scanned {
    #[serde(default)]
    items: Vec<Value>,
    last_evaluated_key: Option<Value>,
}

impl Rows {
    /// Returns the rows of a table of `database`.
    pub(crate) fn new(database: Database, table: &'static str) -> Self {
        Self { database, table, changes: Arc::default() }
    }

    /// Returns all rows, by their keys.
    ///
    /// # Errors
    /// [`RowsError`]
    pub(crate) async fn all(&self) -> Result<Vec<Value>, RowsError> {
        self.with(Self::read).await
    }

    /// Replaces all rows. New rows come before old ones go, so that a full disk loses none.
    ///
    /// # Errors
    /// [`RowsError`]
    pub(crate) async fn replace(&self, rows: Vec<Value>) -> Result<(), RowsError> {
        self.with(move |this| {
            let kept: HashSet<_> = rows.iter().filter_map(id).map(str::to_owned).collect();
            let is_old = |row: &&Value| id(row).is_none_or(|id| !kept.contains(id));
            let old: Vec<_> = this.read()?.iter().filter(is_old).map(delete).collect();
            this.write(rows.into_iter().map(|row| json!({"PutRequest": {"Item": row}})))?;
            this.write(old.into_iter())
        })
        .await
    }

    /// Checks that the table would take these rows, and gives them back.
    ///
    /// # Errors
    /// [`RowsError::Refused`] with the place of the first row that the table does not take, or that
    /// has the key of another.
    pub(crate) async fn check(&self, rows: Vec<Value>) -> Result<Vec<Value>, RowsError> {
        self.with(move |this| {
            let scratch = this.empty_copy()?;
            let mut ids = HashSet::new();
            for (place, row) in rows.iter().enumerate() {
                let refused = |rule: String| RowsError::Refused(place, rule);
                let request = json!({"TableName": this.table, "Item": row});
                let request = parsed(request).map_err(|rule| refused(rule.to_string()))?;
                scratch.put_item(request).map_err(|rule| refused(rule.to_string()))?;
                if !ids.insert(id(row)) {
                    return Err(refused("another row has this id".to_owned()));
                }
            }
            Ok(rows)
        })
        .await
    }

    /// Returns a database in memory with a table of the same form and without rows.
    fn empty_copy(&self) -> Result<Database, RowsError> {
        let request = parsed(json!({"TableName": self.table}))?;
        let table = self.database.describe_table(request).map_err(RowsError::Database)?;
        let table = serde_json::to_value(table).map_err(RowsError::Shape)?;
        let member = |name: &str| table.pointer(&format!("/Table/{name}")).cloned();
        let of_index = |index: &Value| {
            json!({
                "IndexName": index.get("IndexName"),
                "KeySchema": index.get("KeySchema"),
                "Projection": index.get("Projection"),
            })
        };
        let indexes = member("GlobalSecondaryIndexes").unwrap_or_default();
        let indexes: Vec<_> = indexes.as_array().into_iter().flatten().map(of_index).collect();
        let request = json!({
            "TableName": self.table,
            "AttributeDefinitions": member("AttributeDefinitions"),
            "BillingMode": "PAY_PER_REQUEST",
            "GlobalSecondaryIndexes": indexes,
            "KeySchema": member("KeySchema"),
        });
        let copy = Database::memory().map_err(RowsError::Database)?;
        copy.create_table(parsed(request)?).map_err(RowsError::Database)?;
        Ok(copy)
    }

    /// Deletes what has expired at `now`, as DynamoDB does within days, and returns how many rows
    /// that were.
    ///
    /// # Errors
    /// [`RowsError`]
    pub(crate) async fn expire(&self, now: Timestamp) -> Result<usize, RowsError> {
        self.with(move |this| {
            let rows = this.read()?;
            let expired: Vec<_> = rows.iter().filter(|row| has_expired(row, now)).collect();
            this.write(expired.iter().map(|row| delete(row)))?;
            Ok(expired.len())
        })
        .await
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, RowsError> + Send + 'static,
    ) -> Result<T, RowsError> {
        let this = self.clone();
        spawn_blocking(move || work(&this)).await.map_err(RowsError::CutOff)?
    }

    fn read(&self) -> Result<Vec<Value>, RowsError> {
        let mut rows = Vec::new();
        let mut start = Value::Null;
        loop {
            let request = if start.is_null() {
                json!({"TableName": self.table})
            } else {
                json!({"TableName": self.table, "ExclusiveStartKey": start})
            };
            let scanned = self.database.scan(parsed(request)?).map_err(RowsError::Database)?;
            let scanned: Scanned =
                parsed(serde_json::to_value(scanned).map_err(RowsError::Shape)?)?;
            rows.extend(scanned.items);
            start = scanned.last_evaluated_key.unwrap_or_default();
            if start.is_null() {
                break;
            }
        }
        rows.sort_by(|a, b| id(a).cmp(&id(b)));
        Ok(rows)
    }

    fn write(&self, requests: impl Iterator<Item = Value>) -> Result<(), RowsError> {
        let requests: Vec<_> = requests.collect();
        let written = requests.chunks(BATCH).try_for_each(|batch| {
            let request = json!({"RequestItems": {self.table: batch}});
            self.database.batch_write_item(parsed(request)?).map_err(RowsError::Database)?;
            Ok(())
        });
        if !requests.is_empty() {
            self.changes.note(Changed::All);
        }
        written
    }
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Rows").field("table", &self.table).finish_non_exhaustive()
    }
}

fn parsed<T: DeserializeOwned>(value: Value) -> Result<T, RowsError> {
    serde_json::from_value(value).map_err(RowsError::Shape)
}

/// Returns the key of a row, or of what names one.
pub(crate) fn id(row: &Value) -> Option<&str> {
    row.get(ID)?.get("S")?.as_str()
}

fn delete(row: &Value) -> Value {
    json!({"DeleteRequest": {"Key": {ID: row.get(ID)}}})
}

fn has_expired(row: &Value, now: Timestamp) -> bool {
    let expires_at = row.get(EXPIRES_AT).and_then(|value| value.get("N")?.as_str()?.parse().ok());
    expires_at.is_some_and(|second: i64| second < now.as_second())
}
