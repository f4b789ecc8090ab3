//! The list of rows that `sweep` works off.

use std::sync::Arc;

use acs_broker_core::{EpochSeconds, IdentityState, Lease, Record, RecordKey, UserStore};

use super::{NOON, at, cutoff_at, identity, pending_until, second, unique_id, user, write};

/// The sweep gets what is due, the oldest first, and nothing else.
pub(crate) async fn oldest_first(table: &Arc<impl UserStore>) {
    let lease = |until| Record {
        identity: IdentityState::Creating(Lease {
            id: unique_id(1),
            expires_at: second(until),
            sign_in: EpochSeconds(1),
            cancelled: false,
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
        (user("nothing to do"), cutoff_at(1)),
        (orphan.clone(), pending_until(NOON - 10)),
    ] {
        write(table, &key, None, &record, 1).await;
    }
    let oldest_first = [user("long ago"), user("lease over"), orphan, user("now")];
    assert_eq!(table.due(100, &at(NOON)).await.unwrap(), oldest_first);
}

/// A page that is longer than asked for would outlast the invocation.
pub(crate) async fn stops_at_the_limit(table: &Arc<impl UserStore>) {
    for age in 0..5 {
        write(table, &user(&format!("{age}")), None, &pending_until(NOON - age), 1).await;
    }
    let oldest = [user("4"), user("3"), user("2")];
    assert_eq!(table.due(3, &at(NOON)).await.unwrap(), oldest);
    assert_eq!(table.due(0, &at(NOON)).await.unwrap(), []);
    assert_eq!(table.due(usize::MAX, &at(NOON)).await.unwrap().len(), 5);
}

/// A completed or rescheduled operation is not due any more.
pub(crate) async fn completed_operation_leaves(table: &Arc<impl UserStore>) {
    let key = user("alice");
    write(table, &key, None, &pending_until(NOON), 1).await;
    write(table, &key, Some(1), &pending_until(NOON + 60), 2).await;
    assert_eq!(table.due(1, &at(NOON)).await.unwrap(), []);
    assert_eq!(table.due(1, &at(NOON + 60)).await.unwrap(), [user("alice")]);
    write(table, &key, Some(2), &cutoff_at(1), 3).await;
    assert_eq!(table.due(1, &at(NOON + 60)).await.unwrap(), []);
}
