//! The rows in a response to `BatchGetItem`.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::attribute::Row;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    responses: BTreeMap<String, Vec<DirectRow>>,
    #[serde(default)]
    unprocessed_keys: Map<String, Value>,
}

/// A row.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct DirectRow(BTreeMap<String, RowValue>);

/// A value of one of the types that a row of ours has.
struct RowValue(AttributeValue);

#[derive(Deserialize)]
enum Typed {
    S(String),
    N(String),
    #[serde(rename = "BOOL")]
    Bool(bool),
}

/// Returns the rows; `None` where some were left unread, or where one has an attribute of another
/// type.
pub(crate) fn rows(body: &[u8]) -> Option<Vec<DirectRow>> {
    let reply: Reply = serde_json::from_slice(body).ok()?;
    let is_whole = reply.unprocessed_keys.is_empty();
    is_whole.then(|| reply.responses.into_values().flatten().collect())
}

impl Row for DirectRow {
    fn value(&self, name: &str) -> Option<&AttributeValue> {
        self.0.get(name).map(|RowValue(value)| value)
    }
}

impl<'de> Deserialize<'de> for RowValue {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Typed::deserialize(deserializer).map(|value| match value {
            Typed::S(text) => Self(AttributeValue::S(text)),
            Typed::N(number) => Self(AttributeValue::N(number)),
            Typed::Bool(flag) => Self(AttributeValue::Bool(flag)),
        })
    }
}
