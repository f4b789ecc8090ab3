//! Tests of imports into a table.

use std::collections::BTreeMap;
use std::future::{pending, ready};

use acs_broker_core::{BrokerError, Issuer, Record, RecordKey, UniqueId};

use super::carry::{self, IssuerChange};
use super::decide::{OnConflict, Rules};
use super::entries::Entries;
use super::entry::Entry;
use super::line::{ImportedLine, LineOutcome};
use super::owners::Owners;
use super::run::Import;
use crate::progress::Progress;
use crate::testing::{Harness, SharedStore, now, second, subject};
use crate::user_file::record_line::RecordLine;

mod force;
mod issuer;
mod shared;

const FAIL: Rules = Rules { on_conflict: OnConflict::Fail, force: false };

fn new_issuer() -> Issuer {
    "https://new.example".parse().unwrap()
}

fn change(harness: &Harness) -> IssuerChange {
    IssuerChange { old: harness.records.issuer.clone(), new: new_issuer() }
}

/// The rows of a stack as an export has them.
fn exported(harness: &Harness) -> Vec<String> {
    let rows = harness.rows();
    rows.iter()
        .map(|(key, record)| serde_json::to_string(&RecordLine::of(key, record)).unwrap())
        .collect()
}

fn entries(lines: &[String]) -> Entries<'static> {
    let ids = UniqueId::from_bits(77);
    let entries: Vec<_> = (2..)
        .zip(lines)
        .map(|(line, text)| {
            let row = RecordLine::parse(text.as_bytes()).and_then(|line| line.into_row(ids));
            Entry { line, content: row.map_err(|error| error.to_string()) }
        })
        .collect();
    let total = u64::try_from(entries.len()).unwrap();
    Entries { total, users: Box::new(entries.into_iter()), notice: None, origin: String::new() }
}

struct Options<'a> {
    rules: Rules,
    issuer: Option<&'a IssuerChange>,
    dry_run: bool,
}

async fn import(harness: &Harness, lines: &[String], options: Options<'_>) -> Vec<LineOutcome> {
    let ids = UniqueId::counted_from([1; 16]);
    let Options { rules, issuer, dry_run } = options;
    let (records, broker, acs) = (&harness.records, &harness.broker, &harness.client);
    let import = Import { records, broker, acs, ids: &ids, rules, issuer, dry_run };
    let owners = Owners::read(&harness.records).await.unwrap();
    lines_of(&import, lines, owners).await
}

async fn lines_of(
    import: &Import<'_, SharedStore>,
    lines: &[String],
    owners: Owners,
) -> Vec<LineOutcome> {
    let mut outcomes = BTreeMap::new();
    let meter = Progress::HIDDEN.meter(None);
    let note = |ImportedLine { line, outcome }| drop(outcomes.insert(line, outcome));
    import.run(entries(lines), owners, &meter, pending(), note).await.unwrap();
    outcomes.into_values().collect()
}

fn plainly() -> Options<'static> {
    Options { rules: FAIL, issuer: None, dry_run: false }
}

fn user(issuer: &Issuer, name: &str) -> RecordKey {
    RecordKey::user(issuer.clone(), subject(name))
}

fn row(harness: &Harness, key: &RecordKey) -> Record {
    let mut rows = harness.rows().into_iter();
    rows.find(|(of, _)| of == key).map(|(_, record)| record).unwrap_or_default()
}

mod rows {
    use super::*;

    /// A table that was lost comes back from an export, bans and cutoffs included.
    #[tokio::test(start_paused = true)]
    async fn come_back_into_an_empty_table() {
        let harness = Harness::new();
        harness.users(&["alice", "bob", "carol"]).await;
        harness.revoke("bob", false).await;
        let (lines, before) = (exported(&harness), harness.rows());
        let harness = harness.beside();
        let created = import(&harness, &lines, plainly()).await;
        assert_eq!(created, vec![LineOutcome::Created; 3]);
        assert_eq!(harness.rows(), before);
        let again = import(&harness, &lines, plainly()).await;
        assert_eq!(again, vec![LineOutcome::Equal; 3], "a second run changes nothing");
        assert_eq!(harness.rows(), before);
        let refused = harness.issue("bob", -5).await;
        assert!(matches!(refused, Err(BrokerError::SignInAgain)), "{refused:?}");
        assert!(!harness.issue("alice", -5).await.unwrap().created());
    }

