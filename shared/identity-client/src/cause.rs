//! What can stop an operation, and what kind of failure that is.

use std::error::Error;

use crate::{TransportError, answer::Unreadable, error_answer::ErrorAnswer};

/// What stopped an operation.
#[derive(Debug)]
pub(crate) enum Cause {
    /// ACS, or whatever stands before it, answered with an error, or with a success that is not this
    /// operation's own: a page that says 200 has revoked nothing.
    Answer(ErrorAnswer),
    /// There was no answer.
    Transport(TransportError),
    /// There was an answer of success that cannot be read.
    Unreadable(Unreadable),
    /// We did not ask.
    NotAsked(NotAsked),
}

/// Why nothing was sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotAsked {
    #[error("a token needs at least one scope")]
    NoScopes,
    #[error("before API version 2022-10-01 every token lives 1440 minutes")]
    NoLifetimes,
    #[error("the deadline has passed")]
    DeadlinePassed,
    #[error("the request cannot be written")]
    Unwritable(#[source] Box<dyn Error + Send + Sync>),
}

/// What a caller can tell apart.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Kind {
    Throttled,
    NotOwned,
    NoSuchIdentity,
    Unauthorized,
    Unavailable,
    Rejected,
}

impl Cause {
    pub(crate) fn kind(&self) -> Kind {
        let answer = match self {
            Self::Answer(answer) => answer,
            Self::NotAsked(NotAsked::DeadlinePassed) | Self::Transport(_) | Self::Unreadable(_) => {
                return Kind::Unavailable;
            }
            Self::NotAsked(_) => return Kind::Rejected,
        };
        match answer.status().as_u16() {
            429 => Kind::Throttled,
            200..=299 | 408 | 500..=599 => Kind::Unavailable,
            _ if answer.says_not_owned() => Kind::NotOwned,
            _ if answer.says_no_such_identity() => Kind::NoSuchIdentity,
            401 | 403 => Kind::Unauthorized,
            _ => Kind::Rejected,
        }
    }

    /// Whether what was asked for may have been done all the same.
    pub(crate) fn is_ambiguous(&self) -> bool {
        match self {
            Self::Answer(answer) => matches!(answer.status().as_u16(), 200..=299 | 408 | 500..=599),
            Self::Transport(error) => !error.is_not_sent(),
            Self::Unreadable(_) => true,
            Self::NotAsked(_) => false,
        }
    }
}
