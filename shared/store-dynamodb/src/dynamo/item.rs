//! A record as a DynamoDB item and back; the table of attributes is in [`super`].

use std::collections::HashMap;
use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;
use identity_client::Timestamp;
use thiserror::Error;

use crate::error::TableError;
use crate::key::RecordKey;
use crate::nonce::Nonce;
use crate::record::{
    Authority, Binding, EpochSeconds, Lease, Pending, Record, Suspension, Work, later,
};
use crate::table::Stored;

pub(super) const ID: &str = "id";
pub(super) const DUE: &str = "due";
pub(super) const DUE_AT_MS: &str = "due_at_ms";
pub(super) const EXPIRES_AT: &str = "expires_at";
pub(super) const DUE_INDEX: &str = "due";
pub(super) const DUE_PARTITION: &str = "due";

const REVISION: &str = "revision";
const IDENTITY: &str = "identity";
const IDENTITY_SIGN_IN: &str = "identity_sign_in";
const SIGN_IN_NOT_BEFORE: &str = "sign_in_not_before";
const SUSPENDED: &str = "suspended";
const SUSPENSION_BY: &str = "suspension_by";
const SUSPENSION_AT_MS: &str = "suspension_at_ms";
const LEASE_OWNER: &str = "lease_owner";
const LEASE_UNTIL_MS: &str = "lease_until_ms";
const LEASE_SIGN_IN: &str = "lease_sign_in";
const LEASE_VOID: &str = "lease_void";
const PENDING: &str = "pending";
const PENDING_OWNER: &str = "pending_owner";
const PENDING_SINCE_MS: &str = "pending_since_ms";
const PENDING_RETRY_AT_MS: &str = "pending_retry_at_ms";
const DOUBTED_SINCE_MS: &str = "doubted_since_ms";
const POSSIBLY_LOST: &str = "possibly_lost";

type Item = HashMap<String, AttributeValue>;

/// An attribute that breaks its rule; its value stays unsaid.
#[derive(Debug, Error)]
#[error("{attribute}: must be {rule}")]
struct Unreadable {
    attribute: &'static str,
    rule: &'static str,
}

/// The row's primary key.
pub(super) fn primary_key(key: &RecordKey) -> Item {
    Item::from([(ID.to_owned(), text(key.to_text()))])
}

/// The row for a record.
pub(super) fn write(key: &RecordKey, record: &Record, revision: Nonce) -> Item {
    let mut item = Item::new();
    let mut put = |name: &str, value| item.insert(name.to_owned(), value);
    put(ID, text(key.to_text()));
    put(REVISION, text(revision.to_string()));
    put(SUSPENDED, AttributeValue::Bool(record.is_suspended()));
    if let Some(suspension) = &record.suspension {
        put(SUSPENSION_BY, text(authority_name(suspension.by)));
        put(SUSPENSION_AT_MS, instant(suspension.at));
    }
    if let Some(binding) = &record.binding {
        put(IDENTITY, text(binding.identity.as_ref()));
        put(IDENTITY_SIGN_IN, number(binding.sign_in.0));
    }
    if let Some(EpochSeconds(watermark)) = record.sign_in_not_before {
        put(SIGN_IN_NOT_BEFORE, number(watermark));
    }
    if let Some(lease) = &record.lease {
        put(LEASE_OWNER, text(lease.owner.to_string()));
        put(LEASE_UNTIL_MS, instant(lease.until));
        put(LEASE_SIGN_IN, number(lease.sign_in.0));
        put(LEASE_VOID, AttributeValue::Bool(lease.void));
    }
    if let Some(pending) = &record.pending {
        put(PENDING, text(work_name(pending.work)));
        put(PENDING_OWNER, text(pending.owner.to_string()));
        put(PENDING_SINCE_MS, instant(pending.since));
        put(PENDING_RETRY_AT_MS, instant(pending.retry_at));
    }
    if let Some(doubted_since) = record.doubted_since {
        put(DOUBTED_SINCE_MS, instant(doubted_since));
    }
    if record.possibly_lost > 0 {
        put(POSSIBLY_LOST, number(record.possibly_lost.into()));
    }
    if let Some(due_at) = record.due_at() {
        put(DUE, text(DUE_PARTITION));
        put(DUE_AT_MS, instant(due_at));
    }
    if let Some(EpochSeconds(end)) = record.expires_at {
        put(EXPIRES_AT, number(end));
    }
    item
}

