//! A walk over the whole table, page by page.

use std::collections::BTreeMap;
use std::sync::Arc;

use acs_broker_core::{EpochSeconds, Page, Record, RecordKey, UserStore};

use super::{NOON, at, cutoff_at, identity, pending_until, user, write};

/// A scan that misses a user leaves tokens alive.
pub(crate) async fn meets_every_row_once(table: &Arc<impl UserStore>) {
    let mut rows = BTreeMap::from([
        (RecordKey::AllUsers, cutoff_at(5)),
        (RecordKey::Orphan(identity()), pending_until(NOON)),
    ]);
    rows.extend((0..7).map(|number| (user(&format!("{number}")), cutoff_at(number))));
    for (key, record) in &rows {
        write(table, key, None, record, 1).await;
    }
    for limit in [0, 1, 2, 3, 9, 100, usize::MAX] {
        let mut met = BTreeMap::new();
        for page in walk(table, limit).await {
            assert!(page.records.len() <= limit.max(1), "a page of {limit}: {page:?}");
            for (key, record) in page.records {
                assert_eq!(met.insert(key, record), None, "met twice by pages of {limit}");
            }
        }
        assert_eq!(met, rows, "by pages of {limit}");
    }
}

/// A scan goes on after a row that was removed meanwhile.
pub(crate) async fn continues_after_a_vanished_row(table: &Arc<impl UserStore>) {
    for name in ["alice", "bob"] {
        write(table, &user(name), None, &cutoff_at(1), 1).await;
    }
    let first = list(table, None, 1).await;
    let [(met, _)] = first.records.as_slice() else { panic!("{first:?}") };
    let gone = Record { expires_at: Some(EpochSeconds(NOON)), ..cutoff_at(1) };
    write(table, met, Some(1), &gone, 2).await;
    let mut after = first.next;
    let mut left = Vec::new();
    while let Some(key) = after {
        let page = list(table, Some(&key), 1).await;
        left.extend(page.records);
        after = page.next;
    }
    let other = if *met == user("alice") { user("bob") } else { user("alice") };
    assert_eq!(left, [(other, cutoff_at(1))]);
}

/// A scan of an empty table ends.
pub(crate) async fn empty_table_ends(table: &Arc<impl UserStore>) {
    assert_eq!(list(table, None, 10).await, Page::default());
    assert_eq!(list(table, Some(&user("alice")), 10).await, Page::default());
}

/// A scan leaves out rows that have expired.
pub(crate) async fn leaves_out_expired_rows(table: &Arc<impl UserStore>) {
    let ends = |second| Record { expires_at: Some(EpochSeconds(second)), ..cutoff_at(1) };
    write(table, &user("gone"), None, &ends(NOON), 1).await;
    write(table, &user("going"), None, &ends(NOON + 1), 1).await;
    let pages = walk(table, 10).await;
    let met: Vec<_> = pages.into_iter().flat_map(|page| page.records).collect();
    assert_eq!(met, [(user("going"), ends(NOON + 1))]);
}

/// A record is listed as it is read.
pub(crate) async fn lists_as_read(table: &Arc<impl UserStore>) {
    write(table, &user("alice"), None, &pending_until(NOON), 1).await;
    let read = super::read(table, &user("alice"), NOON).await.record;
    assert_eq!(list(table, None, 10).await.records, [(user("alice"), read)]);
}

/// All pages from the table's beginning to its end.
async fn walk(table: &Arc<impl UserStore>, limit: usize) -> Vec<Page> {
    let mut pages = vec![list(table, None, limit).await];
    while let Some(after) = pages.last().and_then(|page| page.next.clone()) {
        pages.push(list(table, Some(&after), limit).await);
    }
    pages
}

async fn list(table: &Arc<impl UserStore>, after: Option<&RecordKey>, limit: usize) -> Page {
    table.list(after, limit, &at(NOON)).await.unwrap()
}
