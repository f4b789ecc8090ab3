//! The kinds of error, and what their texts show.

use std::error::Error as _;

use bytes::Bytes;
use http::{Response, StatusCode};
use jiff::Timestamp;

use super::*;
use crate::error::cause::NotSentError;
use crate::transport::TransportError;

fn error_of(operation: Operation, status: u16, body: &'static str) -> Error {
    let mut response = Response::new(Bytes::from_static(body.as_bytes()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    let response = ErrorResponse::new(&response, Timestamp::UNIX_EPOCH);
    Error::new(operation, Cause::Response(response))
}

fn deletion_error(status: u16, body: &'static str) -> Error {
    error_of(Operation::DeleteUser, status, body)
}

/// The names of the predicates that are true.
fn predicates(error: &Error) -> String {
    [
        ("throttled", error.is_throttled()),
        ("not owned", error.is_not_owned()),
        ("no such identity", error.is_no_such_identity()),
        ("unauthorized", error.is_unauthorized()),
        ("unavailable", error.is_unavailable()),
        ("rejected", error.is_rejected()),
        ("ambiguous", error.is_ambiguous()),
    ]
    .map(|(name, is)| if is { name } else { "" })
    .into_iter()
    .filter(|name| !name.is_empty())
    .collect::<Vec<_>>()
    .join(", ")
}

/// Every response of error is of exactly one kind.
#[test]
fn every_response_has_one_kind() {
    let not_owned = r#"{"error":{"code":"IdentityNotOwned","message":"Not your identity."}}"#;
    let no_such = r#"{"error":{"code":"X","message":"Provided identity doesn't exist."}}"#;
    let version = r#"{"error":{"code":"UnsupportedApiVersion","message":"…"}}"#;
    let page = "<!DOCTYPE html><h2>Our services aren't available right now</h2>";
    for (status, body, kind) in [
        (302, "", "rejected"),
        (400, "", "rejected"),
        (400, no_such, "no such identity"),
        (400, version, "rejected"),
        (400, r#"{"error":{"code":"IdentityNotFound"}}"#, "no such identity"),
        (401, "", "unauthorized"),
        (401, not_owned, "not owned"),
        (401, no_such, "no such identity"),
        (403, "", "unauthorized"),
        (403, not_owned, "unauthorized"),
        (404, "", "rejected"),
        (404, "{}", "rejected"),
        (404, r#"{"error":{"code":"ResourceNotFound"}}"#, "rejected"),
        (404, no_such, "no such identity"),
        (404, version, "rejected"),
        (404, page, "rejected"),
        (408, "", "unavailable, ambiguous"),
        (409, "", "rejected"),
        (429, "", "throttled"),
        (500, "{}", "unavailable, ambiguous"),
        (500, no_such, "unavailable, ambiguous"),
        (501, "", "unavailable, ambiguous"),
        (503, page, "unavailable, ambiguous"),
    ] {
        let error = deletion_error(status, body);
        assert_eq!(predicates(&error), kind, "{status} {body}");
        assert_eq!(error.status(), Some(status));
    }
}

/// A creation is never about an identity that does not exist.
#[test]
fn creation_has_no_missing_identity() {
    for operation in [Operation::CreateUser, Operation::CreateUserWithToken] {
        let error = error_of(operation, 404, r#"{"error":{"code":"IdentityNotFound"}}"#);
        assert_eq!(predicates(&error), "rejected");
    }
}

/// An identity that ACS quotes does not reach a log.
#[test]
fn quoted_identities_are_removed() {
    let body = r#"{"error":{"code":"X","message":"No 8:acs:1-2_3-4, nor 8:acs:5_6."}}"#;
    let error = deletion_error(400, body);
    assert_eq!(error.message(), Some("No 8:acs:…, nor 8:acs:…."));
}

/// Without a response, only a request that was not sent is unambiguous.
#[test]
fn only_unsent_requests_are_unambiguous() {
    for (cause, kind) in [
        (Cause::Transport(TransportError::not_sent("refused")), "unavailable"),
        (Cause::Transport(TransportError::interrupted("reset")), "unavailable, ambiguous"),
        (Cause::Transport(TransportError::too_large(1)), "unavailable, ambiguous"),
        (Cause::NotSent(NotSentError::DeadlinePassed), "unavailable"),
        (Cause::NotSent(NotSentError::NoScopes), "rejected"),
    ] {
        let error = Error::new(Operation::IssueToken, cause);
        assert_eq!(predicates(&error), kind, "{error:?}");
        assert_eq!((error.status(), error.code(), error.retry_after()), (None, None, None));
    }
}

/// `Display` says what failed and the source why.
#[test]
fn source_explains_display() {
    let error = deletion_error(
        401,
        r#"{"error":{"code":"Denied","message":"Denied by the resource provider."}}"#,
    );
    assert_eq!(error.to_string(), "could not delete a user: the credential was not accepted");
    assert_eq!(
        error.source().unwrap().to_string(),
        "the response was 401 Denied: Denied by the resource provider."
    );
    let error = Error::new(
        Operation::CreateUser,
        Cause::Transport(TransportError::interrupted("connection reset")),
    );
    assert_eq!(error.to_string(), "could not create a user: there was no usable response");
    let why = error.source().unwrap();
    assert_eq!(why.to_string(), "the exchange broke off before the response was complete");
    assert_eq!(why.source().unwrap().to_string(), "connection reset");
}

/// An error is as large as a pointer.
#[test]
fn error_is_pointer_sized() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}
