//! Tests of `acs-broker revoke-all --resume` after runs that ended or did not begin.

use acs_broker_config::error_chain;
use acs_broker_store_dynamodb::testing::Fault;

use super::*;

/// An operator whose revocation did not begin is not told that an older one is the answer.
#[tokio::test(start_paused = true)]
async fn complete_revocation_is_not_resumed() {
    let harness = Harness::new();
    harness.users(&["alice"]).await;
    run(&harness).await;
    let newer = harness.issue("alice", 2).await.unwrap();

    harness.records.table.rows.fail_next([Fault::Lost; 40]);
    let (broker, records) = (&harness.broker, &harness.records);
    let failed = revoke_all(false, broker, records, Progress::HIDDEN, pending()).await;
    let text = error_chain(&failed.unwrap_err());
    assert!(text.starts_with("the global cutoff was not written"), "{text}");
    assert!(text.contains("again, without --resume"), "{text}");
    harness.records.table.rows.recover();

    let records = Records::<SharedStore> { clock: Clock::of(minutes_later), ..records.clone() };
    let refused = revoke_all(true, broker, &records, Progress::HIDDEN, pending()).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.exit(), Exit::Usage);
    assert!(refused.to_string().contains("(10m ago, 2026-11-23T12:00:00Z) is complete"));
    assert_eq!(plan(true, &records).await.unwrap_err().exit(), Exit::Usage);
    assert!(harness.is_alive(&newer), "and the operator knows that it is");
}

/// An operator learns that the sessions have ended although the users could not be listed.
#[tokio::test(start_paused = true)]
async fn scan_that_failed_is_resumed() {
    let harness = Harness::new();
    let issued = harness.users(&["alice"]).await.remove(0);
    harness.records.table.interceptor.fail_lists(1);
    let (broker, records) = (&harness.broker, &harness.records);
    let failed = revoke_all(false, broker, records, Progress::HIDDEN, pending()).await;
    let text = error_chain(&failed.unwrap_err());
    assert!(text.starts_with("every session up to 2026-11-23T12:00:00Z has ended"), "{text}");
    assert!(text.contains("go on with revoke-all --resume"), "{text}");
    assert_eq!(resume(&harness).await.revoked, 1);
    assert!(!harness.is_alive(&issued));
}
