//! When ACS is believed that an identity does not exist: in an incident it has said so of identities
//! that did.

use std::time::Duration;

use acs_broker_store_dynamodb::{Pending, Record, Work};
use identity_client::{IdentityId, Timestamp};

use super::{is_bound, later};

/// How far apart ACS must say twice that an identity does not exist.
const DOUBT_TAKES: Duration = Duration::from_mins(1);
/// After this time the first word counts no more.
const DOUBT_LASTS: Duration = Duration::from_hours(3);

/// Notes that ACS has just said that the identity does not exist. One such word is not believed.
pub(crate) fn doubted(record: &Record, identity: &IdentityId, now: Timestamp) -> Option<Record> {
    let is_noted = record.doubted_since.is_some_and(|since| now < later(since, DOUBT_LASTS));
    let is_new = is_bound(record, identity) && !is_noted;
    is_new.then(|| Record { doubted_since: Some(now), ..record.clone() })
}

/// Whether ACS's word that the identity does not exist is to be believed now: it was said a while
/// ago, too.
pub(crate) fn is_dead(record: &Record, identity: &IdentityId, now: Timestamp) -> bool {
    let said_before = record.doubted_since.is_some_and(|since| later(since, DOUBT_TAKES) <= now);
    said_before && is_bound(record, identity)
}

/// Whether an earlier try explains that ACS finds nothing to delete any more.
pub(crate) fn was_tried(work: Pending, now: Timestamp) -> bool {
    work.work == Work::Delete && later(work.since, DOUBT_TAKES) <= now
}

/// Takes a doubt back: ACS has just done something with the identity.
pub(crate) fn trusted(record: &Record, identity: &IdentityId) -> Option<Record> {
    record.doubted_since.filter(|_| is_bound(record, identity))?;
    Some(Record { doubted_since: None, ..record.clone() })
}
