//! Why an operation failed.

use std::{error, fmt, time::Duration};

use crate::{
    cause::{Cause, Kind},
    error_answer::ErrorAnswer,
    operation::Operation,
};

/// Why an operation failed: ask the predicates what to do about it.
///
/// Exactly one of the predicates is true, apart from [`Error::is_ambiguous`], which is a question of its
/// own. `Display` says what failed, [`source`](error::Error::source) why; neither shows an identity, a
/// token, an address or a key.
#[derive(Debug)]
pub struct Error(Box<Failure>);

#[derive(Debug)]
struct Failure {
    operation: Operation,
    cause: Cause,
    ambiguous: bool,
}

impl Error {
    pub(crate) fn new(operation: Operation, cause: Cause) -> Self {
        let ambiguous = cause.is_ambiguous();
        Self(Box::new(Failure { operation, cause, ambiguous }))
    }

    /// The same error, after an attempt that was or was not ambiguous: a clear answer to the last attempt
    /// does not tell what an earlier one has done.
    pub(crate) fn after(mut self, ambiguous: bool) -> Self {
        self.0.ambiguous |= ambiguous;
        self
    }

    pub(crate) fn operation(&self) -> Operation {
        self.0.operation
    }

    pub(crate) fn cause(&self) -> &Cause {
        &self.0.cause
    }

    fn kind(&self) -> Kind {
        match self.0.cause.kind() {
            Kind::NoSuchIdentity if !self.0.operation.is_about_an_identity() => Kind::Rejected,
            kind => kind,
        }
    }

    fn answer(&self) -> Option<&ErrorAnswer> {
        match &self.0.cause {
            Cause::Answer(answer) => Some(answer),
            _ => None,
        }
    }

    /// ACS asks for fewer requests; nothing was done. [`Error::retry_after`] may say when to come back.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        self.kind() == Kind::Throttled
    }

    /// The identity belongs to another resource (401 `IdentityNotOwned`): most likely the connection
    /// string is that of the wrong resource.
    #[must_use]
    pub fn is_not_owned(&self) -> bool {
        self.kind() == Kind::NotOwned
    }

    /// ACS says that there is no such identity (any more). For a deletion that is as good as success.
    #[must_use]
    pub fn is_no_such_identity(&self) -> bool {
        self.kind() == Kind::NoSuchIdentity
    }

    /// ACS does not accept our credential: the key or the clock is wrong, or it may not do this.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        self.kind() == Kind::Unauthorized
    }

    /// There was no usable answer: no connection, a deadline, a 408 or 5xx, an answer that cannot be read.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        self.kind() == Kind::Unavailable
    }

    /// ACS refuses the request as it is (any other status), or this crate did before sending it.
    #[must_use]
    pub fn is_rejected(&self) -> bool {
        self.kind() == Kind::Rejected
    }

    /// The operation may or may not have happened, in the last attempt or in one before.
    #[must_use]
    pub fn is_ambiguous(&self) -> bool {
        self.0.ambiguous
    }

    /// How long ACS asked to wait, at most a day.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.answer()?.retry_after()
    }

    /// The HTTP status of the error that was answered.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        Some(self.answer()?.status().as_u16())
    }

    /// ACS's own error code, for the operator.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.answer()?.code()
    }

    /// ACS's own words, for the operator.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.answer()?.message()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.kind() {
            Kind::Throttled => "too many requests",
            Kind::NotOwned => "the identity belongs to another resource",
            Kind::NoSuchIdentity => "there is no such identity",
            Kind::Unauthorized => "the credential was not accepted",
            Kind::Unavailable => "there was no usable answer",
            Kind::Rejected => "the request was refused",
        };
        write!(f, "could not {}: {why}", self.0.operation)
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(match &self.0.cause {
            Cause::Answer(answer) => answer,
            Cause::Transport(error) => error,
            Cause::Unreadable(error) => error,
            Cause::NotAsked(error) => error,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use bytes::Bytes;
    use http::{Response, StatusCode};
    use jiff::Timestamp;

    use super::*;
    use crate::{TransportError, cause::NotAsked};

    fn answered(status: u16, body: &'static str) -> Error {
        let mut answer = Response::new(Bytes::from_static(body.as_bytes()));
        *answer.status_mut() = StatusCode::from_u16(status).unwrap();
        let answer = ErrorAnswer::new(&answer, Timestamp::UNIX_EPOCH);
        Error::new(Operation::DeleteUser, Cause::Answer(answer))
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

    #[test]
    fn every_answer_of_error_is_of_one_kind() {
        let not_owned = r#"{"error":{"code":"IdentityNotOwned","message":"Provided identity doesn't belong to the resource."}}"#;
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
            let error = answered(status, body);
            assert_eq!(predicates(&error), kind, "{status} {body}");
            assert_eq!(error.status(), Some(status));
        }
    }

    #[test]
    fn a_create_is_never_about_an_identity_that_does_not_exist() {
        let mut answer =
            Response::new(Bytes::from_static(br#"{"error":{"code":"IdentityNotFound"}}"#));
        *answer.status_mut() = StatusCode::NOT_FOUND;
        for operation in [Operation::CreateUser, Operation::CreateUserWithToken] {
            let answer = ErrorAnswer::new(&answer, Timestamp::UNIX_EPOCH);
            assert_eq!(predicates(&Error::new(operation, Cause::Answer(answer))), "rejected");
        }
    }

    #[test]
    fn an_identity_that_acs_quotes_does_not_reach_a_log() {
        let body = r#"{"error":{"code":"X","message":"No 8:acs:1-2_3-4, nor 8:acs:5_6."}}"#;
        let error = answered(400, body);
        assert_eq!(error.message(), Some("No 8:acs:…, nor 8:acs:…."));
    }

    #[test]
    fn without_an_answer_only_a_request_that_was_not_sent_is_clear() {
        for (cause, kind) in [
            (Cause::Transport(TransportError::not_sent("refused")), "unavailable"),
            (Cause::Transport(TransportError::interrupted("reset")), "unavailable, ambiguous"),
            (Cause::Transport(TransportError::too_large(1)), "unavailable, ambiguous"),
            (Cause::NotAsked(NotAsked::DeadlinePassed), "unavailable"),
            (Cause::NotAsked(NotAsked::NoScopes), "rejected"),
        ] {
            let error = Error::new(Operation::IssueToken, cause);
            assert_eq!(predicates(&error), kind, "{error:?}");
            assert_eq!((error.status(), error.code(), error.retry_after()), (None, None, None));
        }
    }

    #[test]
    fn display_says_what_failed_and_the_source_why() {
        let error = answered(
            401,
            r#"{"error":{"code":"Denied","message":"Denied by the resource provider."}}"#,
        );
        assert_eq!(error.to_string(), "could not delete a user: the credential was not accepted");
        assert_eq!(
            error.source().unwrap().to_string(),
            "the answer was 401 Denied: Denied by the resource provider."
        );
        let error = Error::new(
            Operation::CreateUser,
            Cause::Transport(TransportError::interrupted("connection reset")),
        );
        assert_eq!(error.to_string(), "could not create a user: there was no usable answer");
        let why = error.source().unwrap();
        assert_eq!(why.to_string(), "the exchange broke off before the answer was complete");
        assert_eq!(why.source().unwrap().to_string(), "connection reset");
    }

    #[test]
    fn an_error_is_no_larger_than_a_pointer() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}
