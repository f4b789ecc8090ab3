//! Single attributes of a row: their names, and how their values are written and read.

use std::collections::HashMap;
use std::str::FromStr;

use acs_broker_core::{EpochSeconds, UniqueId};
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use thiserror::Error;

pub(crate) type Item = HashMap<String, AttributeValue>;

/// A row, however it was read.
pub(crate) trait Row {
    /// Returns the value of the attribute of this name.
    fn value(&self, name: &str) -> Option<&AttributeValue>;
}

impl Row for Item {
    fn value(&self, name: &str) -> Option<&AttributeValue> {
        self.get(name)
    }
}

/// The name of an attribute.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attribute {
    pub(crate) name: &'static str,
    /// What the first version called it. Its rows still read; writes use the present name.
    first_name: Option<&'static str>,
}

/// An attribute that breaks its rule. The error does not show the value.
#[derive(Debug, Error)]
#[error("{attribute}: must {rule}")]
pub(crate) struct AttributeError {
    pub(crate) attribute: &'static str,
    pub(crate) rule: &'static str,
}

impl Attribute {
    pub(crate) const fn new(name: &'static str) -> Self {
        Self { name, first_name: None }
    }

    pub(crate) const fn renamed(name: &'static str, first_name: &'static str) -> Self {
        Self { name, first_name: Some(first_name) }
    }

    /// Returns the error that this attribute must `rule`.
    pub(crate) const fn must(self, rule: &'static str) -> AttributeError {
        AttributeError { attribute: self.name, rule }
    }

    /// Returns the value as `read` understands it, or `None` where the row has none.
    pub(crate) fn get<T>(
        self,
        row: &dyn Row,
        rule: &'static str,
        read: impl FnOnce(&AttributeValue) -> Option<T>,
    ) -> Result<Option<T>, AttributeError> {
        let value = row.value(self.name).or_else(|| row.value(self.first_name?));
        value.map(|value| read(value).ok_or_else(|| self.must(rule))).transpose()
    }

    pub(crate) fn unique_id(self, row: &dyn Row) -> Result<Option<UniqueId>, AttributeError> {
        self.get(row, "be hexadecimal text of at most 128 bits", parsed)
    }

    pub(crate) fn seconds(self, row: &dyn Row) -> Result<Option<EpochSeconds>, AttributeError> {
        self.get(row, "be a whole number of seconds", |value| {
            Some(EpochSeconds(value.as_n().ok()?.parse().ok()?))
        })
    }

    pub(crate) fn instant(self, row: &dyn Row) -> Result<Option<Timestamp>, AttributeError> {
        self.get(row, "be a whole number of milliseconds", |value| {
            Timestamp::from_millisecond(value.as_n().ok()?.parse().ok()?).ok()
        })
    }

    pub(crate) fn count(self, row: &dyn Row) -> Result<u32, AttributeError> {
        let count = self.get(row, "be a whole number", |value| value.as_n().ok()?.parse().ok())?;
        Ok(count.unwrap_or_default())
    }

    pub(crate) fn flag(self, row: &dyn Row) -> Result<bool, AttributeError> {
        let flag = self.get(row, "be true or false", |value| value.as_bool().ok().copied())?;
        Ok(flag.unwrap_or_default())
    }
}

pub(crate) fn parsed<T: FromStr>(value: &AttributeValue) -> Option<T> {
    value.as_s().ok()?.parse().ok()
}

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(crate) fn instant(value: Timestamp) -> AttributeValue {
    number(value.as_millisecond())
}
