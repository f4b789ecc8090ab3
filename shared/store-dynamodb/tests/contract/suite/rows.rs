//! One row, written and read by one caller after the other.

use std::sync::Arc;

use acs_broker_store_dynamodb::{
    Authority, Binding, EpochSeconds, Lease, Pending, Record, RecordKey, Stored, Suspension,
    UserTable, Work, Written,
};
use identity_client::Timestamp;

use super::{
    NOON, at, at_ms, identity, nonce, not_before, pending_until, read, try_write, user, write,
};

pub(crate) async fn a_user_nobody_wrote_about_is_empty(table: &Arc<impl UserTable>) {
    assert_eq!(read(table, &user("alice"), NOON).await, Stored::default());
}

pub(crate) async fn a_record_reads_back_whole(table: &Arc<impl UserTable>) {
    for work in [Work::Revoke, Work::Delete] {
        for flag in [false, true] {
            let key = user(&format!("alice {work:?} {flag}"));
            let record = Record {
                binding: Some(Binding {
                    identity: identity(),
                    sign_in: EpochSeconds(1_500_000_001),
                }),
                sign_in_not_before: Some(EpochSeconds(NOON - 1)),
                suspension: Some(Suspension {
                    by: if flag { Authority::Operator } else { Authority::Provider },
                    lifted: work == Work::Revoke,
                    at: at_ms(1_700_000_000_006),
                }),
                lease: Some(Lease {
                    owner: nonce(2),
                    until: at_ms(1_600_000_000_002),
                    sign_in: EpochSeconds(4),
                    void: flag,
                }),
                pending: Some(Pending {
                    work,
                    owner: nonce(u128::MAX),
                    since: at_ms(1_700_000_000_003),
                    retry_at: at_ms(1_800_000_000_004),
                }),
                doubted_since: Some(at_ms(1_700_000_000_005)),
                possibly_lost: 2,
                expires_at: Some(EpochSeconds(NOON + 1)),
            };
            write(table, &key, None, &record, 1).await;
            let stored = Stored { record, revision: Some(nonce(1)) };
            assert_eq!(read(table, &key, NOON).await, stored);
        }
    }
}

pub(crate) async fn a_record_that_loses_its_fields_reads_back_without_them(
    table: &Arc<impl UserTable>,
) {
    let key = user("alice");
    write(table, &key, None, &pending_until(NOON), 1).await;
    write(table, &key, Some(1), &Record::default(), 2).await;
    let emptied = Stored { record: Record::default(), revision: Some(nonce(2)) };
    assert_eq!(read(table, &key, NOON).await, emptied);
}

pub(crate) async fn instants_are_kept_to_the_millisecond(table: &Arc<impl UserTable>) {
    let key = user("alice");
    let exact = Timestamp::from_nanosecond(1_500_000_000_001_999_999).unwrap();
    let record = |at| Record {
        binding: Some(Binding { identity: identity(), sign_in: EpochSeconds(7) }),
        lease: Some(Lease { owner: nonce(9), until: at, sign_in: EpochSeconds(7), void: false }),
        pending: Some(Pending { work: Work::Revoke, owner: nonce(9), since: at, retry_at: at }),
        suspension: Some(Suspension { by: Authority::Provider, lifted: false, at }),
        doubted_since: Some(at),
        ..Record::default()
    };
    write(table, &key, None, &record(exact), 1).await;
    assert_eq!(read(table, &key, NOON).await.record, record(at_ms(1_500_000_000_001)));
}

pub(crate) async fn a_write_from_an_old_revision_leaves_the_row_and_shows_it(
    table: &Arc<impl UserTable>,
) {
    let key = user("alice");
    write(table, &key, None, &not_before(1), 1).await;
    write(table, &key, Some(1), &not_before(2), 2).await;

    let held = Stored { record: not_before(2), revision: Some(nonce(2)) };
    for expected in [None, Some(1), Some(7)] {
        let written = try_write(table, &key, expected, &not_before(3), 3).await;
        assert_eq!(written, Written::Superseded(held.clone()), "from {expected:?}");
    }
    assert_eq!(read(table, &key, NOON).await, held);
}

