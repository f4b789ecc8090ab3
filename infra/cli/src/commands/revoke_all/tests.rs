//! Tests of `acs-broker revoke-all`.

use std::future::pending;
use std::time::Duration;

use acs_broker_core::BrokerError;
use acs_broker_core::{IdentityState, Lease, Record, UniqueId};
use acs_broker_store_dynamodb::testing::StoreCall;
use insta::assert_snapshot;
use tokio::time::timeout;

use super::*;
use crate::clock::Clock;
use crate::testing::{Harness, SharedStore, now, subject, to_json};

fn minutes_later() -> Timestamp {
    now().checked_add(Duration::from_mins(10)).unwrap()
}

async fn run(harness: &Harness) -> RevokeAllReport {
    let (broker, records) = (&harness.broker, &harness.records);
    revoke_all(false, broker, records, Progress::HIDDEN, pending()).await.unwrap()
}

/// Runs the command again, ten minutes later.
async fn resume(harness: &Harness) -> RevokeAllReport {
    let records =
        Records::<SharedStore> { clock: Clock::of(minutes_later), ..harness.records.clone() };
    revoke_all(true, &harness.broker, &records, Progress::HIDDEN, pending()).await.unwrap()
}

mod report;
mod resume;

mod cutoff {
    use super::*;

    /// No token and no session survives.
    #[tokio::test(start_paused = true)]
    async fn ends_all_tokens_and_sessions() {
        let harness = Harness::new();
        let issued = harness.users(&["alice", "bob", "carol"]).await;
        let report = run(&harness).await;
        assert_eq!((report.revoked, report.sessions_valid_after), (3, now()));
        assert_eq!(report.exit(), Exit::Done);
        assert!(issued.iter().all(|issued| !harness.is_alive(issued)));
        for name in ["alice", "dave"] {
            let refused = harness.issue(name, -5).await;
            assert!(matches!(refused, Err(BrokerError::SignInAgain)), "{name}: {refused:?}");
            assert!(harness.issue(name, 1).await.is_ok(), "{name} may sign in again");
        }
    }

    /// The cutoff is written before the scan, so a user who signs in meanwhile is not missed.
    #[tokio::test(start_paused = true)]
    async fn is_written_before_the_scan() {
        let harness = Harness::new();
        run(&harness).await;
        let calls = harness.store_calls();
        let first = |name| calls.iter().position(|call| *call == name);
        assert!(first(StoreCall::Write) < first(StoreCall::List), "{calls:?}");
    }
}

mod scan {
    use super::*;

    /// An identity that is being created meets the cutoff when it is bound.
    #[tokio::test(start_paused = true)]
    async fn includes_creations_under_way() {
        let harness = Harness::new();
        let EpochSeconds(second) = now().into();
        let lease = Lease {
            id: UniqueId::from_bits(1),
            expires_at: minutes_later(),
            sign_in: EpochSeconds(second - 5),
            cancelled: false,
        };
        let alice = harness.records.key(&subject("alice"));
        harness
            .put(&alice, &Record { identity: IdentityState::Creating(lease), ..Record::default() })
            .await;
        assert_eq!(run(&harness).await.revoked, 1);
        assert_eq!(harness.record("alice").sessions_valid_after, Some(now().into()));
    }

    /// A row that this version cannot read does not keep the tokens of all others alive.
    #[tokio::test(start_paused = true)]
    async fn names_the_unreadable_row() {
        let harness = Harness::new();
        let issued = harness.users(&["alice", "bob", "carol"]).await;
        harness.make_unreadable("bob");
        let report = run(&harness).await;
        assert_eq!((report.revoked, report.exit()), (2, Exit::Partial));
        let alive: Vec<_> = issued.iter().map(|issued| harness.is_alive(issued)).collect();
        assert_eq!(alive, [false, true, false]);
        assert_eq!(report.unreadable[0].key, "user https://idp.example bob");
        let text = report.to_string();
        assert!(text.contains("user https://idp.example bob  revision: must be text"), "{text}");
        assert!(text.contains("1 unreadable, and passed over"), "{text}");
        assert_eq!(plan(false, &harness.records).await.unwrap().exit(), Exit::Partial);
    }

    /// Rows without anything at ACS are left alone.
    #[tokio::test(start_paused = true)]
    async fn skips_rows_without_identity() {
        let harness = Harness::new();
        let alice = harness.records.key(&subject("alice"));
        let cutoff = Record { sessions_valid_after: Some(EpochSeconds(1)), ..Record::default() };
        harness.put(&alice, &cutoff).await;
        let orphan = RecordKey::Orphan("8:acs:a_b".parse().unwrap());
        harness.put(&orphan, &cutoff).await;
        let report = run(&harness).await;
        assert_eq!((report.revoked, report.already_revoked), (0, 0));
        assert_eq!(harness.record("alice"), cutoff);
    }
}

mod interruption {
    use super::*;

