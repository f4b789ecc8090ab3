//! Tests of two imports at once.

use super::*;

/// The rows that have the identity of `lines`, by name.
fn owners_of(harness: &Harness, names: &[&str]) -> Vec<String> {
    let has = |name: &&&str| harness.record(name).bound().is_some();
    names.iter().filter(has).map(|name| (*name).to_owned()).collect()
}

/// A free identity as two files have it, each for another user.
async fn two_files() -> (Harness, Vec<String>, Vec<String>) {
    let harness = Harness::new();
    harness.users(&["left"]).await;
    let left = exported(&harness);
    let right = left.iter().map(|line| line.replace("\"left\"", "\"right\"")).collect();
    (harness.beside(), left, right)
}

fn import_into<'a>(
    harness: &'a Harness,
    ids: &'a (dyn Fn() -> UniqueId + Sync),
) -> Import<'a, SharedStore> {
    let Harness { records, broker, client: acs, .. } = harness;
    Import { records, broker, acs, ids, rules: FAIL, issuer: None, dry_run: false }
}

async fn owners_now(harness: &Harness) -> Owners {
    Owners::read(&harness.records).await.unwrap()
}

/// The second of two imports sees what the first has written meanwhile, and takes its row back:
/// otherwise one user could read and delete the other's chats.
#[tokio::test(start_paused = true)]
async fn later_one_takes_its_row_back() {
    let (harness, left, right) = two_files().await;
    let ids = UniqueId::counted_from([1; 16]);
    let import = import_into(&harness, &ids);
    let [first, second] = [owners_now(&harness).await, owners_now(&harness).await];
    assert_eq!(lines_of(&import, &left, first).await, [LineOutcome::Created]);
    let outcomes = lines_of(&import, &right, second).await;
    let [LineOutcome::TakenBack { was, why }] = outcomes.as_slice() else { panic!("{outcomes:?}") };
    assert_eq!(**was, LineOutcome::Created);
    assert!(why.contains("another row got it at the same time"), "{why}");
    assert_eq!(owners_of(&harness, &["left", "right"]), ["left"]);
    assert!(!harness.issue("left", -5).await.unwrap().created());
    assert!(harness.issue("right", -5).await.unwrap().created(), "an identity of their own");
}

/// Two imports at the same moment never end with one identity for two users.
#[tokio::test(start_paused = true)]
async fn simultaneous_ones_share_nothing() {
    let (harness, left, right) = two_files().await;
    let ids = UniqueId::counted_from([1; 16]);
    let import = import_into(&harness, &ids);
    let [first, second] = [owners_now(&harness).await, owners_now(&harness).await];
    let (one, other) =
        tokio::join!(lines_of(&import, &left, first), lines_of(&import, &right, second));
    let owners = owners_of(&harness, &["left", "right"]);
    assert!(owners.len() < 2, "{owners:?}");
    let created = [&one, &other].into_iter().flatten().filter(|o| **o == LineOutcome::Created);
    assert_eq!(created.count(), owners.len(), "{one:?} {other:?}");
    if owners.is_empty() {
        assert_eq!(
            lines_of(&import, &left, owners_now(&harness).await).await,
            [LineOutcome::Created]
        );
    }
}
