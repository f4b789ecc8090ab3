//! Tests of the report of `acs-broker revoke-all`.

use super::*;

/// Both forms of a report of an interrupted run with a failure.
#[test]
fn prints_counts_and_failures() {
    let failed = FailedUser {
        issuer: "https://idp.example".to_owned(),
        subject: "bob".to_owned(),
        why: "the credential was not accepted".to_owned(),
    };
    let report = RevokeAllReport {
        again: "acs-broker --local revoke-all --resume".to_owned(),
        sessions_valid_after: now(),
        resumed: false,
        revoked: 3,
        already_revoked: 1,
        deferred: 0,
        not_tried: 2,
        failed: vec![failed],
        unreadable: vec![],
        outcomes: vec![Outcome::Done, Outcome::NotTried],
    };
    assert_snapshot!(report, @"
    global cutoff          2026-11-23T12:00:00Z
    revoked                3
    already revoked        1
    deferred to the sweep  0
    not tried              2
    failed                 1

    Interrupted. Continue with: acs-broker --local revoke-all --resume

    FAILED  WHY
    bob     the credential was not accepted
    ");
    assert_snapshot!(to_json(&report), @r#"
    {
      "sessionsValidAfter": "2026-11-23T12:00:00Z",
      "resumed": false,
      "revoked": 3,
      "alreadyRevoked": 1,
      "deferred": 0,
      "notTried": 2,
      "failed": [
        {
          "issuer": "https://idp.example",
          "subject": "bob",
          "why": "the credential was not accepted"
        }
      ]
    }
    "#);
    assert_eq!(report.exit(), Exit::Partial);
}
