//! The contract of `UserStore`, rule by rule; every rule gets an empty table.

pub(crate) mod due;
pub(crate) mod global_cutoff;
pub(crate) mod list;
pub(crate) mod races;
pub(crate) mod rows;

use std::sync::Arc;
use std::time::Duration;

use acs_broker_core::{
    BoundIdentity, EpochSeconds, IdentityState, PendingKind, PendingOperation, Record, RecordKey,
    Stored, UniqueId, UserStore, WriteOutcome,
};
use identity_client::{Deadline, IdentityId, Timestamp};

/// One test for each rule of the contract, on the tables that the given function makes.
macro_rules! contract {
    ($new_table:ident) => {
        $crate::suite::contract! { $new_table
            rows: [
                unknown_user_is_empty,
                record_reads_back_whole,
                removed_fields_stay_removed,
                instants_keep_milliseconds,
                old_revision_conflicts,
                lost_reply_counts_as_written,
                repetition_after_another_conflicts,
                expired_row_reads_empty,
                expired_row_is_not_missing,
                vanished_row_conflicts_as_empty,
                similar_names_differ,
                longest_names_fit,
            ]
            races: [
                one_of_fifty_first_writers,
                one_of_fifty_from_a_revision,
                no_increment_is_lost,
            ]
            due: [
                oldest_first,
                stops_at_the_limit,
                completed_operation_leaves,
            ]
            global_cutoff: [
                absent_without_a_row,
                is_read_with_each_user,
                ends_with_its_row,
                survives_an_expired_user_row,
            ]
            list: [
                meets_every_row_once,
                continues_after_a_vanished_row,
                empty_table_ends,
                leaves_out_expired_rows,
                lists_as_read,
            ]
        }
    };
    ($new_table:ident $($part:ident: [$($rule:ident,)+])+) => {
        $(mod $part {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $rule() {
                    $crate::suite::$part::$rule(&super::$new_table().await).await;
                }
            )+
        })+
    };
}
pub(crate) use contract;

const ISSUER: &str = "https://idp.example";
/// Noon of 1 January 2100, in seconds since 1970: no server's own clock may find rows of it expired.
const NOON: i64 = 4_102_488_000;

async fn read(table: &Arc<impl UserStore>, key: &RecordKey, second: i64) -> Stored {
    table.read(key, &at(second)).await.unwrap()
}

/// Writes at noon, which must be done.
async fn write(
    table: &Arc<impl UserStore>,
    key: &RecordKey,
    expected: Option<u128>,
    record: &Record,
    revision: u128,
) {
    assert_eq!(try_write(table, key, expected, record, revision).await, WriteOutcome::Written);
}

async fn try_write(
    table: &Arc<impl UserStore>,
    key: &RecordKey,
    expected: Option<u128>,
    record: &Record,
    revision: u128,
) -> WriteOutcome {
    let expected = expected.map(unique_id);
    table.write(key, expected, record, unique_id(revision), &at(NOON)).await.unwrap()
}

fn user(subject: &str) -> RecordKey {
    RecordKey::user(ISSUER.parse().unwrap(), subject.parse().unwrap())
}

fn identity() -> IdentityId {
    "8:acs:11111111-2222-3333-4444-555555555555_0000000a-0b0c-0d0e".parse().unwrap()
}

fn unique_id(bits: u128) -> UniqueId {
    UniqueId::from_bits(bits)
}

fn cutoff_at(second: i64) -> Record {
    Record { sessions_valid_after: Some(EpochSeconds(second)), ..Record::default() }
}

fn bound(pending: Option<PendingOperation>) -> IdentityState {
    let bound = BoundIdentity::new(identity(), EpochSeconds(7));
    IdentityState::Bound(BoundIdentity { pending, ..bound })
}

fn pending_until(retry_at: i64) -> Record {
    let accepted = PendingOperation::accept(PendingKind::Revoke, unique_id(1), second(0));
    let pending = PendingOperation { retry_at: second(retry_at), ..accepted };
    Record { identity: bound(Some(pending)), ..Record::default() }
}

/// A call that begins at this second and has time enough on a busy computer.
fn at(start: i64) -> Deadline {
    Deadline::new(second(start), Duration::from_secs(30))
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn at_ms(millisecond: i64) -> Timestamp {
    Timestamp::from_millisecond(millisecond).unwrap()
}
