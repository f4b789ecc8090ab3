//! Rows as other versions of this crate wrote them. A change of the row adds a file to `fixtures/`
//! and changes none that is there.

use std::time::Duration;

use acs_broker_store_dynamodb::{
    Authority, Binding, DynamoTable, EpochSeconds, Lease, Nonce, Pending, Record, RecordKey,
    Stored, Suspension, TableError, UserTable, Work,
};
use identity_client::{Deadline, Timestamp};

use crate::dynamo::client_at;
use crate::endpoint::{Endpoint, Reply};

#[tokio::test]
async fn a_row_of_this_version_reads_as_it_was_written() {
    let stored = read(include_str!("fixtures/suspended_by_the_provider.json")).await.unwrap();
    let record = Record {
        binding: Some(Binding { identity: identity(), sign_in: EpochSeconds(1_500_000_001) }),
        sign_in_not_before: Some(EpochSeconds(1_500_000_000)),
        suspension: Some(Suspension {
            by: Authority::Provider,
            lifted: false,
            at: at_ms(1_700_000_000_006),
        }),
        lease: Some(Lease {
            owner: Nonce::from_bits(2),
            until: at_ms(1_600_000_000_002),
            sign_in: EpochSeconds(1_500_000_002),
            void: true,
        }),
        pending: Some(Pending {
            work: Work::Delete,
            owner: Nonce::from_bits(3),
            since: at_ms(1_700_000_000_003),
            retry_at: at_ms(1_800_000_000_004),
        }),
        doubted_since: Some(at_ms(1_700_000_000_005)),
        possibly_lost: 3,
        expires_at: Some(EpochSeconds(4_102_488_000)),
    };
    assert_eq!(stored, Stored { record, revision: Some(Nonce::from_bits(1)) });
}

#[tokio::test]
async fn a_ban_from_before_bans_had_authors_is_an_operators() {
    let record = read(include_str!("fixtures/whole.json")).await.unwrap().record;
    let ban = Suspension { by: Authority::Operator, lifted: false, at: at_ms(0) };
    assert_eq!(record.suspension, Some(ban));
    assert!(record.is_suspended());
}

#[tokio::test]
async fn a_ban_that_was_lifted_is_remembered_as_such() {
    let record = read(include_str!("fixtures/lifted.json")).await.unwrap().record;
    let at = at_ms(1_700_000_000_006);
    let lifted = Suspension { by: Authority::Operator, lifted: true, at };
    assert_eq!(record, Record { suspension: Some(lifted), ..Record::default() });
}

#[tokio::test]
async fn a_row_without_the_later_attributes_reads_with_their_defaults() {
    let stored = read(include_str!("fixtures/fewest_attributes.json")).await.unwrap();
    let record = Record {
        binding: Some(Binding { identity: identity(), sign_in: EpochSeconds(0) }),
        lease: Some(Lease {
            owner: Nonce::from_bits(2),
            until: at_ms(0),
            sign_in: EpochSeconds(0),
            void: false,
        }),
        pending: Some(Pending {
            work: Work::Revoke,
            owner: Nonce::from_bits(0),
            since: at_ms(1_700_000_000_000),
            retry_at: at_ms(1_700_000_060_000),
        }),
        ..Record::default()
    };
    assert_eq!(stored, Stored { record, revision: Some(Nonce::from_bits(1)) });
}

#[tokio::test]
async fn a_row_with_attributes_of_a_newer_version_reads_without_them() {
    let stored = read(include_str!("fixtures/newer.json")).await.unwrap();
    let record = Record { sign_in_not_before: Some(EpochSeconds(5)), ..Record::default() };
    assert_eq!(stored, Stored { record, revision: Some(Nonce::from_bits(1)) });
}

#[tokio::test]
async fn work_of_an_unknown_kind_is_not_overlooked() {
    let error = read(include_str!("fixtures/newer_work.json")).await.unwrap_err();
    assert!(error.is_corrupt() && !error.is_transient(), "{error:?}");
}

/// Reads the row that a file of `fixtures/` holds.
async fn read(item: &str) -> Result<Stored, TableError> {
    let answer = format!(r#"{{"Item":{item}}}"#);
    let endpoint = Endpoint::scripted([Reply::Answer(200, answer)]).await;
    let table = DynamoTable::new(client_at(&endpoint.url), "users");
    let key = RecordKey::user("https://idp.example".parse().unwrap(), "alice".parse().unwrap());
    table.read(&key, &Deadline::new(Timestamp::UNIX_EPOCH, Duration::from_secs(30))).await
}

fn identity() -> identity_client::IdentityId {
    "8:acs:11111111-2222-3333-4444-555555555555_0000000a-0b0c".parse().unwrap()
}

fn at_ms(millisecond: i64) -> Timestamp {
    Timestamp::from_millisecond(millisecond).unwrap()
}
