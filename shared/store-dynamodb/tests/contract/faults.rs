//! `DynamoStore` when the network, the service or the account is in trouble.

use std::error::Error;
use std::fmt::Write;
use std::iter::{repeat_n, successors};
use std::time::Duration;

use acs_broker_core::{
    EpochSeconds, Record, RecordKey, StoreError, UniqueId, UserStore, WriteOutcome,
};
use acs_broker_store_dynamodb::DynamoStore;
use identity_client::{Deadline, Timestamp};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::dynamo::{new_table_at, store_at};
use crate::dynoxide::new_database;
use crate::endpoint::{Endpoint, Reply};

const SUBJECT: &str = "alice@example.com";
/// The client makes no more attempts than these.
const ATTEMPTS: usize = 3;

/// A write that took effect counts, although its reply was lost.
#[tokio::test]
async fn lost_write_reply_is_written() {
    let database = new_database().await;
    let table = new_table_at(&database, "users").await;
    for (expected, revision) in [(None, 1), (Some(1), 2)] {
        let script = [Reply::PassOnAndHangUp, Reply::PassOn];
        let endpoint = Endpoint::before(&database, script).await;
        let written = write(&table_at(&endpoint.url), expected, revision).await;
        assert_eq!(written.unwrap(), WriteOutcome::Written);
        assert_eq!(endpoint.left(), 0);
        let held = table.read(&alice(), &soon()).await.unwrap();
        assert_eq!(held.revision, Some(UniqueId::from_bits(revision)));
    }
}

/// A read whose reply breaks off is repeated.
#[tokio::test]
async fn broken_read_is_repeated() {
    let database = new_database().await;
    let table = new_table_at(&database, "users").await;
    write(&table, None, 1).await.unwrap();
    let endpoint = Endpoint::before(&database, [Reply::CutShort, Reply::PassOn]).await;
    let held = table_at(&endpoint.url).read(&alice(), &soon()).await.unwrap();
    assert_eq!(held.revision, Some(UniqueId::from_bits(1)));
}

/// An attempt that stalls gives way to the next.
#[tokio::test]
async fn stalled_attempt_is_repeated() {
    let script = [Reply::Stall, Reply::Answer(200, "{}".to_owned())];
    let endpoint = Endpoint::scripted(script).await;
    assert_eq!(write(&table_at(&endpoint.url), None, 1).await.unwrap(), WriteOutcome::Written);
}

/// A call without a reply ends at its deadline, or the client waits for nothing.
#[tokio::test(start_paused = true)]
async fn silent_call_ends_at_deadline() {
    let budget = Duration::from_millis(700);
    let endpoint = Endpoint::scripted(repeat_n((), 9).map(|()| Reply::Stall)).await;
    let table = table_at(&endpoint.url);
    let started = Instant::now();

    let deadline = Deadline::new(Timestamp::UNIX_EPOCH, budget);
    assert!(table.read(&alice(), &deadline).await.unwrap_err().is_transient());
    assert_eq!(started.elapsed(), budget);
    let deadline = Deadline::new(Timestamp::UNIX_EPOCH, budget);
    assert!(table.due(1, &deadline).await.unwrap_err().is_transient());
    assert_eq!(started.elapsed(), 2 * budget);
    let deadline = Deadline::new(Timestamp::UNIX_EPOCH, budget);
    assert!(table.read_snapshot(&alice(), &deadline).await.unwrap_err().is_transient());
    assert_eq!(started.elapsed(), 3 * budget);
    let deadline = Deadline::new(Timestamp::UNIX_EPOCH, budget);
    assert!(table.list(None, 1, &deadline).await.unwrap_err().is_transient());
    assert_eq!(started.elapsed(), 4 * budget);
    let deadline = Deadline::new(Timestamp::UNIX_EPOCH, budget);
    let nothing = Record::default();
    let written = table.write(&alice(), None, &nothing, UniqueId::from_bits(1), &deadline).await;
    assert!(written.unwrap_err().is_transient());
    assert_eq!(started.elapsed(), 5 * budget);
}

/// A table over its capacity is told from a broken one.
#[tokio::test]
async fn capacity_errors_are_throttling() {
    for code in [
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "TransactionConflictException",
    ] {
        let error = failure(400, &refusal(code), ATTEMPTS).await;
        assert!(error.is_throttled() && error.is_transient(), "{code}: {error:?}");
    }
}

/// What DynamoDB responds to the first call of a function that was frozen for half an hour.
const EXPIRED: &str = r#"{"__type": "com.amazon.coral.service#InvalidSignatureException",
    "message": "Signature expired: 20261126T130000Z is now earlier than 20261126T133000Z"}"#;

/// The first call after a freeze is signed anew, and the user does not see it.
#[tokio::test]
async fn expired_signature_is_signed_anew() {
    let replies = [Reply::Answer(400, EXPIRED.to_owned()), Reply::Answer(200, "{}".to_owned())];
    let endpoint = Endpoint::scripted(replies).await;
    let deadline = Deadline::new(Timestamp::UNIX_EPOCH, Duration::from_secs(5));
    let stored = table_at(&endpoint.url).read(&alice(), &deadline).await.unwrap();
    assert_eq!((stored.record, endpoint.left()), (Record::default(), 0));
}

