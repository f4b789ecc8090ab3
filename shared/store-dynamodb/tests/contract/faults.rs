//! `DynamoTable` when the network, the service or the account is in trouble.

use std::error::Error;
use std::fmt::Write;
use std::iter::{repeat_n, successors};
use std::time::Duration;

use acs_broker_store_dynamodb::{
    DynamoTable, EpochSeconds, Nonce, Record, RecordKey, TableError, UserTable, Written,
};
use identity_client::{Deadline, Timestamp};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::dynamo::{client_at, new_table_at};
use crate::dynoxide::new_database;
use crate::endpoint::{Endpoint, Reply};

const SUBJECT: &str = "alice@example.com";
/// The client makes no more attempts than these.
const ATTEMPTS: usize = 3;

#[tokio::test]
async fn a_write_that_took_effect_is_done_although_its_answer_was_lost() {
    let database = new_database().await;
    let table = new_table_at(&database, "users").await;
    for (expected, revision) in [(None, 1), (Some(1), 2)] {
        let script = [Reply::PassOnAndHangUp, Reply::PassOn];
        let endpoint = Endpoint::before(&database, script).await;
        let written = write(&table_at(&endpoint.url), expected, revision).await;
        assert_eq!(written.unwrap(), Written::Done);
        assert_eq!(endpoint.left(), 0);
        let held = table.read(&alice(), &soon()).await.unwrap();
        assert_eq!(held.revision, Some(Nonce::from_bits(revision)));
    }
}

#[tokio::test]
async fn a_read_whose_answer_breaks_off_is_repeated() {
    let database = new_database().await;
    let table = new_table_at(&database, "users").await;
    write(&table, None, 1).await.unwrap();
    let endpoint = Endpoint::before(&database, [Reply::CutShort, Reply::PassOn]).await;
    let held = table_at(&endpoint.url).read(&alice(), &soon()).await.unwrap();
    assert_eq!(held.revision, Some(Nonce::from_bits(1)));
}

#[tokio::test]
async fn an_attempt_that_stalls_gives_way_to_the_next() {
    let script = [Reply::Stall, Reply::Answer(200, "{}".to_owned())];
    let endpoint = Endpoint::scripted(script).await;
    assert_eq!(write(&table_at(&endpoint.url), None, 1).await.unwrap(), Written::Done);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_nobody_answers_ends_at_its_deadline() {
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
    assert!(table.read_with_everybody(&alice(), &deadline).await.unwrap_err().is_transient());
    assert_eq!(started.elapsed(), 3 * budget);
    let deadline = Deadline::new(Timestamp::UNIX_EPOCH, budget);
    assert!(table.list(None, 1, &deadline).await.unwrap_err().is_transient());
    assert_eq!(started.elapsed(), 4 * budget);
    let deadline = Deadline::new(Timestamp::UNIX_EPOCH, budget);
    let nothing = Record::default();
    let written = table.write(&alice(), None, &nothing, Nonce::from_bits(1), &deadline).await;
    assert!(written.unwrap_err().is_transient());
    assert_eq!(started.elapsed(), 5 * budget);
}

#[tokio::test]
async fn a_table_over_its_capacity_throttles() {
    for code in
        ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"]
    {
        let error = failure(400, &refusal(code), ATTEMPTS).await;
        assert!(error.is_throttled() && error.is_transient(), "{code}: {error:?}");
    }
}

#[tokio::test]
async fn a_service_in_trouble_is_asked_three_times() {
    let html = "<html><body>503 Service Unavailable</body></html>";
    for (status, body) in
        [(500, refusal("InternalServerError")), (503, html.to_owned()), (502, String::new())]
    {
        let error = failure(status, &body, ATTEMPTS).await;
        assert!(error.is_transient() && !error.is_throttled(), "{status}: {error:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_dynamodbs_is_no_answer() {
    let error = failure(200, "<html>welcome to the hotel</html>", 1).await;
    assert!(error.is_transient(), "{error:?}");
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let error = failure(200, &" ".repeat(2 * 1024 * 1024 + 1), 1).await;
    assert!(chain(&error).contains("longer than 2097152 bytes"), "{error:?}");
    assert!(error.is_transient(), "{error:?}");
}

#[tokio::test]
async fn a_refusal_is_final() {
    for code in ["AccessDeniedException", "ResourceNotFoundException", "ValidationException"] {
        let error = failure(400, &refusal(code), 1).await;
        assert!(!error.is_transient() && !error.is_corrupt(), "{code}: {error:?}");
        assert!(chain(&error).contains(code), "the operator must see {code}: {error:?}");
    }
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_a_passing_trouble() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = write(&table_at(&format!("http://{free}")), None, 1).await.unwrap_err();
    assert!(error.is_transient() && !error.is_throttled(), "{error:?}");
    assert!(chain(&error).contains("refused"), "the operator must see why: {error:?}");
}

#[tokio::test]
async fn due_reads_page_after_page_and_leaves_out_keys_of_newer_versions() {
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
async fn failure(status: u16, body: &str, times: usize) -> TableError {
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
fn chain(error: &TableError) -> String {
    let mut text = format!("{error:?}");
    for cause in successors(Some(error as &dyn Error), |error| (*error).source()) {
        write!(text, ": {cause}").unwrap();
    }
    text
}

async fn write(
    table: &DynamoTable,
    expected: Option<u128>,
    revision: u128,
) -> Result<Written, TableError> {
    let record = Record { sign_in_not_before: Some(EpochSeconds(1)), ..Record::default() };
    let expected = expected.map(Nonce::from_bits);
    table.write(&alice(), expected, &record, Nonce::from_bits(revision), &soon()).await
}

fn table_at(url: &str) -> DynamoTable {
    DynamoTable::new(client_at(url), "users")
}

fn alice() -> RecordKey {
    RecordKey::user("https://idp.example".parse().unwrap(), SUBJECT.parse().unwrap())
}

fn soon() -> Deadline {
    Deadline::new(Timestamp::UNIX_EPOCH, Duration::from_secs(30))
}
