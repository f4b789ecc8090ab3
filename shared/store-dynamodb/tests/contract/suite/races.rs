//! One row, written by many callers at once.

use std::sync::Arc;

use acs_broker_core::{EpochSeconds, Record, UserStore, WriteOutcome};
use tokio::task::JoinSet;

use super::{NOON, at, cutoff_at, read, try_write, unique_id, user, write};

/// Of fifty writers of a new row one wins, or two requests hold the lease.
pub(crate) async fn one_of_fifty_first_writers(table: &Arc<impl UserStore>) {
    assert_one_of_fifty_wins(table, None).await;
}

/// Of fifty writers from one revision one wins.
pub(crate) async fn one_of_fifty_from_a_revision(table: &Arc<impl UserStore>) {
    write(table, &user("alice"), None, &Record::default(), 1).await;
    assert_one_of_fifty_wins(table, Some(1)).await;
}

async fn assert_one_of_fifty_wins(table: &Arc<impl UserStore>, expected: Option<u128>) {
    let mut writers = JoinSet::new();
    for writer in 100..150 {
        let table = Arc::clone(table);
        writers.spawn(async move {
            let record = cutoff_at(i64::try_from(writer).unwrap());
            try_write(&table, &user("alice"), expected, &record, writer).await
        });
    }
    let written = writers.join_all().await;
    assert_eq!(written.iter().filter(|written| **written == WriteOutcome::Written).count(), 1);
    let winner = read(table, &user("alice"), NOON).await;
    for written in written {
        assert!(
            matches!(written, WriteOutcome::Written)
                || written == WriteOutcome::Conflict(winner.clone())
        );
    }
}

/// Concurrent writers that read and write again lose nothing.
pub(crate) async fn no_increment_is_lost(table: &Arc<impl UserStore>) {
    const WRITERS: u128 = 8;
    const INCREMENTS: u128 = 5;
    let mut writers = JoinSet::new();
    for writer in 1..=WRITERS {
        let table = Arc::clone(table);
        writers.spawn(async move {
            for increment in 1..=INCREMENTS {
                add_one(&table, writer * 1_000_000 + increment * 1_000).await;
            }
        });
    }
    writers.join_all().await;
    let total = read(table, &user("alice"), NOON).await.record;
    assert_eq!(total, cutoff_at(i64::try_from(WRITERS * INCREMENTS).unwrap()));
}

async fn add_one(table: &Arc<impl UserStore>, first_revision: u128) {
    let mut held = read(table, &user("alice"), NOON).await;
    for revision in first_revision.. {
        let count = held.record.sessions_valid_after.map_or(0, |EpochSeconds(count)| count);
        let next = cutoff_at(count + 1);
        let written = table
            .write(&user("alice"), held.revision, &next, unique_id(revision), &at(NOON))
            .await
            .unwrap();
        match written {
            WriteOutcome::Written => return,
            WriteOutcome::Conflict(newer) => held = newer,
        }
    }
}
