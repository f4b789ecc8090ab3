mod dead_letters;
mod everybody;

use acs_broker_store_dynamodb::InvalidKey;
use identity_client::Timestamp;
use serde_json::json;

use super::*;
use crate::commands::dead_letters::{Listing, Replay};
use crate::commands::orphans::{Astray, Orphan, PossiblyLost};
use crate::commands::show::{Identity, Lease, Pending, Suspension, UserState};
use crate::commands::users::{Action, Done, Effect, UserDone, UserPlan};
use crate::outcome::Outcome;
use crate::testing::now;

/// Both faces of a report, compared with what people and scripts rely on.
fn assert_prints(report: &impl Report, text: &str, document: &serde_json::Value) {
    assert_eq!(report.to_string(), text, "\n{report}");
    assert_eq!(serde_json::to_value(report).unwrap(), *document);
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(now().as_second() + second).unwrap()
}

#[test]
fn a_user_in_full() {
    let state = UserState {
        subject: "alice".to_owned(),
        has_record: true,
        identity: Some(Identity { id: "8:acs:a_b".to_owned(), sign_in: second(-60) }),
        watermark: Some(second(-30)),
        everybody_watermark: Some(second(-90)),
        suspended: true,
        suspension: Some(Suspension { by: "provider", at: second(-30), lifted: false }),
        lease: Some(Lease { until: second(10), sign_in: second(0), void: true }),
        pending: Some(Pending { work: "revoke", since: second(-30), retry_at: second(30) }),
        doubted_since: Some(second(-20)),
        possibly_lost: 1,
        expires_at: None,
    };
    let text = "\
subject                alice
identity               8:acs:a_b
  created for sign-in  2026-11-23T11:59:00Z
watermark              2026-11-23T11:59:30Z
everybody's watermark  2026-11-23T11:58:30Z
suspended              yes
  by                   provider at 2026-11-23T11:59:30Z
being created          until 2026-11-23T12:00:10Z, void
pending                revoke since 2026-11-23T11:59:30Z
  next try             2026-11-23T12:00:30Z
denied by ACS since    2026-11-23T11:59:40Z
possibly lost          1
record expires         -
";
    let document = json!({
        "subject": "alice",
        "hasRecord": true,
        "identity": {"id": "8:acs:a_b", "signIn": "2026-11-23T11:59:00Z"},
        "watermark": "2026-11-23T11:59:30Z",
        "everybodyWatermark": "2026-11-23T11:58:30Z",
        "suspended": true,
        "suspension": {"by": "provider", "at": "2026-11-23T11:59:30Z", "lifted": false},
        "lease": {"until": "2026-11-23T12:00:10Z", "signIn": "2026-11-23T12:00:00Z", "void": true},
        "pending": {
            "work": "revoke",
            "since": "2026-11-23T11:59:30Z",
            "retryAt": "2026-11-23T12:00:30Z",
        },
        "doubtedSince": "2026-11-23T11:59:40Z",
        "possiblyLost": 1,
        "expiresAt": null,
    });
    assert_prints(&state, text, &document);
}

#[test]
fn a_user_nobody_knows() {
    let state = UserState {
        subject: "alice".to_owned(),
        has_record: false,
        identity: None,
        watermark: None,
        everybody_watermark: None,
        suspended: false,
        suspension: None,
        lease: None,
        pending: None,
        doubted_since: None,
        possibly_lost: 0,
        expires_at: None,
    };
    assert!(state.to_string().contains("record                 none\n"), "{state}");
    assert_eq!(state.exit(), Exit::Done);
}

#[test]
fn what_came_of_an_order_for_each_user() {
    let user = |subject: &str, outcome| UserDone { subject: subject.to_owned(), outcome };
    let done = Done {
        action: Action::Revoke,
        users: vec![
            user("alice", Outcome::Done),
            user("bob", Outcome::LeftToSweep("too many requests".to_owned())),
            user("carol", Outcome::Failed("no answer".to_owned())),
            user("dave", Outcome::NotTried),
        ],
    };
    let text = "\
SUBJECT  RESULT
alice    revoked
bob      left to the sweep  too many requests
carol    failed             no answer
dave     not tried
";
    let document = json!({"action": "revoke", "users": [
        {"subject": "alice", "outcome": "done"},
        {"subject": "bob", "outcome": "leftToSweep", "why": "too many requests"},
        {"subject": "carol", "outcome": "failed", "why": "no answer"},
        {"subject": "dave", "outcome": "notTried"},
    ]});
    assert_prints(&done, text, &document);
    assert_eq!(done.exit(), Exit::Partly);
}

#[test]
fn what_an_order_would_do() {
    let plan = crate::commands::users::Plan {
        action: Action::Suspend,
        dry_run: true,
        users: vec![UserPlan {
            subject: "alice".to_owned(),
            identity: Some("8:acs:a_b".to_owned()),
            effects: vec![Effect::Suspends, Effect::EndsSessions, Effect::RevokesTokens],
        }],
    };
    let text = "\
SUBJECT  IDENTITY   WOULD
alice    8:acs:a_b  suspend; end sessions; withdraw tokens
";
    let document = json!({"action": "suspend", "dryRun": true, "users": [{
        "subject": "alice",
        "identity": "8:acs:a_b",
        "effects": ["suspends", "endsSessions", "revokesTokens"],
    }]});
    assert_prints(&plan, text, &document);
}

#[test]
fn identities_that_went_astray() {
    let orphan = Orphan {
        identity: "8:acs:a_b".to_owned(),
        since: Some(second(-60)),
        retry_at: Some(second(0)),
    };
    let lost = PossiblyLost {
        issuer: "https://idp.example".to_owned(),
        subject: "bob".to_owned(),
        count: 2,
    };
    let astray = Astray { orphans: vec![orphan], possibly_lost: vec![lost] };
    let text = "\
ORPHAN     SINCE                 NEXT TRY
8:acs:a_b  2026-11-23T11:59:00Z  2026-11-23T12:00:00Z

SUBJECT  ISSUER               POSSIBLY LOST
bob      https://idp.example  2
";
    let document = json!({
        "orphans": [{
            "identity": "8:acs:a_b",
            "since": "2026-11-23T11:59:00Z",
            "retryAt": "2026-11-23T12:00:00Z",
        }],
        "possiblyLost": [{"issuer": "https://idp.example", "subject": "bob", "count": 2}],
    });
    assert_prints(&astray, text, &document);
}

#[test]
fn nothing_to_tell_is_told() {
    let astray = Astray { orphans: vec![], possibly_lost: vec![] };
    assert!(astray.to_string().starts_with("No orphans"));
    assert_eq!(Listing { dead_letters: vec![] }.to_string(), "No dead letters.\n");
    let replay = Replay { dry_run: false, messages: vec![] };
    assert_eq!((replay.to_string().as_str(), replay.exit()), ("No dead letters.\n", Exit::Done));
}

#[test]
fn a_script_can_tell_its_own_mistakes_from_failures() {
    let line = Failure::Line { file: "users".into(), line: 3, source: InvalidKey::Subject };
    assert_eq!(
        failure_text(&line, true),
        r#"{"error":{"kind":"usage","message":"users, line 3: subject: must be 1 to 255 characters without control characters"}}"#
    );
    let text = failure_text(&Failure::Declined, true);
    assert!(text.starts_with(r#"{"error":{"kind":"failed","message":"#), "{text}");
    assert_eq!(
        failure_text(&Failure::Declined, false),
        "acs-broker: not confirmed; nothing was done"
    );
}
