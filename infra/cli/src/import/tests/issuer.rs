//! Imports that carry users over to another issuer.

use super::*;

fn carried(change: &IssuerChange) -> Options<'_> {
    Options { issuer: Some(change), ..plainly() }
}

/// A user keeps the identity under the new name, and the old name gets nothing any more.
#[tokio::test(start_paused = true)]
async fn change_carries_users_over() {
    let harness = Harness::new();
    let issued = harness.users(&["alice"]).await.remove(0);
    let (lines, change) = (exported(&harness), change(&harness));
    let outcomes = import(&harness, &lines, carried(&change)).await;
    assert_eq!(outcomes, [LineOutcome::CarriedOver]);
    assert!(!harness.is_alive(&issued), "tokens of the old name's sessions are dead");
    for seconds in [-5, 5] {
        let refused = harness.issue("alice", seconds).await;
        assert!(matches!(refused, Err(BrokerError::UserSuspended)), "{refused:?}");
    }
    let new = row(&harness, &user(&new_issuer(), "alice"));
    assert_eq!(new.bound().unwrap().id, issued.token.identity);
    let old = row(&harness, &user(&harness.records.issuer, "alice"));
    assert_eq!((old.bound(), old.expires_at), (None, None), "it refuses for good");

    let before = harness.rows();
    let again = import(&harness, &lines, carried(&change)).await;
    assert_eq!(again, [LineOutcome::Equal]);
    assert_eq!(harness.rows(), before);
}

/// At no moment do two rows have one identity, wherever the import dies; the next one goes on.
#[tokio::test(start_paused = true)]
async fn change_survives_a_crash() {
    let harness = Harness::new();
    let issued = harness.users(&["alice"]).await.remove(0);
    let (lines, change) = (exported(&harness), change(&harness));
    let old = user(&harness.records.issuer, "alice");
    // The process dies after its first write.
    let left = carry::left_behind(&row(&harness, &old), now());
    harness.put(&old, &left).await;
    let outcomes = import(&harness, &lines, carried(&change)).await;
    assert_eq!(outcomes, [LineOutcome::CarriedOver]);
    let rows = harness.rows();
    let owners = rows.iter().filter(|(_, record)| record.bound().is_some());
    assert_eq!(
        owners.map(|(key, _)| key.clone()).collect::<Vec<_>>(),
        [user(&new_issuer(), "alice")]
    );
    assert!(!harness.is_alive(&issued));
}

/// Without ACS the revocation is recorded with the identity, and the sweep completes it.
#[tokio::test(start_paused = true)]
async fn change_outlasts_an_outage_of_acs() {
    let harness = Harness::new();
    let issued = harness.users(&["alice"]).await.remove(0);
    let (lines, change) = (exported(&harness), change(&harness));
    harness.refuse(&issued, 503);
    let outcomes = import(&harness, &lines, carried(&change)).await;
    assert_eq!(outcomes, [LineOutcome::CarriedOver]);
    assert!(row(&harness, &user(&new_issuer(), "alice")).pending().is_some());
    let again = import(&harness, &lines, carried(&change)).await;
    assert_eq!(again, [LineOutcome::Equal]);
}

/// Somebody who was revoked or banned since the export is not carried over as they were.
#[tokio::test(start_paused = true)]
async fn change_refuses_a_stale_export() {
    let harness = Harness::new();
    harness.users(&["alice"]).await;
    let (lines, change) = (exported(&harness), change(&harness));
    harness.revoke("alice", false).await;
    let before = harness.rows();
    let outcomes = import(&harness, &lines, carried(&change)).await;
    assert!(matches!(&outcomes[0], LineOutcome::Conflict(why) if why.contains("export again")));
    assert_eq!(harness.rows(), before);
}

/// A user who has an identity under the new name keeps both, and the operator learns of it.
#[tokio::test(start_paused = true)]
async fn change_overwrites_nobody() {
    let harness = Harness::new();
    harness.users(&["alice"]).await;
    let (lines, change) = (exported(&harness), change(&harness));
    let other = lines[0].replace("https://idp.example", "https://new.example");
    let own = harness.rows()[0].1.bound().unwrap().id.to_string();
    let other = other.replace(&own[own.len() - 4..], "ffff");
    assert_eq!(import(&harness, &[other], plainly()).await, [LineOutcome::Created]);
    let before = harness.rows();
    let outcomes = import(&harness, &lines, carried(&change)).await;
    assert!(
        matches!(&outcomes[0], LineOutcome::Conflict(why) if why.contains("another identity")),
        "{outcomes:?}"
    );
    assert_eq!(harness.rows(), before);
}

/// The option names two issuers, and says which of them is wrong.
#[test]
fn change_is_parsed_with_its_rule() {
    let change = carry::parse("https://a.example=https://b.example").unwrap();
    assert_eq!(
        (change.old.as_str(), change.new.as_str()),
        ("https://a.example", "https://b.example")
    );
    for (text, rule) in [
        ("https://a.example", "has no =: write OLD=NEW"),
        ("https://a.example=", "the new issuer: must be"),
        ("a b=https://b.example", "the old issuer: must be"),
        ("https://a.example=https://a.example", "are the same"),
    ] {
        let error = carry::parse(text).unwrap_err();
        assert!(error.contains(rule), "{text}: {error}");
    }
}
