//! Single attributes of a row: their names, and how their values are written and read.

use std::collections::HashMap;
use std::str::FromStr;

use acs_broker_core::{EpochSeconds, UniqueId};
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use thiserror::Error;

pub(crate) type Item = HashMap<String, AttributeValue>;

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
        item: &Item,
        rule: &'static str,
        read: impl FnOnce(&AttributeValue) -> Option<T>,
    ) -> Result<Option<T>, AttributeError> {
        let value = item.get(self.name).or_else(|| item.get(self.first_name?));
        value.map(|value| read(value).ok_or_else(|| self.must(rule))).transpose()
    }

    pub(crate) fn unique_id(self, item: &Item) -> Result<Option<UniqueId>, AttributeError> {
        self.get(item, "be hexadecimal text of at most 128 bits", parsed)
    }

    pub(crate) fn seconds(self, item: &Item) -> Result<Option<EpochSeconds>, AttributeError> {
        self.get(item, "be a whole number of seconds", |value| {
            Some(EpochSeconds(value.as_n().ok()?.parse().ok()?))
        })
    }

    pub(crate) fn instant(self, item: &Item) -> Result<Option<Timestamp>, AttributeError> {
        self.get(item, "be a whole number of milliseconds", |value| {
            Timestamp::from_millisecond(value.as_n().ok()?.parse().ok()?).ok()
        })
    }

    pub(crate) fn count(self, item: &Item) -> Result<u32, AttributeError> {
        let count = self.get(item, "be a whole number", |value| value.as_n().ok()?.parse().ok())?;
        Ok(count.unwrap_or_default())
    }

    pub(crate) fn flag(self, item: &Item) -> Result<bool, AttributeError> {
        let flag = self.get(item, "be true or false", |value| value.as_bool().ok().copied())?;
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
