//! The error of every operation: what failed, why, and what a caller can do about it.

pub(crate) mod cause;
pub(crate) mod error_response;
pub(crate) mod retry_after;

use std::error;
use std::fmt;
use std::time::Duration;

use self::cause::{Cause, ErrorKind, NotSentError};
use self::error_response::ErrorResponse;
use crate::models::operation::Operation;

/// Why an operation failed. The predicates say what to do about it.
///
/// Exactly one of the predicates is true, apart from [`Error::is_ambiguous`] and
/// [`Error::is_outage`], which are questions of their own. `Display` says what failed, [`source`](error::Error::source) why; neither shows an
/// identity, a token, an address or a key.
#[derive(Debug)]
pub struct Error(Box<Failure>);

#[derive(Debug)]
struct Failure {
    operation: Operation,
    cause: Cause,
    is_ambiguous: bool,
}

impl Error {
    pub(crate) fn new(operation: Operation, cause: Cause) -> Self {
        let is_ambiguous = cause.is_ambiguous();
        Self(Box::new(Failure { operation, cause, is_ambiguous }))
    }

    /// Returns the same error, after an attempt that was or was not ambiguous: a clear response to
    /// the last attempt does not show what an earlier one has done.
    pub(crate) fn after_attempt(mut self, is_ambiguous: bool) -> Self {
        self.0.is_ambiguous |= is_ambiguous;
        self
    }

    pub(crate) fn operation(&self) -> Operation {
        self.0.operation
    }

    pub(crate) fn cause(&self) -> &Cause {
        &self.0.cause
    }

    fn kind(&self) -> ErrorKind {
        match self.0.cause.kind() {
            // A creation names no identity that could be missing.
            ErrorKind::NoSuchIdentity if !self.0.operation.has_identity() => ErrorKind::Rejected,
            kind => kind,
        }
    }

    fn response(&self) -> Option<&ErrorResponse> {
        match &self.0.cause {
            Cause::Response(response) => Some(response),
            _ => None,
        }
    }

    /// Returns whether ACS asks for fewer requests; it did nothing. [`Error::retry_after`] may say
    /// when to try again.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        self.kind() == ErrorKind::Throttled
    }

    /// Returns whether the identity belongs to another resource (401 `IdentityNotOwned`): most
    /// likely the connection string is that of the wrong resource.
    #[must_use]
    pub fn is_not_owned(&self) -> bool {
        self.kind() == ErrorKind::NotOwned
    }

    /// Returns whether ACS reports that there is no such identity (any more). For a deletion that
    /// is as good as success.
    #[must_use]
    pub fn is_no_such_identity(&self) -> bool {
        self.kind() == ErrorKind::NoSuchIdentity
    }

    /// Returns whether ACS does not accept the credential: the key or the clock is wrong, or the
    /// key has not the right to do this.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        self.kind() == ErrorKind::Unauthorized
    }

    /// Returns whether there was no usable response: no connection, a deadline, a 408 or 5xx, a
    /// response that cannot be read.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        self.kind() == ErrorKind::Unavailable
    }

    /// Returns whether ACS refused the request as it is (any other status), or this crate did
    /// before sending it.
    #[must_use]
    pub fn is_rejected(&self) -> bool {
        self.kind() == ErrorKind::Rejected
    }

    /// Returns whether the operation may have happened all the same, in the last attempt or in one
    /// before.
    #[must_use]
    pub fn is_ambiguous(&self) -> bool {
        self.0.is_ambiguous
    }

    /// Returns whether the request was not sent, because ACS is out of service: the last attempts
    /// of several calls had no usable response. [`Error::retry_after`] says when it is asked again.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(self.0.cause, Cause::NotSent(NotSentError::Outage { .. }))
    }

    /// Returns how long ACS asked to wait, at most a day; during an outage, when the client asks
    /// ACS again.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match &self.0.cause {
            Cause::NotSent(NotSentError::Outage { retry_after }) => Some(*retry_after),
            _ => self.response()?.retry_after(),
        }
    }

    /// Returns the HTTP status of the error response, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        Some(self.response()?.status().as_u16())
    }

    /// Returns ACS's own error code, for the operator.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.response()?.code()
    }

    /// Returns ACS's own message, for the operator.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.response()?.message()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.kind() {
            ErrorKind::Throttled => "too many requests",
            ErrorKind::NotOwned => "the identity belongs to another resource",
            ErrorKind::NoSuchIdentity => "there is no such identity",
            ErrorKind::Unauthorized => "the credential was not accepted",
            ErrorKind::Unavailable => "there was no usable response",
            ErrorKind::Rejected => "the request was refused",
        };
        write!(f, "could not {}: {why}", self.0.operation)
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(match &self.0.cause {
            Cause::Response(response) => response,
            Cause::Transport(error) => error,
            Cause::Unreadable(error) => error,
            Cause::NotSent(error) => error,
        })
    }
}

#[cfg(test)]
mod tests;