    /// A dry run tells what would happen, and writes nothing.
    #[tokio::test(start_paused = true)]
    async fn stay_as_they_are_in_a_dry_run() {
        let harness = Harness::new();
        harness.users(&["alice"]).await;
        let lines = exported(&harness);
        let harness = harness.beside();
        let options = Options { dry_run: true, ..plainly() };
        assert_eq!(import(&harness, &lines, options).await, [LineOutcome::Created]);
        assert!(harness.rows().is_empty());
    }

    /// Tokens of another resource's identity would be refused for ever: the import refuses first.
    #[tokio::test(start_paused = true)]
    async fn of_another_resource_are_refused() {
        let harness = Harness::new();
        harness.users(&["alice"]).await;
        let foreign = "8:acs:11111111-2222-4333-8444-555555555555_0-0";
        let own = harness.rows()[0].1.bound().unwrap().id.to_string();
        let lines: Vec<_> =
            exported(&harness).iter().map(|line| line.replace(&own, foreign)).collect();
        let harness = harness.beside();
        let refused = import(&harness, &lines, plainly()).await;
        let rule = "identity: is of another ACS resource".to_owned();
        assert_eq!(refused, [LineOutcome::Refused(rule)]);
        assert!(harness.rows().is_empty());
    }

    /// An identity with two users would be deleted under one of them by the other.
    #[tokio::test(start_paused = true)]
    async fn share_no_identity() {
        let harness = Harness::new();
        harness.users(&["alice"]).await;
        let line = exported(&harness).remove(0);
        let bob = line.replace("\"alice\"", "\"bob\"");
        let outcomes = import(&harness, &[line.clone(), bob.clone()], plainly()).await;
        assert_eq!(outcomes[0], LineOutcome::Equal);
        assert!(matches!(&outcomes[1], LineOutcome::Refused(why) if why.contains("another row")));
        let harness = harness.beside();
        let outcomes = import(&harness, &[bob, line], plainly()).await;
        assert_eq!(outcomes[0], LineOutcome::Created, "within one file the first counts");
        assert!(matches!(&outcomes[1], LineOutcome::Refused(_)));
    }

    /// A cutoff of the year 9999 would keep every user out for good.
    #[tokio::test(start_paused = true)]
    async fn cutoff_in_the_future_is_refused() {
        let harness = Harness::new();
        for force in [false, true] {
            let line = |kind: &str, seconds| {
                let cutoff = second(seconds);
                format!(r#"{{"type":{kind},"sessionsValidAfter":"{cutoff}"}}"#)
            };
            let alice = r#""user","issuer":"https://idp.example","subject":"alice""#;
            let lines = [line(r#""allUsers""#, 301), line(alice, 301), line(alice, 300)];
            let options = Options { rules: Rules { force, ..FAIL }, ..plainly() };
            let outcomes = import(&harness, &lines, options).await;
            for refused in &outcomes[..2] {
                assert!(matches!(refused, LineOutcome::Refused(why) if why.contains("ahead")));
            }
            assert!(!matches!(outcomes[2], LineOutcome::Refused(_)), "{outcomes:?}");
        }
    }

    /// An interruption leaves lines that were not begun, and the next run does them.
    #[tokio::test(start_paused = true)]
    async fn interrupted_import_goes_on() {
        let harness = Harness::new();
        harness.users(&["alice", "bob"]).await;
        let lines = exported(&harness);
        let harness = harness.beside();
        let owners = Owners::read(&harness.records).await.unwrap();
        let (records, broker, acs) = (&harness.records, &harness.broker, &harness.client);
        let ids = || UniqueId::from_bits(5);
        let import_all =
            Import { records, broker, acs, ids: &ids, rules: FAIL, issuer: None, dry_run: false };
        let meter = Progress::HIDDEN.meter(None);
        let never = |line: ImportedLine| panic!("{line:?}");
        import_all.run(entries(&lines), owners, &meter, ready(()), never).await.unwrap();
        assert_eq!(import(&harness, &lines, plainly()).await, vec![LineOutcome::Created; 2]);
    }
}
