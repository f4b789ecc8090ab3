//! What `DynamoTable` asks for although no local server would show the difference.

use std::time::Duration;

use acs_broker_store_dynamodb::{DynamoTable, EpochSeconds, Nonce, RecordKey, UserTable};
use identity_client::{Deadline, Timestamp};
use serde_json::{Value, json};

use crate::dynamo::client_at;
use crate::endpoint::{Endpoint, Reply};

const ALICE: &str = "user https://idp.example alice";

#[tokio::test]
async fn a_read_is_strongly_consistent_or_a_revoked_session_gets_a_token() {
    let (endpoint, table) = table([json!({})]).await;
    table.read(&alice(), &soon()).await.unwrap();
    assert_eq!(request(&endpoint, 0)["ConsistentRead"], json!(true));
}

#[tokio::test]
async fn a_read_with_everybody_is_strongly_consistent_and_one_request() {
    let (endpoint, table) = table([json!({"Responses": {"users": []}})]).await;
    table.read_with_everybody(&alice(), &soon()).await.unwrap();
    let keys = json!([{"id": {"S": ALICE}}, {"id": {"S": "everybody"}}]);
    let asked = json!({"users": {"Keys": keys, "ConsistentRead": true}});
    assert_eq!(request(&endpoint, 0)["RequestItems"], asked);
}

#[tokio::test]
async fn rows_that_dynamodb_leaves_out_are_asked_for_again_and_not_taken_for_missing() {
    let (endpoint, table) = table([
        json!({"Responses": {"users": [row(ALICE, 9)]}, "UnprocessedKeys": left(&["everybody"])}),
        json!({"Responses": {}, "UnprocessedKeys": left(&["everybody"])}),
        json!({"Responses": {"users": [row("everybody", 5)]}, "UnprocessedKeys": {}}),
    ])
    .await;
    let standing = table.read_with_everybody(&alice(), &soon()).await.unwrap();
    assert_eq!(standing.stored.revision, Some(Nonce::from_bits(1)));
    assert_eq!(standing.stored.record.sign_in_not_before, Some(EpochSeconds(9)));
    assert_eq!(standing.everybody, Some(EpochSeconds(5)));
    for again in [1, 2] {
        let keys = json!([{"id": {"S": "everybody"}}]);
        let asked = json!({"users": {"Keys": keys, "ConsistentRead": true}});
        assert_eq!(request(&endpoint, again)["RequestItems"], asked);
    }
}

#[tokio::test]
async fn a_table_that_leaves_rows_out_until_the_deadline_is_over_its_capacity() {
    let nothing = json!({"Responses": {}, "UnprocessedKeys": left(&[ALICE, "everybody"])});
    let (endpoint, table) = table(vec![nothing; 9]).await;
    let deadline = Deadline::new(Timestamp::UNIX_EPOCH, Duration::from_secs(3));
    let error = table.read_with_everybody(&alice(), &deadline).await.unwrap_err();
    assert!(error.is_throttled() && error.is_transient(), "{error:?}");
    assert!(endpoint.left() > 0, "asked without a pause");
}

#[tokio::test]
async fn a_row_of_everybodys_that_cannot_be_read_is_not_taken_for_none() {
    let unreadable = json!({"id": {"S": "everybody"}, "sign_in_not_before": {"S": "soon"}});
    let (_endpoint, table) = table([json!({"Responses": {"users": [unreadable]}})]).await;
    let error = table.read_with_everybody(&alice(), &soon()).await.unwrap_err();
    assert!(error.is_corrupt(), "{error:?}");
}

#[tokio::test]
async fn a_walk_is_strongly_consistent_or_it_overlooks_a_user_who_has_just_got_an_identity() {
    let (endpoint, table) = table([json!({"Items": []})]).await;
    table.list(None, 7, &soon()).await.unwrap();
    let request = request(&endpoint, 0);
    assert_eq!((&request["ConsistentRead"], &request["Limit"]), (&json!(true), &json!(7)));
}

#[tokio::test]
async fn a_walk_goes_on_where_a_page_ends_at_a_key_of_a_newer_version() {
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

#[tokio::test]
async fn a_walk_does_not_pass_over_a_row_that_cannot_be_read() {
    let unreadable = json!({"id": {"S": ALICE}, "pending": {"S": "merge"}});
    let (_endpoint, table) = table([json!({"Items": [unreadable]})]).await;
    let error = table.list(None, 7, &soon()).await.unwrap_err();
    assert!(error.is_corrupt(), "{error:?}");
}

async fn table(answers: impl IntoIterator<Item = Value>) -> (Endpoint, DynamoTable) {
    let replies = answers.into_iter().map(|answer| Reply::Answer(200, answer.to_string()));
    let endpoint = Endpoint::scripted(replies).await;
    let table = DynamoTable::new(client_at(&endpoint.url), "users");
    (endpoint, table)
}

fn request(endpoint: &Endpoint, number: usize) -> Value {
    serde_json::from_str(endpoint.requests().get(number).unwrap()).unwrap()
}

fn row(id: &str, watermark: i64) -> Value {
    json!({
        "id": {"S": id},
        "revision": {"S": "1"},
        "sign_in_not_before": {"N": watermark.to_string()},
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
