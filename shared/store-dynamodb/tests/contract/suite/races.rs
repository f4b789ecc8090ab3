//! One row, written by many callers at once.

use std::sync::Arc;

use acs_broker_store_dynamodb::{EpochSeconds, Record, UserTable, Written};
use tokio::task::JoinSet;

use super::{NOON, at, nonce, not_before, read, try_write, user, write};

pub(crate) async fn of_fifty_first_writers_one_wins(table: &Arc<impl UserTable>) {
    assert_one_of_fifty_wins(table, None).await;
}

pub(crate) async fn of_fifty_writers_from_one_revision_one_wins(table: &Arc<impl UserTable>) {
    write(table, &user("alice"), None, &Record::default(), 1).await;
    assert_one_of_fifty_wins(table, Some(1)).await;
}

async fn assert_one_of_fifty_wins(table: &Arc<impl UserTable>, expected: Option<u128>) {
    let mut writers = JoinSet::new();
    for writer in 100..150 {
        let table = Arc::clone(table);
        writers.spawn(async move {
            let record = not_before(i64::try_from(writer).unwrap());
            try_write(&table, &user("alice"), expected, &record, writer).await
        });
    }
    let written = writers.join_all().await;
    assert_eq!(written.iter().filter(|written| **written == Written::Done).count(), 1);
    let winner = read(table, &user("alice"), NOON).await;
    for written in written {
        assert!(matches!(written, Written::Done) || written == Written::Superseded(winner.clone()));
    }
}

pub(crate) async fn no_increment_is_lost_between_concurrent_writers(table: &Arc<impl UserTable>) {
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
    assert_eq!(total, not_before(i64::try_from(WRITERS * INCREMENTS).unwrap()));
}

async fn add_one(table: &Arc<impl UserTable>, first_revision: u128) {
    let mut held = read(table, &user("alice"), NOON).await;
    for revision in first_revision.. {
        let count = held.record.sign_in_not_before.map_or(0, |EpochSeconds(count)| count);
        let next = not_before(count + 1);
        let written = table
            .write(&user("alice"), held.revision, &next, nonce(revision), &at(NOON))
            .await
            .unwrap();
        match written {
            Written::Done => return,
            Written::Superseded(newer) => held = newer,
        }
    }
}
