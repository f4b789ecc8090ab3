//! Tests of the list of users.

use acs_broker_core::Operation;
use insta::assert_snapshot;

use super::*;
use crate::outcome::Outcome;
use crate::testing::{Harness, now, second, subject};

async fn three_users() -> Harness {
    let harness = Harness::new();
    harness.users(&["alice", "bob", "carol"]).await;
    for (name, operation) in [("bob", Operation::Suspend), ("carol", Operation::Delete)] {
        let key = harness.records.key(&subject(name));
        let outcome =
            crate::operation::execute(operation, &key, &harness.broker, &harness.records).await;
        assert_eq!(outcome, Outcome::Done);
    }
    harness
}

/// An operator sees who is in which state, and finds users by a part of their name.
#[tokio::test(start_paused = true)]
async fn filters_by_state_and_text() {
    let harness = three_users().await;
    for (state, search, expected) in [
        (vec![], None, vec!["alice", "bob", "carol"]),
        (vec![UserState::Suspended], None, vec!["bob"]),
        (vec![UserState::Active, UserState::Deleted], None, vec!["alice", "carol"]),
        (vec![], Some("O"), vec!["bob", "carol"]),
        (vec![UserState::Active], Some("8:ACS:"), vec!["alice"]),
        (vec![UserState::Creating], None, vec![]),
    ] {
        let search = search.map(str::to_owned);
        let args = ListArgs { state, search, limit: None, wide: false };
        let report = args.find(&harness.records).await.unwrap();
        let found: Vec<_> = report.users.iter().map(|user| user.subject.as_str()).collect();
        assert_eq!(found, expected, "{args:?}");
    }
}

/// A row of a newer version does not hide the other users, and a script notices it.
#[tokio::test(start_paused = true)]
async fn unreadable_row_is_named() {
    let harness = three_users().await;
    harness.make_unreadable("bob");
    let args = ListArgs { state: vec![], search: None, limit: None, wide: false };
    let report = args.find(&harness.records).await.unwrap();
    assert_eq!((report.count(), report.exit()), (2, Exit::Partial));
    assert!(report.to_string().contains("user https://idp.example bob"), "{report}");
    let mut json = Vec::new();
    report.write_json(&mut json).unwrap();
    let json = String::from_utf8(json).unwrap();
    assert_eq!(json.lines().count(), 3, "{json}");
    assert!(json.lines().last().unwrap().contains("revision: must be text"), "{json}");
}

fn alice() -> User {
    User {
        subject: "alice".to_owned(),
        issuer: "https://idp.example".to_owned(),
        state: UserState::RevocationPending,
        identity: Some("8:acs:a_00000000-1111-2222-3333-444444444444".to_owned()),
        sessions_valid_after: Some(second(0)),
    }
}

fn report(users: Vec<User>) -> ListReport {
    ListReport { total: users.len(), users, unreadable: vec![], is_wide: false, now: now() }
}

/// A line fits a terminal; with `--wide` nothing is shortened.
#[test]
fn prints_narrow_and_wide_tables() {
    let mut report = report(vec![alice()]);
    assert_snapshot!(report, @"
    SUBJECT  STATE               IDENTITY             CUTOFF
    alice    revocation pending  8:acs:…444444444444  now, 2026-11-23T12:00:00Z

    1 user
    ");
    (report.is_wide, report.total) = (true, 3);
    assert_snapshot!(report, @"
    SUBJECT  STATE               IDENTITY                                      CUTOFF                     ISSUER
    alice    revocation pending  8:acs:a_00000000-1111-2222-3333-444444444444  now, 2026-11-23T12:00:00Z  https://idp.example

    1 of 3 users
    ");
}

/// A script reads users line by line, however many there are.
#[test]
fn prints_a_document_a_line() {
    let mut output = Vec::new();
    report(vec![alice(), alice()]).write_json(&mut output).unwrap();
    let line = r#"{"subject":"alice","issuer":"https://idp.example","state":"revocation-pending","identity":"8:acs:a_00000000-1111-2222-3333-444444444444","sessionsValidAfter":"2026-11-23T12:00:00Z"}"#;
    assert_eq!(String::from_utf8(output).unwrap(), format!("{line}\n{line}\n"));
}

/// A limit leaves users out, and the last line says how many.
#[tokio::test(start_paused = true)]
async fn limit_counts_what_it_leaves_out() {
    let harness = three_users().await;
    let limit = NonZeroUsize::new(2);
    let args = ListArgs { state: vec![], search: None, limit, wide: false };
    let text = args.find(&harness.records).await.unwrap().to_string();
    assert!(text.contains("alice") && text.contains("bob"), "{text}");
    assert!(!text.contains("carol") && text.ends_with("\n2 of 3 users\n"), "{text}");
}

/// An identity of another form is shown as it is.
#[test]
fn short_identity_stays_whole() {
    for identity in ["8:acs:a_b", "", "é", "8:acs:345678901234"] {
        assert_eq!(shortened(identity), identity);
    }
}

/// On a terminal the state has its colour, and a user who is called like a state has not.
#[test]
fn state_is_coloured() {
    let user = User {
        subject: "active".to_owned(),
        issuer: "https://idp.example".to_owned(),
        state: UserState::Active,
        identity: None,
        sessions_valid_after: None,
    };
    let report = report(vec![user]);
    assert_eq!(report.painted(Paint::PLAIN), report.to_string());
    let painted = report.painted(Paint::COLOURED);
    assert!(painted.contains("\nactive   \u{1b}[32mactive\u{1b}[0m"), "{painted:?}");
}

/// An empty result is a sentence, not an empty table.
#[test]
fn empty_is_a_sentence() {
    assert_snapshot!(report(vec![]), @"No such users.");
}
