//! The contract of `UserTable`, rule by rule; every rule gets an empty table.

pub(crate) mod due;
pub(crate) mod everybody;
pub(crate) mod list;
pub(crate) mod races;
pub(crate) mod rows;

use std::sync::Arc;
use std::time::Duration;

use acs_broker_store_dynamodb::{
    EpochSeconds, Nonce, Pending, Record, RecordKey, Stored, UserTable, Work, Written,
};
use identity_client::{Deadline, IdentityId, Timestamp};

/// One test for each rule of the contract, on the tables that the given function makes.
macro_rules! contract {
    ($new_table:ident) => {
        $crate::suite::contract! { $new_table
            rows: [
                a_user_nobody_wrote_about_is_empty,
                a_record_reads_back_whole,
                a_record_that_loses_its_fields_reads_back_without_them,
                instants_are_kept_to_the_millisecond,
                a_write_from_an_old_revision_leaves_the_row_and_shows_it,
                a_write_repeated_because_its_answer_was_lost_is_done,
                a_write_repeated_after_somebody_elses_is_superseded,
                an_expired_row_reads_as_empty_and_can_be_replaced,
                an_expired_row_is_not_taken_for_a_missing_one,
                a_row_that_went_away_before_the_write_shows_as_empty,
                users_with_similar_names_have_rows_of_their_own,
                the_longest_names_fit,
            ]
            races: [
                of_fifty_first_writers_one_wins,
                of_fifty_writers_from_one_revision_one_wins,
                no_increment_is_lost_between_concurrent_writers,
            ]
            due: [
                due_names_what_is_due_the_oldest_first,
                due_stops_at_its_limit,
                finished_work_is_no_longer_due,
            ]
            everybody: [
                where_nobody_ever_revoked_everybody_only_the_users_own_record_counts,
                everybodys_watermark_is_read_with_each_users_record,
                everybodys_watermark_ends_with_its_row,
                a_users_row_that_has_expired_hides_nothing_of_everybodys,
            ]
            list: [
                a_walk_meets_every_row_once,
                a_walk_goes_on_after_a_row_that_is_gone,
                a_walk_over_an_empty_table_ends,
                a_walk_leaves_out_rows_whose_time_is_over,
                a_record_is_listed_as_it_is_read,
            ]
        }
    };
    ($new_table:ident $($part:ident: [$($rule:ident,)+])+) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $rule() {
                $crate::suite::$part::$rule(&$new_table().await).await;
            }
        )+)+
    };
}
pub(crate) use contract;

const ISSUER: &str = "https://idp.example";
/// Noon of 1 January 2100, in seconds since 1970: no server's own clock may find rows of it expired.
const NOON: i64 = 4_102_488_000;

async fn read(table: &Arc<impl UserTable>, key: &RecordKey, second: i64) -> Stored {
    table.read(key, &at(second)).await.unwrap()
}

/// Writes at noon, which must be done.
async fn write(
    table: &Arc<impl UserTable>,
    key: &RecordKey,
    expected: Option<u128>,
    record: &Record,
    revision: u128,
) {
    assert_eq!(try_write(table, key, expected, record, revision).await, Written::Done);
}

async fn try_write(
    table: &Arc<impl UserTable>,
    key: &RecordKey,
    expected: Option<u128>,
    record: &Record,
    revision: u128,
) -> Written {
    let expected = expected.map(nonce);
    table.write(key, expected, record, nonce(revision), &at(NOON)).await.unwrap()
}

fn user(subject: &str) -> RecordKey {
    RecordKey::user(ISSUER.parse().unwrap(), subject.parse().unwrap())
}

fn identity() -> IdentityId {
    "8:acs:11111111-2222-3333-4444-555555555555_0000000a-0b0c-0d0e".parse().unwrap()
}

fn nonce(bits: u128) -> Nonce {
    Nonce::from_bits(bits)
}

fn not_before(second: i64) -> Record {
    Record { sign_in_not_before: Some(EpochSeconds(second)), ..Record::default() }
}

fn pending_until(retry_at: i64) -> Record {
    let retry_at = second(retry_at);
    let pending = Pending { work: Work::Revoke, owner: nonce(1), since: second(0), retry_at };
    Record { pending: Some(pending), ..Record::default() }
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
