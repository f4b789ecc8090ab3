//! Why an operation of the broker fails.

use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;

use crate::record::SessionRejection;
use crate::store_error::StoreError;

/// Why a user gets no token, or why an operation is not accepted.
///
/// An operation that is accepted never ends in an error of ACS: it is then
/// [deferred](crate::Completion::Deferred).
#[derive(Debug, Error)]
pub enum BrokerError {
    /// The session signed in at or before a cutoff, or so long ago that the cutoff may be forgotten.
    #[error("the session has ended, or is too old")]
    SignInAgain,
    /// The user is suspended.
    #[error("the user is suspended")]
    UserSuspended,
    /// Another request is creating the user's identity and did not finish in time.
    #[error("the user's identity is being created by another request")]
    IdentityBusy,
    /// This process has minted as many tokens for the user within a minute as it may, or revoked
    /// them as often.
    #[error("the user has asked too often within a minute")]
    TooManyRequests {
        /// When the user may ask again.
        retry_after: Duration,
    },
    /// The initiator may not ask for this operation: a mistake in the code that calls.
    #[error("the initiator may not ask for this operation")]
    NotPermitted,
    /// ACS issued a token that is over already: one of the two clocks is wrong.
    #[error("ACS issued a token that expired at {expires_on}; the clock here says {now}")]
    TokenExpired {
        /// When the token expired, by ACS's clock.
        expires_on: Timestamp,
        /// The present, by this process's clock.
        now: Timestamp,
    },
    /// The last attempt at ACS for this user failed a moment ago, or its outcome is unknown. The
    /// next one must wait.
    #[error("the next attempt at ACS for this user begins in {} ms", retry_after.as_millis())]
    Paused {
        /// When to come back.
        retry_after: Duration,
        /// The failure, where this very request made the attempt.
        source: Option<identity_client::Error>,
    },
    /// ACS failed or refused.
    #[error("ACS did not carry out the request")]
    Acs(#[source] identity_client::Error),
    /// The store failed. What was accepted before is in the record.
    #[error("the user table did not carry out the call")]
    Store(#[source] StoreError),
}

impl BrokerError {
    /// Returns whether ACS has told this very request that the user's identity does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        match self {
            Self::Acs(error) | Self::Paused { source: Some(error), .. } => {
                error.is_no_such_identity()
            }
            _ => false,
        }
    }
}

impl From<identity_client::Error> for BrokerError {
    fn from(source: identity_client::Error) -> Self {
        Self::Acs(source)
    }
}

impl From<StoreError> for BrokerError {
    fn from(source: StoreError) -> Self {
        Self::Store(source)
    }
}

impl From<SessionRejection> for BrokerError {
    fn from(rejection: SessionRejection) -> Self {
        match rejection {
            SessionRejection::SignInAgain => Self::SignInAgain,
            SessionRejection::Suspended => Self::UserSuspended,
        }
    }
}
