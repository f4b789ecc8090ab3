//! What can stop an operation, and what kind of failure that is.

use std::error::Error;
use std::time::Duration;

use crate::error::error_response::ErrorResponse;
use crate::models::unreadable_response::UnreadableResponseError;
use crate::transport::TransportError;

/// What stopped an operation.
#[derive(Debug)]
pub(crate) enum Cause {
    /// ACS, or a front door before it, responded with an error, or with a success that is not this
    /// operation's own: a page with status 200 has revoked nothing.
    Response(ErrorResponse),
    /// There was no response.
    Transport(TransportError),
    /// There was a successful response that cannot be read.
    Unreadable(UnreadableResponseError),
    /// This crate sent no request.
    NotSent(NotSentError),
}

/// Why this crate sent no request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotSentError {
    #[error("a token needs at least one scope")]
    NoScopes,
    #[error("before API version 2022-10-01 every token lives 1440 minutes")]
    NoLifetimes,
    #[error("the deadline has passed")]
    DeadlinePassed,
    #[error("ACS is out of service: one request a second asks whether it is back")]
    Outage { retry_after: Duration },
    #[error("the request cannot be written")]
    Unwritable(#[source] Box<dyn Error + Send + Sync>),
}

/// The kinds of failure that a caller can tell apart.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum ErrorKind {
    Throttled,
    NotOwned,
    NoSuchIdentity,
    Unauthorized,
    Unavailable,
    Rejected,
}

impl Cause {
    /// Returns the kind of the failure.
    pub(crate) fn kind(&self) -> ErrorKind {
        let response = match self {
            Self::Response(response) => response,
            Self::NotSent(NotSentError::DeadlinePassed | NotSentError::Outage { .. })
            | Self::Transport(_)
            | Self::Unreadable(_) => return ErrorKind::Unavailable,
            Self::NotSent(_) => return ErrorKind::Rejected,
        };
        match response.status().as_u16() {
            429 => ErrorKind::Throttled,
            200..=299 | 408 | 500..=599 => ErrorKind::Unavailable,
            _ if response.is_not_owned() => ErrorKind::NotOwned,
            _ if response.is_no_such_identity() => ErrorKind::NoSuchIdentity,
            401 | 403 => ErrorKind::Unauthorized,
            _ => ErrorKind::Rejected,
        }
    }

    /// Returns whether the operation may have happened all the same.
    pub(crate) fn is_ambiguous(&self) -> bool {
        match self {
            Self::Response(response) => {
                matches!(response.status().as_u16(), 200..=299 | 408 | 500..=599)
            }
            Self::Transport(error) => !error.is_not_sent(),
            Self::Unreadable(_) => true,
            Self::NotSent(_) => false,
        }
    }
}
