//! The user table, read as the product reads it.
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test cannot go on without the table"
)]

use std::collections::BTreeMap;
use std::time::Duration;

use identity_client::{Deadline, Timestamp};
use user_table::dynamo::{self, Access, Client, Credentials};
use user_table::{DynamoTable, Nonce, Record, RecordKey, UserTable as _, Written};

use crate::stack::Stack;

const PATIENCE: Duration = Duration::from_secs(30);

/// Every row of a stack's table that has not expired.
pub async fn rows(stack: &Stack) -> BTreeMap<RecordKey, Record> {
    #[expect(clippy::disallowed_methods, reason = "the clock of the product")]
    let now = Timestamp::now();
    let (client, name) = (client(stack), stack.ready("/table/name"));
    let table = DynamoTable::new(client.clone(), name);
    let scan = client.scan().table_name(name).consistent_read(true).into_paginator().items();
    let items = scan.send().collect::<Result<Vec<_>, _>>().await.expect("a scan of the table");
    let mut rows = BTreeMap::new();
    for item in items {
        let id = item.get("id").and_then(|id| id.as_s().ok()).expect("a row's key");
        let key: RecordKey = id.parse().expect("a key that this version knows");
        let stored = table.read(&key, &Deadline::new(now, PATIENCE)).await.expect("a row");
        rows.insert(key, stored.record);
    }
    rows
}

/// Changes the record of a user behind the product's back.
pub async fn change(stack: &Stack, subject: &str, change: impl FnOnce(&mut Record)) {
    #[expect(clippy::disallowed_methods, reason = "the clock of the product")]
    let deadline = Deadline::new(Timestamp::now(), PATIENCE);
    let table = DynamoTable::new(client(stack), stack.ready("/table/name"));
    let issuer = stack.ready("/issuer").parse().expect("an issuer");
    let key = RecordKey::user(issuer, subject.parse().expect("a subject"));
    let mut stored = table.read(&key, &deadline).await.expect("a row");
    change(&mut stored.record);
    let revision = Nonce::from_bits(u128::MAX);
    let written = table.write(&key, stored.revision, &stored.record, revision, &deadline).await;
    assert_eq!(written.expect("a write"), Written::Done);
}

fn client(stack: &Stack) -> Client {
    let access = Access {
        region: "local".to_owned(),
        credentials: Credentials::new("local", "local", None, None, "local"),
        endpoint_url: Some(stack.ready("/table/endpoint").to_owned()),
    };
    dynamo::client(access, identity_client::http_client(None).expect("an HTTP client"))
}
