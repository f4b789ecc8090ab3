//! A walk over the whole table, page by page.

use std::collections::BTreeMap;
use std::sync::Arc;

use acs_broker_store_dynamodb::{EpochSeconds, Page, Record, RecordKey, UserTable};

use super::{NOON, at, identity, not_before, pending_until, user, write};

pub(crate) async fn a_walk_meets_every_row_once(table: &Arc<impl UserTable>) {
    let mut rows = BTreeMap::from([
        (RecordKey::Everybody, not_before(5)),
        (RecordKey::Orphan(identity()), pending_until(NOON)),
    ]);
    rows.extend((0..7).map(|number| (user(&format!("{number}")), not_before(number))));
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

pub(crate) async fn a_walk_goes_on_after_a_row_that_is_gone(table: &Arc<impl UserTable>) {
    for name in ["alice", "bob"] {
        write(table, &user(name), None, &not_before(1), 1).await;
    }
    let first = list(table, None, 1).await;
    let [(met, _)] = first.records.as_slice() else { panic!("{first:?}") };
    let gone = Record { expires_at: Some(EpochSeconds(NOON)), ..not_before(1) };
    write(table, met, Some(1), &gone, 2).await;
    let mut after = first.next;
    let mut left = Vec::new();
    while let Some(key) = after {
        let page = list(table, Some(&key), 1).await;
        left.extend(page.records);
        after = page.next;
    }
    let other = if *met == user("alice") { user("bob") } else { user("alice") };
    assert_eq!(left, [(other, not_before(1))]);
}

pub(crate) async fn a_walk_over_an_empty_table_ends(table: &Arc<impl UserTable>) {
    assert_eq!(list(table, None, 10).await, Page::default());
    assert_eq!(list(table, Some(&user("alice")), 10).await, Page::default());
}

pub(crate) async fn a_walk_leaves_out_rows_whose_time_is_over(table: &Arc<impl UserTable>) {
    let ends = |second| Record { expires_at: Some(EpochSeconds(second)), ..not_before(1) };
    write(table, &user("gone"), None, &ends(NOON), 1).await;
    write(table, &user("going"), None, &ends(NOON + 1), 1).await;
    let pages = walk(table, 10).await;
    let met: Vec<_> = pages.into_iter().flat_map(|page| page.records).collect();
    assert_eq!(met, [(user("going"), ends(NOON + 1))]);
}

pub(crate) async fn a_record_is_listed_as_it_is_read(table: &Arc<impl UserTable>) {
    write(table, &user("alice"), None, &pending_until(NOON), 1).await;
    let read = super::read(table, &user("alice"), NOON).await.record;
    assert_eq!(list(table, None, 10).await.records, [(user("alice"), read)]);
}

/// All pages from the table's beginning to its end.
async fn walk(table: &Arc<impl UserTable>, limit: usize) -> Vec<Page> {
    let mut pages = vec![list(table, None, limit).await];
    while let Some(after) = pages.last().and_then(|page| page.next.clone()) {
        pages.push(list(table, Some(&after), limit).await);
    }
    pages
}

async fn list(table: &Arc<impl UserTable>, after: Option<&RecordKey>, limit: usize) -> Page {
    table.list(after, limit, &at(NOON)).await.unwrap()
}