/// The record of a row; an empty one where there is no row.
pub(super) fn read(item: Option<&Item>) -> Result<Stored, TableError> {
    item.map(stored).transpose().map(Option::unwrap_or_default).map_err(TableError::corrupt)
}

/// The key of a row, if it is one that this version writes.
pub(super) fn key(item: &Item) -> Option<RecordKey> {
    item.get(ID).and_then(parse)
}

fn stored(item: &Item) -> Result<Stored, Unreadable> {
    let record = Record {
        binding: binding(item)?,
        sign_in_not_before: seconds(item, SIGN_IN_NOT_BEFORE)?,
        suspension: suspension(item)?,
        lease: lease(item)?,
        pending: pending(item)?,
        doubted_since: millisecond(item, DOUBTED_SINCE_MS)?,
        possibly_lost: count(item, POSSIBLY_LOST)?,
        expires_at: seconds(item, EXPIRES_AT)?,
    };
    Ok(Stored { record, revision: nonce(item, REVISION)? })
}

fn binding(item: &Item) -> Result<Option<Binding>, Unreadable> {
    let identity = get(item, IDENTITY, "the id of an ACS identity", parse)?;
    let sign_in = seconds(item, IDENTITY_SIGN_IN)?.unwrap_or(EpochSeconds(0));
    Ok(identity.map(|identity| Binding { identity, sign_in }))
}

fn suspension(item: &Item) -> Result<Option<Suspension>, Unreadable> {
    let lifted = !flag(item, SUSPENDED)?;
    let by =
        get(item, SUSPENSION_BY, "operator or provider", |value| authority(value.as_s().ok()?))?;
    let at = millisecond(item, SUSPENSION_AT_MS)?.unwrap_or_default();
    if lifted && by.is_none() {
        return Ok(None);
    }
    Ok(Some(Suspension { by: by.unwrap_or(Authority::Operator), lifted, at }))
}

fn lease(item: &Item) -> Result<Option<Lease>, Unreadable> {
    let until = millisecond(item, LEASE_UNTIL_MS)?.unwrap_or_default();
    let sign_in = seconds(item, LEASE_SIGN_IN)?.unwrap_or(EpochSeconds(0));
    let void = flag(item, LEASE_VOID)?;
    Ok(nonce(item, LEASE_OWNER)?.map(|owner| Lease { owner, until, sign_in, void }))
}

fn pending(item: &Item) -> Result<Option<Pending>, Unreadable> {
    let work = get(item, PENDING, "revoke or delete", |value| work(value.as_s().ok()?))?;
    let owner = nonce(item, PENDING_OWNER)?.unwrap_or(Nonce::from_bits(0));
    let since = millisecond(item, PENDING_SINCE_MS)?.unwrap_or_default();
    let retry_at = millisecond(item, PENDING_RETRY_AT_MS)?
        .unwrap_or_else(|| later(since, Pending::HEAD_START));
    Ok(work.map(|work| Pending { work, owner, since, retry_at }))
}

fn get<T>(
    item: &Item,
    attribute: &'static str,
    rule: &'static str,
    read: impl FnOnce(&AttributeValue) -> Option<T>,
) -> Result<Option<T>, Unreadable> {
    item.get(attribute).map(|value| read(value).ok_or(Unreadable { attribute, rule })).transpose()
}

fn nonce(item: &Item, attribute: &'static str) -> Result<Option<Nonce>, Unreadable> {
    get(item, attribute, "hexadecimal text of at most 128 bits", parse)
}

fn seconds(item: &Item, attribute: &'static str) -> Result<Option<EpochSeconds>, Unreadable> {
    get(item, attribute, "a whole number of seconds", |value| {
        Some(EpochSeconds(value.as_n().ok()?.parse().ok()?))
    })
}

