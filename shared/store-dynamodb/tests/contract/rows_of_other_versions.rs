//! Rows as other versions wrote them. A change of the row adds a file to `fixtures/` and changes none
//! that is there; those under `first_version/` have the attribute names of the first version.

use std::time::Duration;

use acs_broker_core::{
    Attempt, BoundIdentity, EpochSeconds, IdentityState, Lease, PendingKind, PendingOperation,
    Record, RecordKey, StoreError, Stored, SuspendedBy, Suspension, UniqueId, UserSnapshot,
    UserStore,
};
use identity_client::Deadline;
use jiff::Timestamp;

use crate::dynamo::store_at;
use crate::endpoint::{Endpoint, Reply};

/// A bound identity of the first version and of this one reads as the same record.
#[tokio::test]
async fn bound_identity_reads_in_both() {
    let record = Record {
        identity: IdentityState::Bound(BoundIdentity {
            id: identity(),
            sign_in: EpochSeconds(1_500_000_001),
            not_found_since: Some(at_ms(1_700_000_000_005)),
            pending: Some(PendingOperation {
                kind: PendingKind::Delete,
                id: UniqueId::from_bits(3),
                accepted_at: at_ms(1_700_000_000_003),
                retry_at: at_ms(1_800_000_000_004),
                attempt: Attempt::begin(at_ms(1_700_000_000_003)),
            }),
        }),
        sessions_valid_after: Some(EpochSeconds(1_500_000_000)),
        suspension: Some(Suspension {
            by: SuspendedBy::IdentityProvider,
            lifted: false,
            decided_at: at_ms(1_700_000_000_006),
        }),
        unconfirmed_identities: 3,
        creation_pause: None,
        expires_at: None,
    };
    let expected = Stored { record, revision: Some(UniqueId::from_bits(1)) };
    let first = include_str!("fixtures/first_version/bound.json");
    for row in [first, include_str!("fixtures/bound.json")] {
        assert_eq!(read(row).await.unwrap(), expected);
    }
}

/// A lease of the first version and of this one reads as the same record.
#[tokio::test]
async fn lease_reads_in_both() {
    let record = Record {
        identity: IdentityState::Creating(Lease {
            id: UniqueId::from_bits(2),
            expires_at: at_ms(1_600_000_000_002),
            sign_in: EpochSeconds(1_500_000_002),
            cancelled: true,
        }),
        sessions_valid_after: Some(EpochSeconds(1_500_000_000)),
        unconfirmed_identities: 1,
        ..Record::default()
    };
    let expected = Stored { record, revision: Some(UniqueId::from_bits(1)) };
    let first = include_str!("fixtures/first_version/creating.json");
    for row in [first, include_str!("fixtures/creating.json")] {
        assert_eq!(read(row).await.unwrap(), expected);
    }
}

/// The cutoff of all users that the first version wrote still ends their sessions.
#[tokio::test]
async fn global_cutoff_of_first_version_counts() {
    let row = include_str!("fixtures/first_version/all_users.json");
    let reply = format!(r#"{{"Responses":{{"users":[{row}]}}}}"#);
    let endpoint = Endpoint::scripted([Reply::Answer(200, reply)]).await;
    let store = store_at(&endpoint.url);
    let snapshot = store.read_snapshot(&alice(), &soon()).await.unwrap();
    let global_cutoff = Some(EpochSeconds(1_500_000_000));
    assert_eq!(snapshot, UserSnapshot { global_cutoff, ..UserSnapshot::default() });
}

/// A suspension from before suspensions named who decided is an operator's.
#[tokio::test]
async fn suspension_without_decider_is_operators() {
    let row = include_str!("fixtures/first_version/suspended_without_decider.json");
    let record = read(row).await.unwrap().record;
    let by = SuspendedBy::Operator;
    assert_eq!(record.suspension, Some(Suspension { by, lifted: false, decided_at: at_ms(0) }));
    assert!(record.is_suspended());
}

/// A lifted suspension is remembered, or an older event brings it back.
#[tokio::test]
async fn lifted_suspension_is_remembered() {
    let row = include_str!("fixtures/first_version/lifted.json");
    let record = read(row).await.unwrap().record;
    let decided_at = at_ms(1_700_000_000_006);
    let lifted = Suspension { by: SuspendedBy::Operator, lifted: true, decided_at };
    assert_eq!(record.suspension, Some(lifted));
}

/// A row without the later attributes reads with their defaults.
#[tokio::test]
async fn missing_attributes_have_defaults() {
    let row = include_str!("fixtures/first_version/fewest_attributes.json");
    let stored = read(row).await.unwrap();
    let pending = Some(PendingOperation {
        kind: PendingKind::Revoke,
        id: UniqueId::from_bits(0),
        accepted_at: at_ms(1_700_000_000_000),
        retry_at: at_ms(1_700_000_060_000),
        attempt: Attempt::begin(at_ms(1_700_000_000_000)),
    });
    let bound = BoundIdentity { pending, ..BoundIdentity::new(identity(), EpochSeconds(0)) };
    let record = Record { identity: IdentityState::Bound(bound), ..Record::default() };
    assert_eq!(stored, Stored { record, revision: Some(UniqueId::from_bits(1)) });
}

/// A row with attributes of a newer version reads without them.
#[tokio::test]
async fn newer_attributes_are_ignored() {
    let stored = read(include_str!("fixtures/newer.json")).await.unwrap();
    let record = Record { sessions_valid_after: Some(EpochSeconds(5)), ..Record::default() };
    assert_eq!(stored, Stored { record, revision: Some(UniqueId::from_bits(1)) });
}

/// A pending operation of an unknown kind is not overlooked.
#[tokio::test]
async fn unknown_pending_kind_is_an_error() {
    let error = read(include_str!("fixtures/newer_pending.json")).await.unwrap_err();
    assert!(error.is_corrupt() && !error.is_transient(), "{error:?}");
}

/// Reads the row that a file of `fixtures/` holds.
async fn read(item: &str) -> Result<Stored, StoreError> {
    let reply = format!(r#"{{"Item":{item}}}"#);
    let endpoint = Endpoint::scripted([Reply::Answer(200, reply)]).await;
    let store = store_at(&endpoint.url);
    store.read(&alice(), &soon()).await
}

fn soon() -> Deadline {
    Deadline::new(Timestamp::UNIX_EPOCH, Duration::from_secs(30))
}

fn alice() -> RecordKey {
    RecordKey::user("https://idp.example".parse().unwrap(), "alice".parse().unwrap())
}

fn identity() -> identity_client::IdentityId {
    "8:acs:11111111-2222-3333-4444-555555555555_0000000a-0b0c".parse().unwrap()
}

fn at_ms(millisecond: i64) -> Timestamp {
    Timestamp::from_millisecond(millisecond).unwrap()
}
