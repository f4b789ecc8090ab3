//! One row, written and read by one caller after the other.

use std::sync::Arc;
use std::time::Duration;

use acs_broker_core::{
    Attempt, BoundIdentity, CreationPause, EpochSeconds, IdentityState, Lease, PendingKind,
    PendingOperation, Record, RecordKey, Stored, SuspendedBy, Suspension, UserStore, WriteOutcome,
};
use identity_client::Timestamp;

use super::{
    NOON, at, at_ms, cutoff_at, identity, pending_until, read, try_write, unique_id, user, write,
};

/// A user whom nobody has written about has an empty record.
pub(crate) async fn unknown_user_is_empty(table: &Arc<impl UserStore>) {
    assert_eq!(read(table, &user("alice"), NOON).await, Stored::default());
}

/// A field that does not read back would be lost with the next write.
pub(crate) async fn record_reads_back_whole(table: &Arc<impl UserStore>) {
    for (number, record) in (1..).zip(whole_records()) {
        let key = user(&format!("alice {number}"));
        write(table, &key, None, &record, 1).await;
        let stored = Stored { record, revision: Some(unique_id(1)) };
        assert_eq!(read(table, &key, NOON).await, stored);
    }
}

/// Returns records in which every field has a value, in each state of the identity.
fn whole_records() -> Vec<Record> {
    let pending = [PendingKind::Revoke, PendingKind::Delete].map(|kind| {
        IdentityState::Bound(BoundIdentity {
            id: identity(),
            sign_in: EpochSeconds(1_500_000_001),
            not_found_since: Some(at_ms(1_700_000_000_005)),
            pending: Some(PendingOperation {
                kind,
                id: unique_id(u128::MAX),
                accepted_at: at_ms(1_700_000_000_003),
                retry_at: at_ms(1_800_000_000_004),
                attempt: Attempt { began_at: at_ms(1_700_000_000_007), failed: true },
            }),
        })
    });
    let creating = [false, true].map(|cancelled| {
        IdentityState::Creating(Lease {
            id: unique_id(2),
            expires_at: at_ms(1_600_000_000_002),
            sign_in: EpochSeconds(4),
            cancelled,
        })
    });
    let decisions = [
        (SuspendedBy::Operator, false),
        (SuspendedBy::Operator, true),
        (SuspendedBy::IdentityProvider, false),
        (SuspendedBy::IdentityProvider, true),
    ];
    let states = [pending, creating].into_iter().flatten().zip(decisions);
    states
        .map(|(identity, (by, lifted))| Record {
            identity,
            sessions_valid_after: Some(EpochSeconds(NOON - 1)),
            suspension: Some(Suspension { by, lifted, decided_at: at_ms(1_700_000_000_006) }),
            unconfirmed_identities: 2,
            creation_pause: Some(CreationPause {
                until: at_ms(1_700_000_000_008),
                length: Duration::from_secs(4),
            }),
            expires_at: Some(EpochSeconds(NOON + 1)),
        })
        .collect()
}

/// A completed operation that comes back would be done again and again.
pub(crate) async fn removed_fields_stay_removed(table: &Arc<impl UserStore>) {
    let key = user("alice");
    write(table, &key, None, &pending_until(NOON), 1).await;
    write(table, &key, Some(1), &Record::default(), 2).await;
    let emptied = Stored { record: Record::default(), revision: Some(unique_id(2)) };
    assert_eq!(read(table, &key, NOON).await, emptied);
}

/// Every store cuts instants alike, or a fake hides a mistake.
pub(crate) async fn instants_keep_milliseconds(table: &Arc<impl UserStore>) {
    let key = user("alice");
    let exact = Timestamp::from_nanosecond(1_500_000_000_001_999_999).unwrap();
    let bound = |at| {
        IdentityState::Bound(BoundIdentity {
            not_found_since: Some(at),
            pending: Some(PendingOperation {
                kind: PendingKind::Revoke,
                id: unique_id(9),
                accepted_at: at,
                retry_at: at,
                attempt: Attempt::begin(at),
            }),
            ..BoundIdentity::new(identity(), EpochSeconds(7))
        })
    };
    let creating = |at| {
        let (id, sign_in) = (unique_id(9), EpochSeconds(7));
        IdentityState::Creating(Lease { id, expires_at: at, sign_in, cancelled: false })
    };
    let record = |identity, decided_at| {
        let by = SuspendedBy::IdentityProvider;
        let suspension = Some(Suspension { by, lifted: false, decided_at });
        Record { identity, suspension, ..Record::default() }
    };
    let cut = at_ms(1_500_000_000_001);
    write(table, &key, None, &record(bound(exact), exact), 1).await;
    assert_eq!(read(table, &key, NOON).await.record, record(bound(cut), cut));
    write(table, &key, Some(1), &record(creating(exact), exact), 2).await;
    assert_eq!(read(table, &key, NOON).await.record, record(creating(cut), cut));
}