/// A clock that is wrong for longer is an outage, and not a missing right.
#[tokio::test]
async fn lasting_expiry_is_unavailable() {
    let error = failure(400, EXPIRED, ATTEMPTS).await;
    assert!(error.is_transient() && !error.is_throttled(), "{error:?}");
}

/// A service in trouble is asked three times.
#[tokio::test]
async fn server_errors_get_three_attempts() {
    let html = "<html><body>503 Service Unavailable</body></html>";
    for (status, body) in
        [(500, refusal("InternalServerError")), (503, html.to_owned()), (502, String::new())]
    {
        let error = failure(status, &body, ATTEMPTS).await;
        assert!(error.is_transient() && !error.is_throttled(), "{status}: {error:?}");
    }
}

/// A reply that is not DynamoDB's, as of a captive portal, is not believed.
#[tokio::test]
async fn foreign_reply_is_unavailable() {
    let error = failure(200, "<html>welcome to the hotel</html>", 1).await;
    assert!(error.is_transient(), "{error:?}");
}

/// A reply without end must not fill the memory.
#[tokio::test]
async fn endless_reply_is_cut_off() {
    let error = failure(200, &" ".repeat(2 * 1024 * 1024 + 1), 1).await;
    assert!(chain(&error).contains("longer than 2097152 bytes"), "{error:?}");
    assert!(error.is_transient(), "{error:?}");
}

/// A refusal is not repeated, and the operator sees its code.
#[tokio::test]
async fn refusal_is_final() {
    for code in ["AccessDeniedException", "ResourceNotFoundException", "ValidationException"] {
        let error = failure(400, &refusal(code), 1).await;
        assert!(!error.is_transient() && !error.is_corrupt(), "{code}: {error:?}");
        assert!(chain(&error).contains(code), "the operator must see {code}: {error:?}");
    }
}

/// An endpoint that does not listen may do so later.
#[tokio::test]
async fn refused_connection_is_transient() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = write(&table_at(&format!("http://{free}")), None, 1).await.unwrap_err();
    assert!(error.is_transient() && !error.is_throttled(), "{error:?}");
    assert!(chain(&error).contains("refused"), "the operator must see why: {error:?}");
}

/// Keys of newer versions do not hold up the sweep.
#[tokio::test]
async fn due_skips_newer_keys() {
    let row = |id: &str| format!(r#"{{"id":{{"S":"{id}"}}}}"#);
    let page = |ids: [&str; 2], rest: &str| {
        Reply::Answer(200, format!(r#"{{"Items":[{},{}]{rest}}}"#, row(ids[0]), row(ids[1])))
    };
    let more = format!(r#","LastEvaluatedKey":{}"#, row("tenant 7"));
    let endpoint = Endpoint::scripted([
        page(["user https://idp.example a", "tenant 7"], &more),
        page(["user https://idp.example b", "user https://idp.example c"], &more),
    ])
    .await;
    let due = table_at(&endpoint.url).due(2, &soon()).await.unwrap();
    let due: Vec<_> = due.iter().map(RecordKey::to_text).collect();
    assert_eq!(due, ["user https://idp.example a", "user https://idp.example b"]);
}

/// The error of a write that is answered like this so many times; it must not name the user.
async fn failure(status: u16, body: &str, times: usize) -> StoreError {
    let script = repeat_n(body, times).map(|body| Reply::Answer(status, body.to_owned()));
    let endpoint = Endpoint::scripted(script).await;
    let error = write(&table_at(&endpoint.url), None, 1).await.unwrap_err();
    assert_eq!(endpoint.left(), 0, "asked less than {times} times: {error:?}");
    assert!(!chain(&error).contains(SUBJECT), "{error:?}");
    error
}

/// What DynamoDB says when it refuses, at its most talkative.
fn refusal(code: &str) -> String {
    let service = "com.amazonaws.dynamodb.v20120810";
    format!(r#"{{"__type":"{service}#{code}","message":"key user https://idp.example {SUBJECT}"}}"#)
}

/// All that a log could show of an error.
fn chain(error: &StoreError) -> String {
    let mut text = format!("{error:?}");
    for cause in successors(Some(error as &dyn Error), |error| (*error).source()) {
        write!(text, ": {cause}").unwrap();
    }
    text
}

async fn write(
    table: &DynamoStore,
    expected: Option<u128>,
    revision: u128,
) -> Result<WriteOutcome, StoreError> {
    let record = Record { sessions_valid_after: Some(EpochSeconds(1)), ..Record::default() };
    let expected = expected.map(UniqueId::from_bits);
    table.write(&alice(), expected, &record, UniqueId::from_bits(revision), &soon()).await
}

fn table_at(url: &str) -> DynamoStore {
    store_at(url)
}

fn alice() -> RecordKey {
    RecordKey::user("https://idp.example".parse().unwrap(), SUBJECT.parse().unwrap())
}

fn soon() -> Deadline {
    Deadline::new(Timestamp::UNIX_EPOCH, Duration::from_secs(30))
}
