//! What `DynamoTable` asks for although no local server would show the difference.

use std::time::Duration;

use identity_client::{Deadline, Timestamp};
use serde_json::Value;
use user_table::{DynamoTable, UserTable};

use crate::dynamo::client_at;
use crate::endpoint::{Endpoint, Reply};

#[tokio::test]
async fn a_read_is_strongly_consistent_or_a_revoked_session_gets_a_token() {
    let endpoint = Endpoint::scripted([Reply::Answer(200, "{}".to_owned())]).await;
    let table = DynamoTable::new(client_at(&endpoint.url), "users");
    let key = "user https://idp.example alice".parse().unwrap();
    let soon = Deadline::new(Timestamp::UNIX_EPOCH, Duration::from_secs(30));
    table.read(&key, &soon).await.unwrap();

    let request: Value = serde_json::from_str(&endpoint.request()).unwrap();
    assert_eq!(request.get("ConsistentRead"), Some(&Value::Bool(true)), "{request}");
}