/// A write from an old revision changes nothing and returns the current row.
pub(crate) async fn old_revision_conflicts(table: &Arc<impl UserStore>) {
    let key = user("alice");
    write(table, &key, None, &cutoff_at(1), 1).await;
    write(table, &key, Some(1), &cutoff_at(2), 2).await;

    let held = Stored { record: cutoff_at(2), revision: Some(unique_id(2)) };
    for expected in [None, Some(1), Some(7)] {
        let written = try_write(table, &key, expected, &cutoff_at(3), 3).await;
        assert_eq!(written, WriteOutcome::Conflict(held.clone()), "from {expected:?}");
    }
    assert_eq!(read(table, &key, NOON).await, held);
}

/// A write that is repeated because its reply was lost has been written.
pub(crate) async fn lost_reply_counts_as_written(table: &Arc<impl UserStore>) {
    let key = user("alice");
    for (expected, revision) in [(None, 1), (Some(1), 2)] {
        write(table, &key, expected, &cutoff_at(5), revision).await;
        write(table, &key, expected, &cutoff_at(5), revision).await;
        assert_eq!(read(table, &key, NOON).await.revision, Some(unique_id(revision)));
    }
}

/// A write that is repeated after another request's is a conflict.
pub(crate) async fn repetition_after_another_conflicts(table: &Arc<impl UserStore>) {
    let key = user("alice");
    write(table, &key, None, &cutoff_at(1), 1).await;
    write(table, &key, Some(1), &cutoff_at(2), 2).await;
    let held = Stored { record: cutoff_at(2), revision: Some(unique_id(2)) };
    let repeated = try_write(table, &key, None, &cutoff_at(1), 1).await;
    assert_eq!(repeated, WriteOutcome::Conflict(held.clone()));
    assert_eq!(read(table, &key, NOON).await, held);
}

/// DynamoDB removes expired rows late, so they read as empty and can be replaced.
pub(crate) async fn expired_row_reads_empty(table: &Arc<impl UserStore>) {
    let key = user("alice");
    let tombstone = Record { expires_at: Some(EpochSeconds(NOON)), ..cutoff_at(1) };
    write(table, &key, None, &tombstone, 1).await;
    assert_eq!(read(table, &key, NOON - 1).await.record, tombstone);

    let expired = Stored { record: Record::default(), revision: Some(unique_id(1)) };
    assert_eq!(read(table, &key, NOON).await, expired);
    write(table, &key, Some(1), &cutoff_at(2), 2).await;
    assert_eq!(read(table, &key, NOON).await.record, cutoff_at(2));
}

/// A write that expects no row must not replace an expired one unseen.
pub(crate) async fn expired_row_is_not_missing(table: &Arc<impl UserStore>) {
    let key = user("alice");
    let tombstone = Record { expires_at: Some(EpochSeconds(NOON)), ..cutoff_at(1) };
    write(table, &key, None, &tombstone, 1).await;
    let expired = Stored { record: Record::default(), revision: Some(unique_id(1)) };
    let written = try_write(table, &key, None, &cutoff_at(2), 2).await;
    assert_eq!(written, WriteOutcome::Conflict(expired));
}

/// A row that was removed before the write is shown as empty.
pub(crate) async fn vanished_row_conflicts_as_empty(table: &Arc<impl UserStore>) {
    let written = try_write(table, &user("alice"), Some(1), &cutoff_at(2), 2).await;
    assert_eq!(written, WriteOutcome::Conflict(Stored::default()));
    assert_eq!(read(table, &user("alice"), NOON).await, Stored::default());
}

/// Users with similar names must not get each other's identity.
pub(crate) async fn similar_names_differ(table: &Arc<impl UserStore>) {
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
        write(table, &user(name), None, &cutoff_at(number), 1).await;
    }
    for (number, name) in (1..).zip(names) {
        assert_eq!(read(table, &user(name), NOON).await.record, cutoff_at(number), "{name}");
    }
}

/// The longest names that the rules allow fit into a key.
pub(crate) async fn longest_names_fit(table: &Arc<impl UserStore>) {
    let issuer = format!("https://{}", "i".repeat(504));
    let key = RecordKey::user(issuer.parse().unwrap(), "👩".repeat(255).parse().unwrap());
    let orphan = RecordKey::Orphan(format!("8:acs:{}", "a".repeat(250)).parse().unwrap());
    for key in [key, orphan] {
        write(table, &key, None, &pending_until(NOON), 1).await;
        assert_eq!(read(table, &key, NOON).await.record, pending_until(NOON));
        assert!(table.due(2, &at(NOON)).await.unwrap().contains(&key));
    }
}
