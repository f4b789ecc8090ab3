//! The global cutoff, read beside a user's row.

use std::sync::Arc;

use acs_broker_core::{EpochSeconds, Record, RecordKey, Stored, UserSnapshot, UserStore};

use super::{NOON, at, cutoff_at, pending_until, unique_id, user, write};

/// Without a global cutoff only the user's own record counts.
pub(crate) async fn absent_without_a_row(table: &Arc<impl UserStore>) {
    assert_eq!(snapshot(table, NOON).await, UserSnapshot::default());
    write(table, &user("alice"), None, &pending_until(NOON), 1).await;
    let stored = Stored { record: pending_until(NOON), revision: Some(unique_id(1)) };
    assert_eq!(snapshot(table, NOON).await, UserSnapshot { stored, global_cutoff: None });
}

/// The global cutoff is read with each user's record.
pub(crate) async fn is_read_with_each_user(table: &Arc<impl UserStore>) {
    write(table, &RecordKey::AllUsers, None, &cutoff_at(5), 1).await;
    let global_cutoff = Some(EpochSeconds(5));
    assert_eq!(
        snapshot(table, NOON).await,
        UserSnapshot { global_cutoff, ..UserSnapshot::default() }
    );

    write(table, &user("alice"), None, &cutoff_at(9), 2).await;
    let stored = Stored { record: cutoff_at(9), revision: Some(unique_id(2)) };
    assert_eq!(snapshot(table, NOON).await, UserSnapshot { stored, global_cutoff });

    write(table, &RecordKey::AllUsers, Some(1), &cutoff_at(7), 3).await;
    assert_eq!(snapshot(table, NOON).await.global_cutoff, Some(EpochSeconds(7)));
}

/// The global cutoff ends when its row expires.
pub(crate) async fn ends_with_its_row(table: &Arc<impl UserStore>) {
    let mark = Record { expires_at: Some(EpochSeconds(NOON)), ..cutoff_at(5) };
    write(table, &RecordKey::AllUsers, None, &mark, 1).await;
    assert_eq!(snapshot(table, NOON - 1).await.global_cutoff, Some(EpochSeconds(5)));
    assert_eq!(snapshot(table, NOON).await.global_cutoff, None);
}

/// A tombstone that has expired must not hide the global cutoff.
pub(crate) async fn survives_an_expired_user_row(table: &Arc<impl UserStore>) {
    let tombstone = Record { expires_at: Some(EpochSeconds(NOON)), ..cutoff_at(9) };
    write(table, &user("alice"), None, &tombstone, 1).await;
    write(table, &RecordKey::AllUsers, None, &cutoff_at(5), 2).await;
    let stored = Stored { record: Record::default(), revision: Some(unique_id(1)) };
    let global_cutoff = Some(EpochSeconds(5));
    assert_eq!(snapshot(table, NOON).await, UserSnapshot { stored, global_cutoff });
}

async fn snapshot(table: &Arc<impl UserStore>, second: i64) -> UserSnapshot {
    table.read_snapshot(&user("alice"), &at(second)).await.unwrap()
}
