//! What `DynamoStore` asks for although no local server would show the difference.

use std::time::Duration;

use acs_broker_core::{EpochSeconds, RecordKey, UniqueId, UserStore};
use acs_broker_store_dynamodb::DynamoStore;
use identity_client::{Deadline, Timestamp};
use serde_json::{Value, json};

use crate::dynamo::store_at;
use crate::endpoint::{Endpoint, Reply};

const ALICE: &str = "user https://idp.example alice";

/// A stale read would give a revoked session a token.
#[tokio::test]
async fn read_is_consistent() {
    let (endpoint, table) = table([json!({})]).await;
    table.read(&alice(), &soon()).await.unwrap();
    assert_eq!(request(&endpoint, 0)["ConsistentRead"], json!(true));
}

/// A snapshot is strongly consistent and one request.
#[tokio::test]
async fn snapshot_is_one_consistent_read() {
    let (endpoint, table) = table([json!({"Responses": {"users": []}})]).await;
    table.read_snapshot(&alice(), &soon()).await.unwrap();
    let keys = json!([{"id": {"S": ALICE}}, {"id": {"S": "everybody"}}]);
    let asked = json!({"users": {"Keys": keys, "ConsistentRead": true}});
    assert_eq!(request(&endpoint, 0)["RequestItems"], asked);
}

/// Rows that DynamoDB leaves out are not taken for missing.
#[tokio::test]
async fn unprocessed_keys_are_read_again() {
    let (endpoint, table) = table([
        json!({"Responses": {"users": [row(ALICE, 9)]}, "UnprocessedKeys": left(&["everybody"])}),
        json!({"Responses": {}, "UnprocessedKeys": left(&["everybody"])}),
        json!({"Responses": {"users": [row("everybody", 5)]}, "UnprocessedKeys": {}}),
    ])
    .await;
    let snapshot = table.read_snapshot(&alice(), &soon()).await.unwrap();
    assert_eq!(snapshot.stored.revision, Some(UniqueId::from_bits(1)));
    assert_eq!(snapshot.stored.record.sessions_valid_after, Some(EpochSeconds(9)));
    assert_eq!(snapshot.global_cutoff, Some(EpochSeconds(5)));
    for again in [1, 2] {
        let keys = json!([{"id": {"S": "everybody"}}]);
        let asked = json!({"users": {"Keys": keys, "ConsistentRead": true}});
        assert_eq!(request(&endpoint, again)["RequestItems"], asked);
    }
}

/// A table that leaves rows out until the deadline is over its capacity.
#[tokio::test]
async fn endless_unprocessed_keys_throttle() {
    let nothing = json!({"Responses": {}, "UnprocessedKeys": left(&[ALICE, "everybody"])});
    let (endpoint, table) = table(vec![nothing; 9]).await;
    let deadline = Deadline::new(Timestamp::UNIX_EPOCH, Duration::from_secs(3));
    let error = table.read_snapshot(&alice(), &deadline).await.unwrap_err();
    assert!(error.is_throttled() && error.is_transient(), "{error:?}");
    assert!(endpoint.left() > 0, "asked without a pause");
}

/// An unreadable global cutoff is not taken for none.
#[tokio::test]
async fn unreadable_global_cutoff_is_an_error() {
    let unreadable = json!({"id": {"S": "everybody"}, "sessions_valid_after": {"S": "soon"}});
    let (_endpoint, table) = table([json!({"Responses": {"users": [unreadable]}})]).await;
    let error = table.read_snapshot(&alice(), &soon()).await.unwrap_err();
    assert!(error.is_corrupt(), "{error:?}");
}

/// A stale scan overlooks a user who has just got an identity.
#[tokio::test]
async fn scan_is_consistent() {
    let (endpoint, table) = table([json!({"Items": []})]).await;
    table.list(None, 7, &soon()).await.unwrap();
    let request = request(&endpoint, 0);
    assert_eq!((&request["ConsistentRead"], &request["Limit"]), (&json!(true), &json!(7)));
}

/// A scan goes on where a page ends at a key of a newer version.
#[tokio::test]
async fn scan_continues_after_newer_key() {
    let newer = json!({"id": {"S": "tenant 7"}});
    let bob = "user https://idp.example bob";
    let (endpoint, table) = table([
        json!({"Items": [row(ALICE, 1), newer], "LastEvaluatedKey": newer}),
        json!({"Items": [row(bob, 2)], "LastEvaluatedKey": {"id": {"S": bob}}}),
    ])
    .await;
    let page = table.list(None, 2, &soon()).await.unwrap();
    let keys: Vec<_> = page.records.iter().map(|(key, _)| key.to_text()).collect();
    assert_eq!(keys, [ALICE, bob]);
    assert_eq!(page.next, bob.parse().ok());
    let second = request(&endpoint, 1);
    assert_eq!((&second["ExclusiveStartKey"], &second["Limit"]), (&newer, &json!(1)));
}

/// A scan that passed over an unreadable row in silence would leave its tokens alive; one that ended
/// there would leave those of the users behind it.
#[tokio::test]
async fn scan_names_unreadable_row() {
    let unreadable = json!({"id": {"S": ALICE}, "pending": {"S": "merge"}});
    let bob = "user https://idp.example bob";
    let (_endpoint, table) = table([json!({"Items": [unreadable, row(bob, 2)]})]).await;
    let page = table.list(None, 7, &soon()).await.unwrap();
    let keys: Vec<_> = page.records.iter().map(|(key, _)| key.to_text()).collect();
    assert_eq!(keys, [bob]);
    let [row] = page.unreadable.as_slice() else { panic!("{page:?}") };
    assert_eq!(
        (row.key.to_text().as_str(), row.why.as_str()),
        (ALICE, "pending: must be revoke or delete")
    );
}

async fn table(answers: impl IntoIterator<Item = Value>) -> (Endpoint, DynamoStore) {
    let replies = answers.into_iter().map(|answer| Reply::Answer(200, answer.to_string()));
    let endpoint = Endpoint::scripted(replies).await;
    let table = store_at(&endpoint.url);
    (endpoint, table)
}

fn request(endpoint: &Endpoint, number: usize) -> Value {
    serde_json::from_str(endpoint.requests().get(number).unwrap()).unwrap()
}

fn row(id: &str, cutoff: i64) -> Value {
    json!({
        "id": {"S": id},
        "revision": {"S": "1"},
        "sessions_valid_after": {"N": cutoff.to_string()},
    })
}

fn left(ids: &[&str]) -> Value {
    let keys: Vec<_> = ids.iter().map(|id| json!({"id": {"S": id}})).collect();
    json!({"users": {"Keys": keys, "ConsistentRead": true}})
}

fn alice() -> RecordKey {
    ALICE.parse().unwrap()
}

fn soon() -> Deadline {
    Deadline::new(Timestamp::UNIX_EPOCH, Duration::from_secs(30))
}
