//! Tests of imports that replace identities.

use super::*;

fn force() -> Options<'static> {
    Options { rules: Rules { force: true, ..FAIL }, ..plainly() }
}

/// A stack where alice has another identity than the file, with the token of that one.
async fn with_another_identity() -> (Harness, Vec<String>, acs_broker_core::Issued) {
    let harness = Harness::new();
    harness.users(&["alice"]).await;
    let lines = exported(&harness);
    let harness = harness.beside();
    let newer = harness.issue("alice", -5).await.unwrap();
    (harness, lines, newer)
}

/// An identity that a forced import takes from a user is deleted, and its tokens die.
#[tokio::test(start_paused = true)]
async fn replaced_identity_is_deleted_first() {
    let (harness, lines, newer) = with_another_identity().await;
    let outcomes = import(&harness, &lines, plainly()).await;
    assert!(matches!(&outcomes[0], LineOutcome::Conflict(why) if why.contains("another identity")));
    assert!(harness.is_alive(&newer));
    assert_eq!(import(&harness, &lines, force()).await, [LineOutcome::Updated]);
    assert!(!harness.is_alive(&newer));
    assert_eq!(exported(&harness), lines, "no orphan is left");
}

/// A user whose line fails keeps no identity that the sweep deletes behind their back.
#[tokio::test(start_paused = true)]
async fn failed_line_dooms_no_identity() {
    for lost in 0..6 {
        let (harness, lines, newer) = with_another_identity().await;
        harness.records.table.interceptor.fail_writes_after(lost);
        let outcomes = import(&harness, &lines, force()).await;
        harness.records.table.interceptor.fail_writes_after(u64::MAX);
        let orphan = row(&harness, &RecordKey::Orphan(newer.token.identity.clone()));
        assert_eq!(orphan.bound(), None, "{lost}: {outcomes:?}");
        let record = harness.record("alice");
        let keeps = record.bound().is_some_and(|bound| bound.id == newer.token.identity);
        let is_deleted = record.pending().is_some();
        assert_eq!(harness.is_alive(&newer), keeps && !is_deleted, "{lost}: {outcomes:?}");
    }
}

/// A deletion that ACS defers leaves the line for another import.
#[tokio::test(start_paused = true)]
async fn deferred_deletion_fails_the_line() {
    let (harness, lines, newer) = with_another_identity().await;
    harness.refuse(&newer, 503);
    let outcomes = import(&harness, &lines, force()).await;
    assert!(matches!(&outcomes[0], LineOutcome::Failed(why) if why.contains("then import again")));
    assert!(harness.record("alice").pending().is_some());
    harness.accept_all();
    assert_eq!(import(&harness, &lines, force()).await, [LineOutcome::Updated]);
    assert_eq!(exported(&harness), lines);
}
