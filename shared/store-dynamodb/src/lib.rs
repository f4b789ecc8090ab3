//! The store on Amazon DynamoDB: one row for each user, one for each orphan, one for all users.
//!
//! A record is read whole and written whole. A write takes effect only while the row still carries
//! the revision with which it was read.
//!
//! # The row
//!
//! | attribute | type | holds | missing means |
//! | --- | --- | --- | --- |
//! | `id` | S | partition key: [`RecordKey::to_text`] | |
//! | `revision` | S | the id of the last write | a row that nobody has written |
//! | `identity` | S | [`BoundIdentity::id`] | no identity |
//! | `identity_sign_in` | N | [`BoundIdentity::sign_in`], seconds | 1970: before every event |
//! | `sessions_valid_after` | N | [`Record::sessions_valid_after`], seconds | no cutoff |
//! | `suspended` | BOOL | [`Record::is_suspended`] | false |
//! | `suspension_by` | S | [`Suspension::by`]: `operator` or `identity_provider` | by an operator if `suspended`, else never decided |
//! | `suspension_at_ms` | N | [`Suspension::decided_at`], milliseconds | 1970: before every event |
//! | `lease_id` | S | [`Lease::id`] | no lease |
//! | `lease_expires_at_ms` | N | [`Lease::expires_at`], milliseconds | 1970: others may take it |
//! | `lease_sign_in` | N | [`Lease::sign_in`], seconds | 1970: before every event |
//! | `lease_cancelled` | BOOL | [`Lease::cancelled`] | false |
//! | `pending` | S | [`PendingOperation::kind`]: `revoke` or `delete` | nothing is pending |
//! | `pending_id` | S | [`PendingOperation::id`] | an id of zero bits, which nobody has |
//! | `pending_accepted_at_ms` | N | [`PendingOperation::accepted_at`], milliseconds | 1970 |
//! | `pending_attempted_at_ms` | N | when the last attempt began, milliseconds | when the operation was accepted |
//! | `pending_attempt_failed` | BOOL | whether that attempt is known to have failed | it is not |
//! | `creation_pause_until_ms` | N | [`CreationPause::until`], milliseconds | no pause |
//! | `creation_pause_ms` | N | [`CreationPause::length`], milliseconds | 0 |
//! | `pending_retry_at_ms` | N | [`PendingOperation::retry_at`], milliseconds | a minute after it was accepted |
//! | `not_found_since_ms` | N | [`BoundIdentity::not_found_since`], milliseconds | not reported |
//! | `unconfirmed_identities` | N | [`Record::unconfirmed_identities`] | 0 |
//! | `due` | S | partition key of the index: `due` | nothing for `sweep`; the index is sparse |
//! | `due_at_ms` | N | sort key of the index: [`Record::due_at`], milliseconds | as above |
//! | `expires_at` | N | [`Record::expires_at`], seconds: the table's TTL attribute | the row stays |
//!
//! All times count from 1970. The index `due` holds keys only. One partition suffices for it: a
//! partition takes 1000 writes a second, and ACS creates 33 identities and revokes 17 a second. The
//! row of all users is read beside each user's: a partition serves 3000 such reads a second, and
//! ACS issues 33 tokens a second.
//!
//! # Rows of other versions
//!
//! An attribute that is missing has the meaning above, so an older version's row reads. Attributes
//! of the first version had other names; `item.rs` lists them beside the present ones. An unknown
//! attribute is ignored, and a write drops it: it replaces the row. To keep it beside values that
//! have changed would make a row that no version ever wrote. So a release that adds an attribute
//! whose loss would do harm must follow one that already carries it.

mod attribute;
mod call;
mod client;
mod create_table;
mod direct_read;
mod item;
mod store;
#[cfg(feature = "testing")]
pub mod testing;

#[cfg(doc)]
use acs_broker_core::{
    BoundIdentity, CreationPause, Lease, PendingOperation, Record, RecordKey, Suspension,
};

pub use crate::client::client;
pub use crate::create_table::create_table;
pub use crate::store::DynamoStore;
pub use aws_sdk_dynamodb::Client;
