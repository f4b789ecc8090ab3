//! Tests of `acs-broker show`.

use insta::assert_snapshot;

use super::*;
use crate::testing::{Harness, now, second, subject, to_json};

fn unknown_user() -> UserReport {
    UserReport {
        subject: "alice".to_owned(),
        has_record: false,
        state: None,
        similar: Vec::new(),
        now: now(),
        identity: None,
        sessions_valid_after: None,
        global_sessions_valid_after: None,
        suspended: false,
        suspension: None,
        lease: None,
        pending: None,
        not_found_since: None,
        unconfirmed_identities: 0,
        expires_at: None,
    }
}

mod record {
    use super::*;

    /// A user without a row has no record, and reading does not create one.
    #[tokio::test(start_paused = true)]
    async fn unknown_user_has_none() {
        let harness = Harness::new();
        let user = read(&subject("alice"), &harness.records).await.unwrap();
        assert!(!user.has_record && user.identity.is_none() && !user.suspended);
        assert!(harness.rows().is_empty(), "reading changes nothing");
    }

    /// A name with a mistake leads to the user, and only to users who are called almost so.
    #[tokio::test(start_paused = true)]
    async fn similar_names_are_found() {
        let harness = Harness::new();
        harness.users(&["alice", "bob", "alicia"]).await;
        for (name, expected) in
            [("alicx", vec!["alice"]), ("Alici", vec!["alice", "alicia"]), ("zoe", vec![])]
        {
            let found = similar(&subject(name), &harness.records).await.unwrap();
            assert_eq!(found, expected, "{name}");
        }
    }

    /// Who watches a user sees each change once.
    #[tokio::test(start_paused = true)]
    async fn watch_prints_each_change_once() {
        let harness = Harness::new();
        harness.users(&["alice"]).await;
        let alice = subject("alice");
        let mut states = Vec::new();
        let print = |report: &UserReport| {
            states.push(report.sessions_valid_after.is_some());
            Ok(())
        };
        let change = async {
            sleep(Duration::from_secs(5)).await;
            harness.revoke("alice", false).await;
            sleep(Duration::from_secs(5)).await;
        };
        let exit = watch(&alice, &harness.records, print, change).await.unwrap();
        assert_eq!(exit, Exit::Done);
        assert_eq!(states, [false, true]);
    }

    /// An operator sees what the table knows.
    #[tokio::test(start_paused = true)]
    async fn shows_identity_cutoff_and_pending() {
        let harness = Harness::new();
        let issued = harness.issue("alice", -5).await.unwrap();
        harness.refuse(&issued, 503);
        harness.revoke("alice", false).await;
        let user = read(&subject("alice"), &harness.records).await.unwrap();
        assert!(user.has_record);
        assert_eq!(user.identity.unwrap().id, issued.token.identity.to_string());
        assert_eq!(user.sessions_valid_after, Some(now()));
        assert_eq!(user.global_sessions_valid_after, None);
        let pending = user.pending.unwrap();
        assert_eq!((pending.kind, pending.since), ("revoke", now()));
    }
}

mod report {
    use super::*;

    /// Every field has its row and its JSON member.
    #[test]
    fn prints_a_full_record() {
        let user = UserReport {
            has_record: true,
            state: Some(UserState::Suspended),
            identity: Some(Identity { id: "8:acs:a_b".to_owned(), sign_in: second(-60) }),
            sessions_valid_after: Some(second(-30)),
            global_sessions_valid_after: Some(second(-90)),
            suspended: true,
            suspension: Some(Suspension { by: "provider", at: second(-30), lifted: false }),
            lease: Some(Lease { until: second(10), sign_in: second(0), cancelled: true }),
            pending: Some(Pending { kind: "revoke", since: second(-30), retry_at: second(30) }),
            not_found_since: Some(second(-20)),
            unconfirmed_identities: 1,
            ..unknown_user()
        };
        assert_snapshot!(user, @"
        subject                 alice
        state                   suspended
        identity                8:acs:a_b
          created for sign-in   1m ago, 2026-11-23T11:59:00Z
        cutoff                  30s ago, 2026-11-23T11:59:30Z
        global cutoff           1m ago, 2026-11-23T11:58:30Z
        suspended               yes
          by                    provider, 30s ago, 2026-11-23T11:59:30Z
        lease                   ends in 10s, 2026-11-23T12:00:10Z (cancelled)
        pending                 revoke, 30s ago, 2026-11-23T11:59:30Z
          next try              in 30s, 2026-11-23T12:00:30Z
        reported missing since  20s ago, 2026-11-23T11:59:40Z
        unconfirmed identities  1
        record expires          -
        ");
        assert_snapshot!(to_json(&user), @r#"
        {
          "subject": "alice",
          "hasRecord": true,
          "state": "suspended",
          "identity": {
            "id": "8:acs:a_b",
            "signIn": "2026-11-23T11:59:00Z"
          },
          "sessionsValidAfter": "2026-11-23T11:59:30Z",
          "globalSessionsValidAfter": "2026-11-23T11:58:30Z",
          "suspended": true,
          "suspension": {
            "by": "provider",
            "at": "2026-11-23T11:59:30Z",
            "lifted": false
          },
          "lease": {
            "until": "2026-11-23T12:00:10Z",
            "signIn": "2026-11-23T12:00:00Z",
            "cancelled": true
          },
          "pending": {
            "kind": "revoke",
            "since": "2026-11-23T11:59:30Z",
            "retryAt": "2026-11-23T12:00:30Z"
          },
          "notFoundSince": "2026-11-23T11:59:40Z",
          "unconfirmedIdentities": 1,
          "expiresAt": null
        }
        "#);
    }

    /// A mistyped name is answered with the names that are almost the same.
    #[test]
    fn prints_an_unknown_user() {
        assert_snapshot!(unknown_user(), @"Nobody knows `alice`.");
        let similar = vec!["alicia".to_owned(), "alina".to_owned()];
        let cutoff = Some(second(-60));
        let user = UserReport { similar, global_sessions_valid_after: cutoff, ..unknown_user() };
        assert_snapshot!(user, @"Nobody knows `alice`. Did you mean alicia or alina? Nobody's sessions from 2026-11-23T11:59:00Z or before get tokens.");
        assert_eq!(user.exit(), Exit::Partial);
    }
}
