//! What holds for everybody, read beside one user's row.

use std::sync::Arc;

use acs_broker_store_dynamodb::{EpochSeconds, Record, RecordKey, Standing, Stored, UserTable};

use super::{NOON, at, nonce, not_before, pending_until, user, write};

pub(crate) async fn where_nobody_ever_revoked_everybody_only_the_users_own_record_counts(
    table: &Arc<impl UserTable>,
) {
    assert_eq!(standing(table, NOON).await, Standing::default());
    write(table, &user("alice"), None, &pending_until(NOON), 1).await;
    let stored = Stored { record: pending_until(NOON), revision: Some(nonce(1)) };
    assert_eq!(standing(table, NOON).await, Standing { stored, everybody: None });
}

pub(crate) async fn everybodys_watermark_is_read_with_each_users_record(
    table: &Arc<impl UserTable>,
) {
    write(table, &RecordKey::Everybody, None, &not_before(5), 1).await;
    let everybody = Some(EpochSeconds(5));
    assert_eq!(standing(table, NOON).await, Standing { everybody, ..Standing::default() });

    write(table, &user("alice"), None, &not_before(9), 2).await;
    let stored = Stored { record: not_before(9), revision: Some(nonce(2)) };
    assert_eq!(standing(table, NOON).await, Standing { stored, everybody });

    write(table, &RecordKey::Everybody, Some(1), &not_before(7), 3).await;
    assert_eq!(standing(table, NOON).await.everybody, Some(EpochSeconds(7)));
}

pub(crate) async fn everybodys_watermark_ends_with_its_row(table: &Arc<impl UserTable>) {
    let mark = Record { expires_at: Some(EpochSeconds(NOON)), ..not_before(5) };
    write(table, &RecordKey::Everybody, None, &mark, 1).await;
    assert_eq!(standing(table, NOON - 1).await.everybody, Some(EpochSeconds(5)));
    assert_eq!(standing(table, NOON).await.everybody, None);
}

pub(crate) async fn a_users_row_that_has_expired_hides_nothing_of_everybodys(
    table: &Arc<impl UserTable>,
) {
    let tombstone = Record { expires_at: Some(EpochSeconds(NOON)), ..not_before(9) };
    write(table, &user("alice"), None, &tombstone, 1).await;
    write(table, &RecordKey::Everybody, None, &not_before(5), 2).await;
    let stored = Stored { record: Record::default(), revision: Some(nonce(1)) };
    let everybody = Some(EpochSeconds(5));
    assert_eq!(standing(table, NOON).await, Standing { stored, everybody });
}

async fn standing(table: &Arc<impl UserTable>, second: i64) -> Standing {
    table.read_with_everybody(&user("alice"), &at(second)).await.unwrap()
}