    /// A run that was killed is finished with the cutoff it began with.
    #[tokio::test(start_paused = true)]
    async fn killed_run_resumes_its_cutoff() {
        let harness = Harness::new();
        let names = ["a", "b", "c", "d", "e", "f"];
        let issued = harness.users(&names).await;
        // Dropping the future in the middle is what a kill does.
        let killed = run(&harness);
        timeout(Duration::from_millis(250), killed).await.unwrap_err();
        let dead = issued.iter().filter(|issued| !harness.is_alive(issued)).count();
        assert_eq!(dead, 3);
        let newer = harness.issue("f", 2).await.unwrap();
        assert!(harness.is_alive(&newer));

        let revocations = harness.revocations();
        let report = resume(&harness).await;
        let counts = (report.revoked, report.already_revoked);
        assert_eq!(counts, (2, 4), "f's own request revoked f's tokens");
        assert_eq!(report.sessions_valid_after, now(), "sessions that began since are spared");
        assert_eq!(harness.revocations() - revocations, 2, "nothing is done twice");
        assert!(harness.is_alive(&newer));
        assert!(issued.iter().all(|issued| !harness.is_alive(issued)));
        assert!(harness.issue("f", 2).await.is_ok());
    }

    /// The report counts the users that were not reached; their sessions have ended all the same.
    #[tokio::test(start_paused = true)]
    async fn users_not_tried_are_counted() {
        let harness = Harness::new();
        harness.users(&["a", "b", "c"]).await;
        let stop = tokio::time::sleep(Duration::from_millis(150));
        let (broker, records) = (&harness.broker, &harness.records);
        let report = revoke_all(false, broker, records, Progress::HIDDEN, stop).await.unwrap();
        assert_eq!((report.revoked, report.not_tried), (2, 1));
        assert_eq!(report.exit(), Exit::Partial);
        let refused = harness.issue("c", -5).await;
        assert!(matches!(refused, Err(BrokerError::SignInAgain)), "{refused:?}");
    }

    /// Revocations that ACS refuses stay recorded, and a resumed run finishes them.
    #[tokio::test(start_paused = true)]
    async fn resumed_run_finishes_refused_users() {
        let harness = Harness::new();
        let issued = harness.users(&["alice", "bob", "carol"]).await;
        harness.refuse(&issued[0], 429);
        harness.refuse(&issued[1], 401);
        let report = run(&harness).await;
        assert_eq!((report.revoked, report.deferred, report.failed.len()), (1, 1, 1));
        assert_eq!(report.failed[0].subject, "bob");
        assert_eq!(report.exit(), Exit::Partial);
        assert!(harness.record("alice").pending().is_some());
        assert!(harness.record("bob").pending().is_some());

        harness.accept_all();
        let report = resume(&harness).await;
        assert_eq!((report.revoked, report.already_revoked), (2, 1));
        assert!(issued.iter().all(|issued| !harness.is_alive(issued)));
    }

    /// Resuming a revocation that was never begun is a mistake that ends no session.
    #[tokio::test(start_paused = true)]
    async fn resume_needs_a_cutoff() {
        let harness = Harness::new();
        harness.users(&["alice"]).await;
        let (broker, records) = (&harness.broker, &harness.records);
        let error = revoke_all(true, broker, records, Progress::HIDDEN, pending()).await;
        assert_eq!(error.unwrap_err().exit(), Exit::Usage);
        assert_eq!(plan(true, records).await.unwrap_err().exit(), Exit::Usage);
        assert!(harness.issue("alice", -5).await.is_ok());
    }
}

mod dry_run {
    use super::*;

    /// A dry run counts the users and changes nothing, also where a revocation is resumed.
    #[tokio::test(start_paused = true)]
    async fn counts_and_changes_nothing() {
        let harness = Harness::new();
        let names: Vec<_> = (0..25).map(|number| format!("user{number}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        harness.users(&names).await;
        let before = harness.rows();
        let counted = plan(false, &harness.records).await.unwrap();
        assert_eq!((counted.users, counted.seconds), (25, 2), "ten a second");
        assert_eq!(harness.rows(), before);

        timeout(Duration::from_millis(1050), run(&harness)).await.unwrap_err();
        let before = harness.rows();
        let counted = plan(true, &harness.records).await.unwrap();
        assert_eq!((counted.users, counted.already_revoked), (14, 11));
        assert_eq!(harness.rows(), before);
    }

    /// Both forms of a plan; the table names the faster way.
    #[test]
    fn prints_duration_and_faster_hint() {
        let plan = RevokeAllPlan {
            dry_run: true,
            sessions_valid_after: now(),
            resumed: false,
            users: 36_000,
            already_revoked: 0,
            unreadable: vec![],
            seconds: 3600,
        };
        assert_snapshot!(plan, @"
        global cutoff    2026-11-23T12:00:00Z
        users to revoke  36000
        already revoked  0
        takes at least   1h

        Faster: once the sessions have ended, regenerate both access keys of the ACS resource.
        Every token made with a key dies with it, at once.
        ");
        assert_snapshot!(to_json(&plan), @r#"
        {
          "dryRun": true,
          "sessionsValidAfter": "2026-11-23T12:00:00Z",
          "resumed": false,
          "users": 36000,
          "alreadyRevoked": 0,
          "seconds": 3600
        }
        "#);
    }
}
