//! Tests of `acs-broker show`.

use insta::assert_snapshot;

use super::*;
use crate::testing::{Harness, now, second, subject, to_json};

fn unknown_user() -> UserReport {
    UserReport {
        subject: "alice".to_owned(),
        has_record: false,
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
        identity                8:acs:a_b
          created for sign-in   2026-11-23T11:59:00Z
        cutoff                  2026-11-23T11:59:30Z
        global cutoff           2026-11-23T11:58:30Z
        suspended               yes
          by                    provider at 2026-11-23T11:59:30Z
        lease                   until 2026-11-23T12:00:10Z (cancelled)
        pending                 revoke since 2026-11-23T11:59:30Z
          next try              2026-11-23T12:00:30Z
        reported missing since  2026-11-23T11:59:40Z
        unconfirmed identities  1
        record expires          -
        ");
        assert_snapshot!(to_json(&user), @r#"
        {
          "subject": "alice",
          "hasRecord": true,
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

    /// An unknown user has the row `record none`.
    #[test]
    fn prints_an_unknown_user() {
        assert_snapshot!(unknown_user(), @"
        subject                 alice
        record                  none
        identity                -
        cutoff                  -
        global cutoff           -
        suspended               no
        lease                   -
        pending                 -
        reported missing since  -
        unconfirmed identities  0
        record expires          -
        ");
        assert_eq!(unknown_user().exit(), Exit::Done);
    }
}