fn millisecond(item: &Item, attribute: &'static str) -> Result<Option<Timestamp>, Unreadable> {
    get(item, attribute, "a whole number of milliseconds", |value| {
        Timestamp::from_millisecond(value.as_n().ok()?.parse().ok()?).ok()
    })
}

fn count(item: &Item, attribute: &'static str) -> Result<u32, Unreadable> {
    let count = get(item, attribute, "a whole number", |value| value.as_n().ok()?.parse().ok())?;
    Ok(count.unwrap_or_default())
}

fn flag(item: &Item, attribute: &'static str) -> Result<bool, Unreadable> {
    let flag = get(item, attribute, "true or false", |value| value.as_bool().ok().copied())?;
    Ok(flag.unwrap_or_default())
}

fn parse<T: FromStr>(value: &AttributeValue) -> Option<T> {
    value.as_s().ok()?.parse().ok()
}

fn work(name: &str) -> Option<Work> {
    [Work::Revoke, Work::Delete].into_iter().find(|work| work_name(*work) == name)
}

const fn work_name(work: Work) -> &'static str {
    match work {
        Work::Revoke => "revoke",
        Work::Delete => "delete",
    }
}

fn authority(name: &str) -> Option<Authority> {
    let all = [Authority::Operator, Authority::Provider];
    all.into_iter().find(|authority| authority_name(*authority) == name)
}

const fn authority_name(authority: Authority) -> &'static str {
    match authority {
        Authority::Operator => "operator",
        Authority::Provider => "provider",
    }
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn instant(value: Timestamp) -> AttributeValue {
    number(value.as_millisecond())
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn an_attribute_of_another_type_or_form_is_named() {
        let wrong = [
            (REVISION, text("not hexadecimal")),
            (IDENTITY, text("8:orgid:somebody")),
            (IDENTITY_SIGN_IN, text("1")),
            (SIGN_IN_NOT_BEFORE, AttributeValue::N("1.5".to_owned())),
            (SUSPENDED, text("true")),
            (SUSPENSION_BY, text("Operator")),
            (SUSPENSION_AT_MS, text("1")),
            (LEASE_OWNER, number(1)),
            (LEASE_UNTIL_MS, number(i64::MAX)),
            (LEASE_VOID, number(0)),
            (PENDING, text("Revoke")),
            (PENDING_OWNER, AttributeValue::Null(true)),
            (LEASE_SIGN_IN, text("1")),
            (DOUBTED_SINCE_MS, text("1")),
            (POSSIBLY_LOST, AttributeValue::N("-1".to_owned())),
            (PENDING_SINCE_MS, AttributeValue::N("1e3".to_owned())),
            (PENDING_RETRY_AT_MS, AttributeValue::Bool(true)),
            (EXPIRES_AT, text("1")),
        ];
        for (attribute, value) in wrong {
            let error = read(Some(&Item::from([(attribute.to_owned(), value)]))).unwrap_err();
            assert!(error.is_corrupt(), "{attribute}");
            let cause = error.source().unwrap().to_string();
            assert!(cause.starts_with(&format!("{attribute}: must be ")), "{cause}");
        }
    }

    #[test]
    fn a_row_is_in_the_index_only_while_something_is_to_be_done() {
        let key = "user https://idp.example alice".parse().unwrap();
        let idle = write(&key, &Record::default(), Nonce::from_bits(1));
        assert!(!idle.contains_key(DUE) && !idle.contains_key(DUE_AT_MS));

        let now = Timestamp::from_second(1000).unwrap();
        let pending = Some(Pending::accepted(Work::Revoke, Nonce::from_bits(2), now));
        let busy = write(&key, &Record { pending, ..Record::default() }, Nonce::from_bits(1));
        assert_eq!(busy.get(DUE), Some(&text(DUE_PARTITION)));
        assert_eq!(busy.get(DUE_AT_MS), Some(&number(1_060_000)));
    }
}