pub(crate) async fn a_write_repeated_because_its_answer_was_lost_is_done(
    table: &Arc<impl UserTable>,
) {
    let key = user("alice");
    for (expected, revision) in [(None, 1), (Some(1), 2)] {
        write(table, &key, expected, &not_before(5), revision).await;
        write(table, &key, expected, &not_before(5), revision).await;
        assert_eq!(read(table, &key, NOON).await.revision, Some(nonce(revision)));
    }
}

pub(crate) async fn a_write_repeated_after_somebody_elses_is_superseded(
    table: &Arc<impl UserTable>,
) {
    let key = user("alice");
    write(table, &key, None, &not_before(1), 1).await;
    write(table, &key, Some(1), &not_before(2), 2).await;
    let held = Stored { record: not_before(2), revision: Some(nonce(2)) };
    let repeated = try_write(table, &key, None, &not_before(1), 1).await;
    assert_eq!(repeated, Written::Superseded(held.clone()));
    assert_eq!(read(table, &key, NOON).await, held);
}

pub(crate) async fn an_expired_row_reads_as_empty_and_can_be_replaced(table: &Arc<impl UserTable>) {
    let key = user("alice");
    let tombstone = Record { expires_at: Some(EpochSeconds(NOON)), ..not_before(1) };
    write(table, &key, None, &tombstone, 1).await;
    assert_eq!(read(table, &key, NOON - 1).await.record, tombstone);

    let expired = Stored { record: Record::default(), revision: Some(nonce(1)) };
    assert_eq!(read(table, &key, NOON).await, expired);
    write(table, &key, Some(1), &not_before(2), 2).await;
    assert_eq!(read(table, &key, NOON).await.record, not_before(2));
}

pub(crate) async fn an_expired_row_is_not_taken_for_a_missing_one(table: &Arc<impl UserTable>) {
    let key = user("alice");
    let tombstone = Record { expires_at: Some(EpochSeconds(NOON)), ..not_before(1) };
    write(table, &key, None, &tombstone, 1).await;
    let expired = Stored { record: Record::default(), revision: Some(nonce(1)) };
    let written = try_write(table, &key, None, &not_before(2), 2).await;
    assert_eq!(written, Written::Superseded(expired));
}

pub(crate) async fn a_row_that_went_away_before_the_write_shows_as_empty(
    table: &Arc<impl UserTable>,
) {
    let written = try_write(table, &user("alice"), Some(1), &not_before(2), 2).await;
    assert_eq!(written, Written::Superseded(Stored::default()));
    assert_eq!(read(table, &user("alice"), NOON).await, Stored::default());
}

pub(crate) async fn users_with_similar_names_have_rows_of_their_own(table: &Arc<impl UserTable>) {
    let names = [
        "alice",
        "Alice",
        " alice",
        "alice ",
        "al ice",
        "\"alice\"",
        "\\u0061lice",
        "al\u{200b}ice",
        "é",
        "e\u{301}",
        "日本語",
        "ﷺ",
        "👩‍👩‍👧‍👦",
        "עברית",
        "\u{3a9}",
        "\u{2126}",
    ];
    for (number, name) in (1..).zip(names) {
        write(table, &user(name), None, &not_before(number), 1).await;
    }
    for (number, name) in (1..).zip(names) {
        assert_eq!(read(table, &user(name), NOON).await.record, not_before(number), "{name}");
    }
}

pub(crate) async fn the_longest_names_fit(table: &Arc<impl UserTable>) {
    let issuer = format!("https://{}", "i".repeat(504));
    let key = RecordKey::user(issuer.parse().unwrap(), "👩".repeat(255).parse().unwrap());
    let orphan = RecordKey::Orphan(format!("8:acs:{}", "a".repeat(250)).parse().unwrap());
    for key in [key, orphan] {
        write(table, &key, None, &pending_until(NOON), 1).await;
        assert_eq!(read(table, &key, NOON).await.record, pending_until(NOON));
        assert!(table.due(2, &at(NOON)).await.unwrap().contains(&key));
    }
}
