//! Tests of records as lines.

use insta::assert_snapshot;

use super::*;
use crate::testing::{now, second};

fn alice() -> RecordKey {
    RecordKey::user("https://idp.example".parse().unwrap(), "alice".parse().unwrap())
}

fn full() -> Record {
    let id = UniqueId::from_bits(7);
    let pending = PendingOperation {
        retry_at: now(),
        attempt: Attempt { began_at: now(), failed: true },
        ..PendingOperation::accept(PendingKind::Revoke, id, now())
    };
    let bound = BoundIdentity::new("8:acs:a_b".parse().unwrap(), EpochSeconds(100));
    Record {
        identity: IdentityState::Bound(BoundIdentity { pending: Some(pending), ..bound }),
        sessions_valid_after: Some(now().into()),
        suspension: Some(Suspension {
            by: SuspendedBy::IdentityProvider,
            lifted: false,
            decided_at: second(-5),
        }),
        unconfirmed_identities: 2,
        ..Record::default()
    }
}

fn text(key: &RecordKey, record: &Record) -> String {
    serde_json::to_string(&RecordLine::of(key, record)).unwrap()
}

fn read(text: &str) -> Result<(RecordKey, Record), RecordLineError> {
    RecordLine::parse(text.as_bytes())?.into_row(UniqueId::from_bits(7))
}

/// A user who is carried over keeps bans, cutoffs and operations that are under way.
#[test]
fn line_reads_back_as_row() {
    let orphan: IdentityId = "8:acs:a_c".parse().unwrap();
    let deletion = PendingOperation {
        retry_at: now(),
        attempt: Attempt { began_at: now(), failed: true },
        ..PendingOperation::accept(PendingKind::Delete, UniqueId::from_bits(7), now())
    };
    let orphaned = BoundIdentity {
        pending: Some(deletion),
        ..BoundIdentity::new(orphan.clone(), now().into())
    };
    let cutoff = Some(EpochSeconds(5));
    let tombstone = Record {
        sessions_valid_after: cutoff,
        expires_at: Some(EpochSeconds(9)),
        ..Record::default()
    };
    for (key, record) in [
        (alice(), full()),
        (alice(), tombstone),
        (
            RecordKey::Orphan(orphan.clone()),
            Record { identity: IdentityState::Bound(orphaned), ..Record::default() },
        ),
        (RecordKey::Orphan(orphan), Record::default()),
        (RecordKey::AllUsers, Record { sessions_valid_after: cutoff, ..Record::default() }),
    ] {
        let line = text(&key, &record);
        assert_eq!(read(&line).unwrap(), (key, record), "{line}");
    }
}

/// The members have the API's words, and absent ones are left out.
#[test]
fn line_speaks_the_words_of_the_api() {
    assert_snapshot!(text(&alice(), &full()), @r#"{"type":"user","issuer":"https://idp.example","subject":"alice","identity":{"id":"8:acs:a_b","signIn":"1970-01-01T00:01:40Z","pending":{"operation":"revoke","acceptedAt":"2026-11-23T12:00:00Z"}},"sessionsValidAfter":"2026-11-23T12:00:00Z","suspension":{"by":"identityProvider","at":"2026-11-23T11:59:55Z","lifted":false},"unconfirmedIdentities":2}"#);
}

/// A line that says more or less than a record is refused with the member's name.
#[test]
fn wrong_line_is_refused() {
    for (line, rule) in [
        ("{}", "is not a record: missing field `type`, at column 2"),
        (r#"{"type":"user","subject":"alice"}"#, "issuer: is missing"),
        (r#"{"type":"orphan"}"#, "identity: is missing"),
        (r#"{"type":"user","subject":7}"#, "is not a record: invalid type, at column 26"),
        (
            r#"{"type":"allUsers","banned":true}"#,
            "is not a record: unknown field `banned`, at column 27",
        ),
        (r#"{"type":"user","issuer":"a b","subject":"alice"}"#, "issuer: must be"),
        (
            r#"{"type":"user","issuer":"i","subject":"s","identity":{"id":"x","signIn":"2026-11-23T12:00:00Z"}}"#,
            "identity: an identity id is",
        ),
        (
            r#"{"type":"user","issuer":"i","subject":"s","creatingUntil":"2026-11-23T12:00:00Z"}"#,
            "the identity was being created",
        ),
    ] {
        let error = read(line).unwrap_err().to_string();
        assert!(error.starts_with(rule), "{line}: {error}");
    }
}
