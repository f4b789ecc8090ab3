//! The list of rows that `sweep` works off.

use std::sync::Arc;

use acs_broker_store_dynamodb::{Lease, Record, RecordKey, UserTable};

use super::{NOON, at, identity, nonce, not_before, pending_until, second, user, write};

pub(crate) async fn due_names_what_is_due_the_oldest_first(table: &Arc<impl UserTable>) {
    let lease = |until| Record {
        lease: Some(Lease {
            owner: nonce(1),
            until: second(until),
            sign_in: acs_broker_store_dynamodb::EpochSeconds(1),
            void: false,
        }),
        ..Record::default()
    };
    let orphan = RecordKey::Orphan(identity());
    for (key, record) in [
        (user("now"), pending_until(NOON)),
        (user("long ago"), pending_until(999)),
        (user("not yet"), pending_until(NOON + 1)),
        (user("lease over"), lease(NOON - 20)),
        (user("lease live"), lease(NOON + 20)),
        (user("nothing to do"), not_before(1)),
        (orphan.clone(), pending_until(NOON - 10)),
    ] {
        write(table, &key, None, &record, 1).await;
    }
    let oldest_first = [user("long ago"), user("lease over"), orphan, user("now")];
    assert_eq!(table.due(100, &at(NOON)).await.unwrap(), oldest_first);
}

pub(crate) async fn due_stops_at_its_limit(table: &Arc<impl UserTable>) {
    for age in 0..5 {
        write(table, &user(&format!("{age}")), None, &pending_until(NOON - age), 1).await;
    }
    let oldest = [user("4"), user("3"), user("2")];
    assert_eq!(table.due(3, &at(NOON)).await.unwrap(), oldest);
    assert_eq!(table.due(0, &at(NOON)).await.unwrap(), []);
    assert_eq!(table.due(usize::MAX, &at(NOON)).await.unwrap().len(), 5);
}

pub(crate) async fn finished_work_is_no_longer_due(table: &Arc<impl UserTable>) {
    let key = user("alice");
    write(table, &key, None, &pending_until(NOON), 1).await;
    write(table, &key, Some(1), &pending_until(NOON + 60), 2).await;
    assert_eq!(table.due(1, &at(NOON)).await.unwrap(), []);
    assert_eq!(table.due(1, &at(NOON + 60)).await.unwrap(), [user("alice")]);
    write(table, &key, Some(2), &not_before(1), 3).await;
    assert_eq!(table.due(1, &at(NOON + 60)).await.unwrap(), []);
}
